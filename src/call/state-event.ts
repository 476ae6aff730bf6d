import type { CallInfo, EndReason } from './leg.ts';

/**
 * `params` of `calling.call.state` (spec/callbacks.md 3.1).
 * @param endReason with the state `ended`
 */
export function stateParams(info: CallInfo, endReason?: EndReason) {
  const { call_id, node_id, segment_id, tag, call_state, direction, parent } = info;
  return {
    call_id,
    node_id,
    segment_id,
    ...(tag === undefined ? {} : { tag }),
    call_state,
    direction,
    device: deviceOf(info),
    ...(parent === undefined ? {} : { parent: { call_id: parent.call_id, node_id: parent.node_id } }),
    ...(endReason === undefined ? {} : { end_reason: endReason }),
  };
}

/** The party of a call, as events show it. */
export function deviceOf({ type, from, to, headers }: CallInfo) {
  if (type === 'phone') return { type, params: { from_number: from, to_number: to } };
  return { type, params: { from, to, headers: headers.map((header) => ({ ...header })) } };
}
