import * as s from '../../swml/schema.ts';
import { isNoValue } from '../choice-params.ts';
import { defineMessagingMethod } from '../method.ts';

/** spec/messaging.md 4.5 */
export const returnMethod = defineMessagingMethod({
  name: 'return',
  summary: 'Goes back to the `execute` that ran this section; without one, ends the document.',
  params: s.any({
    description:
      'The value that the caller finds in `return_value`; texts are expanded, other values kept as they are.',
    literal: true,
  }),
  outputs: [{ name: 'return_value', type: 'any', description: 'The value; unset for null and `{}`.' }],
  execution: 'control',
  blocks: false,
  examples: ['- return: "%{params.name}"'],
  run: (context, value) => ({
    kind: 'return',
    value: isNoValue(value) ? undefined : typeof value === 'string' ? context.expand(value) : value,
  }),
});
