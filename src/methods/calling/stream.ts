import * as s from '../../swml/schema.ts';
import { address, CALLBACK_METHOD, newControlId, statusUrl, successVariable } from '../common-params.ts';
import { defineMethod } from '../method.ts';

/** spec/media.md 7 */
export const stream = defineMethod({
  name: 'stream',
  kind: 'calling',
  summary: 'Sends the audio of the call to a WebSocket in the background.',
  params: s.object(
    {
      url: address(['wss'], { description: 'Where the audio goes.', required: true }),
      control_id: newControlId,
      name: s.string({ description: 'Label of the stream, repeated in its events.' }),
      track: s.string({
        description: 'What is sent: what the party says, what it hears, or both apart.',
        enum: ['inbound_track', 'outbound_track', 'both_tracks'],
        default: 'inbound_track',
      }),
      codec: s.string({
        description: 'Codec of the stream.',
        suggested: ['PCMU', 'PCMA', 'OPUS'],
        defaultText: 'that of the call',
      }),
      status_url: statusUrl('calling.call.stream'),
      status_url_method: CALLBACK_METHOD,
      authorization_bearer_token: s.string({
        description: 'Sent as `Authorization: Bearer` with the handshake.',
      }),
      custom_parameters: s.record(s.string({ description: 'A value.' }), {
        description: 'Sent in the start message.',
      }),
    },
    { description: 'Parameters of `stream`.' },
  ),
  outputs: [
    successVariable('stream_result', 'Whether the stream was started.'),
    { name: 'stream_control_id', type: 'string', description: 'Name of this stream.' },
  ],
  events: ['calling.call.stream'],
  execution: 'background',
  answers: 'always',
  blocks: true,
  examples: ['- stream:\n    url: wss://example.com/audio\n    track: both_tracks'],
});
