import { CallError } from '../../call/leg.ts';
import type { StreamOperation } from '../../call/streams/types.ts';
import { address, CALLBACK_METHOD, newControlId, statusUrl } from '../../methods/common-params.ts';
import { STREAM_TRACKS, tellStream } from '../../methods/stream-events.ts';
import * as s from '../../swml/schema.ts';
import { defineCommand } from './command.ts';
import { refusedStream } from './running-stream.ts';

/** spec/rest.md 2.4, spec/media.md 7 */
export const stream = defineCommand({
  name: 'calling.stream',
  summary: 'Sends the audio of the call to a WebSocket.',
  params: s.object(
    {
      control_id: newControlId,
      url: address(['wss'], { description: 'Where the audio goes.', required: true }),
      name: s.string({ description: 'Label of the stream, repeated in its events.' }),
      codec: s.string({
        description: 'PCMU, PCMA, G722, OPUS or L16, with `@<rate>h` and `@<ms>i` behind it if need be.',
        defaultText: '`PCMU`',
      }),
      track: s.string({
        description: 'What the party says, what it hears, or both apart.',
        enum: ['inbound_track', 'outbound_track', 'both_tracks'],
        default: 'inbound_track',
      }),
      authorization_bearer_token: s.string({
        description: 'Sent as `Authorization: Bearer` with the handshake.',
      }),
      custom_parameters: s.record(s.string({ description: 'A value.' }), {
        description: 'Sent in the start message.',
      }),
      status_url: statusUrl('calling.call.stream'),
      status_url_method: CALLBACK_METHOD,
    },
    { description: 'Parameters of `calling.stream`.' },
  ),
  callId: 'id',
  needsAnswer: true,
  examples: ['{"control_id": "notes", "url": "wss://example.com/audio", "track": "both_tracks"}'],
  async run({ call, newId }, params) {
    const controlId = params.control_id || newId();
    let operation: StreamOperation;
    try {
      operation = await call.leg.stream({
        controlId,
        url: params.url,
        name: params.name,
        tracks: STREAM_TRACKS[params.track],
        codec: params.codec || undefined,
        bearerToken: params.authorization_bearer_token,
        customParameters: params.custom_parameters,
      });
    } catch (error) {
      throw error instanceof CallError ? refusedStream(error, 'url') : error;
    }
    const { status_url: url, status_url_method: method } = params;
    tellStream(operation, { call: call.leg.info, url, method, emit: call.emit });
    return { control_id: controlId };
  },
});
