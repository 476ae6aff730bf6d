import * as s from '../../swml/schema.ts';
import { defineCommand } from './command.ts';

/** spec/rest.md 2.4 */
export const denoiseStop = defineCommand({
  name: 'calling.denoise.stop',
  summary: 'Ends the filter of `calling.denoise` or `denoise`.',
  params: s.object({}, { description: 'Parameters of `calling.denoise.stop`: none.' }),
  callId: 'id',
  needsAnswer: true,
  examples: ['{}'],
  async run({ call }) {
    await call.leg.denoise(false);
    return {};
  },
});
