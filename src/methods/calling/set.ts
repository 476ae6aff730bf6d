import * as s from '../../swml/schema.ts';
import { NEXT } from '../flow.ts';
import { defineMethod } from '../method.ts';
import { variableNameFault } from '../variable-names.ts';

/** spec/flow.md 6 */
export const set = defineMethod({
  name: 'set',
  kind: 'calling',
  summary: 'Sets variables, in the order in which they stand.',
  params: s.record(
    // Expanded one by one while it runs, because a later value may read an earlier one.
    s.any({
      description: 'Any value; a text that is one placeholder takes the type of its value.',
      literal: true,
    }),
    {
      description: 'Values by the names of their variables. `a.b` sets the member `b` of `a`.',
      checkName: variableNameFault,
    },
  ),
  outputs: [],
  events: [],
  execution: 'immediate',
  answers: 'never',
  blocks: false,
  examples: ['- set:\n    greeting: "Hello ${call.from}"\n    tries: 0'],
  run(context, values) {
    for (const [name, value] of Object.entries(values)) context.vars.set(name, context.expand(value, name));
    return NEXT;
  },
});
