import { COND, condChoice } from '../choice-params.ts';
import { NEXT } from '../flow.ts';
import { defineMethod } from '../method.ts';

/** spec/flow.md 1 */
export const cond = defineMethod({
  name: 'cond',
  kind: 'calling',
  summary: 'Runs the steps of the first branch whose JavaScript is truthy.',
  params: COND,
  outputs: [],
  events: [],
  execution: 'control',
  answers: 'never',
  blocks: false,
  examples: [
    '- cond:\n    - when: call.type == \'sip\' && vars.vip\n      then:\n        - play: "say:Welcome back"\n    - else:\n        - hangup: {}',
  ],
  run(context, entries) {
    const block = context.choose(condChoice(entries));
    return block === undefined ? NEXT : { kind: 'block', block };
  },
});
