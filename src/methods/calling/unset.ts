import * as s from '../../swml/schema.ts';
import { NEXT } from '../flow.ts';
import { defineMethod } from '../method.ts';
import { variableNameFault } from '../variable-names.ts';

const NAME = s.string({
  description: 'Name of a variable, or `a.b` for a member.',
  check: variableNameFault,
});

/** spec/flow.md 6 */
export const unset = defineMethod({
  name: 'unset',
  kind: 'calling',
  summary: 'Removes variables. One that does not exist is no error.',
  params: s.union([NAME, s.array(NAME, { description: 'Names of variables.' })], {
    description: 'One name, or a list of names.',
    required: true,
  }),
  outputs: [],
  events: [],
  execution: 'immediate',
  answers: 'never',
  blocks: false,
  examples: ['- unset: greeting', '- unset: [greeting, tries]'],
  run(context, names) {
    for (const name of typeof names === 'string' ? [names] : names) context.vars.unset(name);
    return NEXT;
  },
});
