import * as s from '../../swml/schema.ts';
import { statusUrl } from '../common-params.ts';
import { defineMethod } from '../method.ts';

/** spec/call-control.md 8 */
export const enterQueue = defineMethod({
  name: 'enter_queue',
  kind: 'calling',
  summary: 'Puts the call into a queue until someone takes it or the wait is over.',
  params: s.object(
    {
      queue_name: s.string({
        description: 'Name of the queue; made when there is none.',
        required: true,
        minLength: 1,
      }),
      transfer_after_bridge: s.string({
        description: 'URL of a document, or a document as text, that the caller gets after the talk.',
        required: true,
        minLength: 1,
      }),
      status_url: statusUrl('calling.call.queue'),
      wait_url: s.string({
        description: 'Audio, or a document, for the wait.',
        format: 'http-url',
        defaultText: 'music of the server',
      }),
      wait_time: s.integer({ description: 'Longest wait.', default: 3600, min: 1, unit: 's' }),
    },
    { description: 'Parameters of `enter_queue`.' },
  ),
  outputs: [
    {
      name: 'queue_result',
      type: 'string',
      values: ['entering', 'connecting', 'connected', 'leaving', 'timeout', 'hangup', 'failed'],
      description: 'How the wait went on or ended.',
    },
    { name: 'wait_time', type: 'integer', description: 'Seconds waited, -1 when unknown.' },
    { name: 'entry_position', type: 'integer', description: 'Position on entry, -1 when unknown.' },
    { name: 'entry_size', type: 'integer', description: 'Size of the queue on entry, -1 when unknown.' },
  ],
  events: ['calling.call.queue'],
  execution: 'foreground',
  answers: 'always',
  blocks: true,
  examples: [
    '- enter_queue:\n    queue_name: support\n    transfer_after_bridge: https://example.com/thanks.yaml\n    wait_time: 600',
  ],
});
