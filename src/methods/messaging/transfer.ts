import * as s from '../../swml/schema.ts';
import { defineMessagingMethod } from '../method.ts';

/** spec/messaging.md 4.6 */
export const transfer = defineMessagingMethod({
  name: 'transfer',
  summary: 'Goes on with a document of another URL and never comes back.',
  params: s.object(
    {
      dest: s.string({
        description: 'URL of the document; `user:password@` becomes Basic authorization.',
        required: true,
        format: 'http-url',
        code: 'swml_transfer_failed',
      }),
      method: s.string({
        description: 'HTTP method of the fetch.',
        enum: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
        default: 'POST',
      }),
      params: s.record(s.any({ description: 'Any value.' }), {
        description: 'Sent along, and read as `params` in the new document.',
      }),
    },
    { description: 'Parameters of `transfer`.' },
  ),
  outputs: [],
  execution: 'control',
  blocks: true,
  examples: ['- transfer:\n    dest: https://example.com/night.yaml'],
  run: (_context, { dest, params = {}, method }) => ({ kind: 'transfer', dest, params, method }),
});
