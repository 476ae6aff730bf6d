import * as s from '../../swml/schema.ts';
import { defineMethod } from '../method.ts';

/** spec/flow.md 8 */
export const transfer = defineMethod({
  name: 'transfer',
  kind: 'calling',
  summary: 'Goes on with another section or document and never comes back.',
  params: s.object(
    {
      dest: s.string({
        description: 'Name of a section, URL of a document (fetched by POST), or a document as text.',
        required: true,
        minLength: 1,
        examples: ['goodbye', 'https://example.com/next.yaml'],
      }),
      params: s.record(s.any({ description: 'Any value.' }), {
        description: 'What the destination reads as `params`; nothing is taken over from the present ones.',
      }),
      meta: s.record(s.any({ description: 'Any value.', literal: true }), {
        description: 'Accepted and not used.',
      }),
    },
    { description: 'Parameters of `transfer`.' },
  ),
  outputs: [],
  events: [],
  execution: 'control',
  answers: 'never',
  blocks: true,
  examples: ['- transfer:\n    dest: goodbye\n    params: {reason: closed}'],
  run: (_context, { dest, params = {} }) => ({ kind: 'transfer', dest, params }),
});
