/** Taps and streams in the words of the language, for its methods and for commands (spec/media.md 6, 7). */
import type { CallInfo } from '../call/leg.ts';
import type { StreamOperation, TapFacts, TapOperation, TapSide } from '../call/streams/types.ts';
import { redactUrl } from '../log/redact.ts';
import type { JsonObject } from '../swml/json.ts';
import type { StatusCallback } from './context.ts';
import { operationOf } from './operation.ts';

export type TapDirection = 'speak' | 'listen' | 'both';

export const TAP_SIDES: Readonly<Record<TapDirection, TapSide>> = {
  speak: 'said',
  listen: 'heard',
  both: 'mixed',
};

/** `params` of `calling.call.tap` beside the ids of the call (spec/callbacks.md 3.7). */
function tapEvent(
  controlId: string,
  state: 'tapping' | 'finished',
  direction: TapDirection,
  { uri, codec, ptimeMs, rtp }: TapFacts,
): JsonObject {
  const device =
    rtp === undefined
      ? { type: 'ws', params: { uri: redactUrl(uri), codec } }
      : { type: 'rtp', params: { addr: rtp.address, port: rtp.port, codec, ptime: ptimeMs } };
  return { control_id: controlId, state, tap: { type: 'audio', params: { direction } }, device };
}

/**
 * `params` of `calling.call.stream` beside the ids of the call (spec/callbacks.md 3.8). User and password are for the
 * peer alone.
 */
function streamEvent(
  { controlId, url, name }: Pick<StreamOperation, 'controlId' | 'url' | 'name'>,
  state: 'streaming' | 'finished',
): JsonObject {
  return { control_id: controlId, state, url: redactUrl(url), ...(name !== undefined && { name }) };
}

/** Where the events of one operation go, and from which call. */
export interface EventPlace {
  readonly call: CallInfo;
  readonly url: string | undefined;
  readonly method?: 'GET' | 'POST';
  readonly emit: (callback: StatusCallback) => void;
}

/** Tells that a tap has begun, and later that it is over. */
export function tellTap(operation: TapOperation, direction: TapDirection, place: EventPlace): void {
  const { controlId, done } = operation;
  const tell = (state: 'tapping' | 'finished'): void =>
    send(place, 'calling.call.tap', controlId, tapEvent(controlId, state, direction, operation));
  tell('tapping');
  void done.then(() => tell('finished'));
}

/** Tells that a stream has begun, and later that it is over. */
export function tellStream(operation: StreamOperation, place: EventPlace): void {
  const { controlId, done } = operation;
  const tell = (state: 'streaming' | 'finished'): void =>
    send(place, 'calling.call.stream', controlId, streamEvent(operation, state));
  tell('streaming');
  void done.then(() => tell('finished'));
}

function send(
  { call, url, method = 'POST', emit }: EventPlace,
  eventType: string,
  controlId: string,
  event: JsonObject,
): void {
  if (url === undefined) return;
  const { call_id, node_id, segment_id, tag } = call;
  const params = { call_id, node_id, segment_id, ...(tag !== undefined && { tag }), ...event };
  emit({ url, method, operationId: operationOf(call_id, controlId), eventType, params });
}
