import * as s from '../../swml/schema.ts';
import { resultChoice, resultSchema } from '../choice-params.ts';
import { defineMethod } from '../method.ts';

/** spec/flow.md 3 */
export const execute = defineMethod({
  name: 'execute',
  kind: 'calling',
  summary: 'Runs another section or document and comes back.',
  params: s.object(
    {
      dest: s.string({
        description: 'Name of a section, URL of a document (fetched by POST), or a document as text.',
        required: true,
        minLength: 1,
        examples: ['greeting', 'https://example.com/menu.yaml'],
      }),
      params: s.record(s.any({ description: 'Any value.' }), {
        description: 'What the section reads as `params`, in the place of the present ones.',
      }),
      meta: s.record(s.any({ description: 'Any value.', literal: true }), {
        description: 'Accepted and not used.',
      }),
      on_return: s.steps({ description: 'Steps to run after the section came back.' }),
      result: resultSchema('return_value'),
    },
    { description: 'Parameters of `execute`.' },
  ),
  outputs: [
    {
      name: 'return_value',
      type: 'any',
      description: 'What the section returned; unset when it returned nothing.',
    },
  ],
  events: [],
  execution: 'control',
  answers: 'never',
  blocks: true,
  examples: [
    '- execute:\n    dest: quote\n    params: {quantity: 3}\n    result:\n      case:\n        "30":\n          - play: "say:thirty"',
  ],
  run: (_context, { dest, params = {}, on_return, result }) => ({
    kind: 'execute',
    dest,
    params,
    onReturn: on_return,
    result: resultChoice(result),
  }),
});
