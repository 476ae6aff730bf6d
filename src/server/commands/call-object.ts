import type { CallInfo } from '../../call/leg.ts';
import type { LiveCall } from '../live-calls.ts';

const TYPES: Readonly<Record<CallInfo['type'], string>> = {
  sip: 'relay_sip_call',
  phone: 'relay_pstn_call',
  webrtc: 'relay_webrtc_call',
};

/**
 * A call as the REST API shows it (spec/rest.md 2.1). Call id and segment id are one. Lengths count from the
 * answer; before it there are none.
 * @param nowMs Unix ms
 */
export function callObject(call: LiveCall, nowMs: number): Readonly<Record<string, unknown>> {
  const { info, answeredAt } = call.leg;
  const durationMs = answeredAt === undefined ? null : Math.max(0, Math.round(nowMs - answeredAt));
  return {
    id: info.call_id,
    from: info.from,
    to: info.to,
    direction: info.direction,
    status: info.call_state,
    source: 'realtime_api',
    type: TYPES[info.type],
    url: call.documentUrl ?? null,
    duration: durationMs === null ? null : Math.floor(durationMs / 1000),
    duration_ms: durationMs,
    billing_ms: durationMs,
    charge: 0,
    charge_details: [],
    parent_id: info.parent?.call_id ?? null,
    created_at: new Date(call.createdAt).toISOString(),
  };
}
