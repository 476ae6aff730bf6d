import { CallError } from '../../call/leg.ts';
import * as s from '../../swml/schema.ts';
import { problem } from '../http/errors.ts';
import { defineCommand } from './command.ts';

/** spec/rest.md 2.4 */
export const denoise = defineCommand({
  name: 'calling.denoise',
  summary: 'Takes noise out of what the party says.',
  params: s.object({}, { description: 'Parameters of `calling.denoise`: none.' }),
  callId: 'id',
  needsAnswer: true,
  examples: ['{}'],
  async run({ call }) {
    try {
      await call.leg.denoise(true);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      throw error.code === 'call_over' ? problem(404) : problem(500, error.message);
    }
    return {};
  },
});
