import * as s from '../../swml/schema.ts';
import { classifyDest } from '../dest.ts';
import { defineMessagingMethod } from '../method.ts';

/** spec/messaging.md 4.4 */
export const execute = defineMessagingMethod({
  name: 'execute',
  summary: 'Runs another section of this document and comes back.',
  params: s.object(
    {
      dest: s.string({ description: 'Name of a section.', required: true, minLength: 1 }),
      params: s.record(s.any({ description: 'Any value.' }), {
        description: 'What the section reads as `params`, in the place of the present ones.',
      }),
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
  execution: 'control',
  blocks: false,
  examples: ['- execute:\n    dest: lookup\n    params: {number: "%{message.from}"}'],
  run(context, { dest, params = {} }) {
    if (classifyDest(dest) !== 'section') {
      throw context.error('unknownSection', `There is no section "${dest}"`, {
        parameter: 'dest',
        expected: 'the name of a section of this document',
      });
    }
    return { kind: 'execute', dest, params };
  },
});
