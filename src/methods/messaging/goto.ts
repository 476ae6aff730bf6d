import * as s from '../../swml/schema.ts';
import { defineMessagingMethod } from '../method.ts';

/** spec/messaging.md 4.7 */
export const goto = defineMessagingMethod({
  name: 'goto',
  summary: 'Jumps to a label of the same section, a limited number of times; then the section ends.',
  params: s.object(
    {
      label: s.string({
        description: 'Name of the label, before or behind this step.',
        required: true,
        minLength: 1,
      }),
      max: s.integer({
        description: 'Jumps of this step in one run of its section; then the section ends.',
        default: 100,
        min: 0,
      }),
    },
    { description: 'Parameters of `goto`.' },
  ),
  outputs: [],
  execution: 'control',
  blocks: false,
  examples: [
    '- label: again\n- request: {url: https://example.com/ready}\n- goto:\n    label: again\n    max: 2',
  ],
  run: (_context, { label, max }) => ({ kind: 'goto', label, max, exhausted: 'end-section' }),
});
