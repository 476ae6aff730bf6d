/** What `stream` and `calling.stream` take: the same (spec/media.md 7, spec/rest.md 2.4). */
import type { StreamOptions } from '../call/streams/types.ts';
import * as s from '../swml/schema.ts';
import { address, CALLBACK_METHOD, newControlId, statusUrl } from './common-params.ts';

export const ONE_WAY_STREAM = {
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
} as const;

const TRACKS = { inbound_track: 'inbound', outbound_track: 'outbound', both_tracks: 'both' } as const;

export function streamOptions(
  params: s.InferObject<typeof ONE_WAY_STREAM>,
  controlId: string,
): StreamOptions {
  return {
    controlId,
    url: params.url,
    // Empty ones, as variables give that are not set, say nothing.
    name: params.name || undefined,
    tracks: TRACKS[params.track],
    codec: params.codec || undefined,
    bearerToken: params.authorization_bearer_token || undefined,
    customParameters: params.custom_parameters,
  };
}
