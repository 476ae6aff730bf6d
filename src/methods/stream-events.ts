/** Taps and streams in the words of the language, for its methods and for commands (spec/media.md 6, 7). */
import type { CallInfo } from '../call/leg.ts';
import type { StreamOperation, TapFacts, TapSide } from '../call/streams/types.ts';
import type { JsonObject } from '../swml/json.ts';

export type TapDirection = 'speak' | 'listen' | 'both';
export type StreamTrack = 'inbound_track' | 'outbound_track' | 'both_tracks';

export const TAP_SIDES: Readonly<Record<TapDirection, TapSide>> = {
  speak: 'said',
  listen: 'heard',
  both: 'mixed',
};

export const STREAM_TRACKS = {
  inbound_track: 'inbound',
  outbound_track: 'outbound',
  both_tracks: 'both',
} as const satisfies Readonly<Record<StreamTrack, string>>;

/** `params` of `calling.call.tap` beside the ids of the call (spec/callbacks.md 3.7). */
export function tapEvent(
  controlId: string,
  state: 'tapping' | 'finished',
  direction: TapDirection,
  { uri, codec, ptimeMs, rtp }: TapFacts,
): JsonObject {
  const device =
    rtp === undefined
      ? { type: 'ws', params: { uri, codec } }
      : { type: 'rtp', params: { addr: rtp.address, port: rtp.port, codec, ptime: ptimeMs } };
  return { control_id: controlId, state, tap: { type: 'audio', params: { direction } }, device };
}

/** `params` of `calling.call.stream` beside the ids of the call (spec/callbacks.md 3.8). */
export function streamEvent(
  { controlId, url, name }: Pick<StreamOperation, 'controlId' | 'url' | 'name'>,
  state: 'streaming' | 'finished',
): JsonObject {
  return { control_id: controlId, state, url, ...(name !== undefined && { name }) };
}

/** What these events carry of the call beside `call_id` and `node_id`. */
export function segmentOf({ segment_id, tag }: CallInfo): JsonObject {
  return { segment_id, ...(tag !== undefined && { tag }) };
}
