import * as s from '../../swml/schema.ts';
import { NEXT } from '../flow.ts';
import { defineMethod } from '../method.ts';

/** spec/flow.md 5 */
export const goto = defineMethod({
  name: 'goto',
  kind: 'calling',
  summary: 'Jumps to a label of the same section, a limited number of times.',
  params: s.object(
    {
      label: s.string({
        description: 'Name of the label, before or behind this step.',
        required: true,
        minLength: 1,
      }),
      when: s.string({
        description: 'JavaScript; the jump is taken only when it is truthy.',
        format: 'javascript',
        literal: true,
        defaultText: 'always',
        examples: ["vars.tries < 3 && prompt_result == 'no_input'"],
      }),
      max: s.integer({
        description: 'Jumps of this step in one run of its section; then the next step runs.',
        default: 100,
        min: 1,
        max: 100,
      }),
    },
    { description: 'Parameters of `goto`.' },
  ),
  outputs: [],
  events: [],
  execution: 'control',
  answers: 'never',
  blocks: false,
  examples: ['- label: again\n- play: "say:Hello"\n- goto:\n    label: again\n    max: 2'],
  run(context, { label, when, max }) {
    if (when !== undefined && !context.evaluate(when, 'when')) return NEXT;
    return { kind: 'goto', label, max, exhausted: 'next' };
  },
});
