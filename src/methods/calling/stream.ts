import { CallError } from '../../call/leg.ts';
import type { StreamOperation } from '../../call/streams/types.ts';
import * as s from '../../swml/schema.ts';
import { address, CALLBACK_METHOD, newControlId, statusUrl, successVariable } from '../common-params.ts';
import { NEXT } from '../flow.ts';
import { defineMethod } from '../method.ts';
import { STREAM_TRACKS, tellStream } from '../stream-events.ts';

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
        description:
          'Codec of the stream; `@<rate>h` and `@<ms>i` set the sample rate (of L16) and the packet time.',
        suggested: ['PCMU', 'PCMA', 'OPUS', 'G722', 'L16@16000h', 'L16@24000h@40i'],
        defaultText: '`PCMU`',
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
  async run(context, params) {
    const { leg, vars } = context;
    const controlId = params.control_id || context.newId();
    let operation: StreamOperation;
    try {
      await leg.answer();
      operation = await leg.stream({
        controlId,
        url: params.url,
        name: params.name,
        tracks: STREAM_TRACKS[params.track],
        codec: params.codec || undefined,
        bearerToken: params.authorization_bearer_token,
        customParameters: params.custom_parameters,
      });
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      vars.set('stream_result', 'failed');
      context.warn('failed', `The stream could not start: ${error.message}`);
      return NEXT;
    }
    vars.set('stream_result', 'success');
    vars.set('stream_control_id', controlId);
    const { status_url: url, status_url_method: method } = params;
    tellStream(operation, { call: leg.info, url, method, emit: context.emit });
    return NEXT;
  },
});
