import * as s from '../../swml/schema.ts';
import { NEXT } from '../flow.ts';
import { defineMethod } from '../method.ts';

/** spec/flow.md 5 */
export const label = defineMethod({
  name: 'label',
  kind: 'calling',
  summary: 'Marks a place for `goto`; does nothing when reached.',
  params: s.string({
    description: 'Name of the place, unique in its section.',
    required: true,
    minLength: 1,
    literal: true,
  }),
  outputs: [],
  events: [],
  execution: 'control',
  answers: 'never',
  blocks: false,
  examples: ['- label: again'],
  run: () => NEXT,
});
