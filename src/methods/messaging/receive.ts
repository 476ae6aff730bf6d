import * as s from '../../swml/schema.ts';
import { NEXT } from '../flow.ts';
import { defineMessagingMethod } from '../method.ts';

/** spec/messaging.md 4.2 */
export const receive = defineMessagingMethod({
  name: 'receive',
  summary: 'Takes the message and does nothing.',
  params: s.object({}, { description: '`receive` has no parameters.' }),
  outputs: [],
  execution: 'immediate',
  blocks: false,
  examples: ['- receive: {}'],
  run: () => NEXT,
});
