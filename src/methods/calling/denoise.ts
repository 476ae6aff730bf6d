import * as s from '../../swml/schema.ts';
import { defineMethod } from '../method.ts';

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
});
