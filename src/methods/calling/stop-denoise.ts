import { CallError } from '../../call/leg.ts';
import * as s from '../../swml/schema.ts';
import { NEXT } from '../flow.ts';
import { defineMethod } from '../method.ts';

/** spec/media.md 8 */
export const stopDenoise = defineMethod({
  name: 'stop_denoise',
  kind: 'calling',
  summary: 'Ends the filter of `denoise`.',
  params: s.object({}, { description: '`stop_denoise` has no parameters.' }),
  outputs: [{ name: 'denoise_result', type: 'string', values: ['off'], description: 'The filter is off.' }],
  events: [],
  execution: 'immediate',
  answers: 'never',
  blocks: false,
  examples: ['- stop_denoise: {}'],
  async run({ leg, vars }) {
    try {
      await leg.denoise(false);
    } catch (error) {
      // There is no filter before the call was answered, nor when it is over.
      if (!(error instanceof CallError)) throw error;
    }
    vars.set('denoise_result', 'off');
    return NEXT;
  },
});
