import { CallError } from '../../call/leg.ts';
import * as s from '../../swml/schema.ts';
import { NEXT } from '../flow.ts';
import { isReplaced } from '../is-replaced.ts';
import { defineMethod } from '../method.ts';
import { warnFailed } from '../warn-failed.ts';

/** spec/media.md 8 */
export const denoise = defineMethod({
  name: 'denoise',
  kind: 'calling',
  summary: 'Takes noise out of what the party says.',
  params: s.object({}, { description: '`denoise` has no parameters.' }),
  outputs: [
    {
      name: 'denoise_result',
      type: 'string',
      values: ['on', 'failed'],
      description: 'Whether the filter is on.',
    },
  ],
  events: [],
  execution: 'immediate',
  answers: 'always',
  blocks: false,
  examples: ['- denoise: {}'],
  async run(context) {
    const { leg, vars } = context;
    try {
      await leg.answer();
      await leg.denoise(true);
      // Another script may run by the time the filter is there, with the same variables.
      if (!isReplaced(context)) vars.set('denoise_result', 'on');
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (!isReplaced(context)) vars.set('denoise_result', 'failed');
      warnFailed(context, 'Noise is not taken out', error);
    }
    return NEXT;
  },
});
