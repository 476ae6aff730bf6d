import * as s from '../../swml/schema.ts';
import { NEXT } from '../flow.ts';
import { defineMessagingMethod } from '../method.ts';

/** spec/messaging.md 4.7 */
export const label = defineMessagingMethod({
  name: 'label',
  summary: 'Marks a place for `goto`; does nothing when reached.',
  params: s.string({
    description: 'Name of the place, unique in its section.',
    required: true,
    minLength: 1,
    literal: true,
  }),
  outputs: [],
  execution: 'control',
  blocks: false,
  examples: ['- label: again'],
  run: () => NEXT,
});
