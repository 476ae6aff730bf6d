import { SWITCH_PROPERTIES, switchChoice } from '../choice-params.ts';
import * as s from '../../swml/schema.ts';
import { NEXT } from '../flow.ts';
import { defineMethod } from '../method.ts';

/** spec/flow.md 2 */
export const switchMethod = defineMethod({
  name: 'switch',
  kind: 'calling',
  summary: 'Runs the steps whose key is the value of a variable.',
  params: s.object(SWITCH_PROPERTIES, { description: 'Parameters of `switch`.' }),
  outputs: [],
  events: [],
  execution: 'control',
  answers: 'never',
  blocks: false,
  examples: [
    '- switch:\n    variable: prompt_value\n    case:\n      "1":\n        - play: "say:Sales"\n      "2":\n        - play: "say:Support"\n    default:\n      - hangup: {}',
  ],
  run(context, params) {
    const choice = switchChoice(params);
    const block = context.choose(choice);
    if (block !== undefined) return { kind: 'block', block };
    context.warn('noMatch', `No case is for the value of "${params.variable}", and there is no default`);
    return NEXT;
  },
});
