import * as s from '../../swml/schema.ts';
import { isNoValue } from '../choice-params.ts';
import { defineMethod } from '../method.ts';

/** spec/flow.md 4 */
export const returnMethod = defineMethod({
  name: 'return',
  kind: 'calling',
  summary: 'Goes back to the `execute` that ran this section; without one, ends the script.',
  params: s.any({
    description:
      'The value that the caller finds in `return_value`; `{}` and null, written out, are no value.',
    // Expanded while it runs: an object that a placeholder gives is a value, be it empty.
    literal: true,
    examples: ['${params.quantity * 10}', { found: true }],
  }),
  outputs: [{ name: 'return_value', type: 'any', description: 'The value.' }],
  events: [],
  execution: 'control',
  answers: 'never',
  blocks: false,
  examples: ['- return: "${params.quantity * 10}"', '- return: {}'],
  run: (context, value) => ({
    kind: 'return',
    value: isNoValue(value) ? undefined : context.expand(value),
  }),
});
