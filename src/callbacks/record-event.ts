import type { RecordingRow } from '../storage/recordings.ts';
import { buildEnvelope, seconds } from './envelope.ts';
import type { CallbackEnvelope } from './events.ts';

/** `params.state` of `calling.call.record` (spec/record.md 4.1). */
export type RecordEventState = 'recording' | 'paused' | 'finished' | 'no_input' | 'error';

export interface RecordEventOptions {
  /** URL of the file. */
  readonly url: string;
  /** When it happened, Unix ms. */
  readonly nowMs: number;
  /** With `paused`. */
  readonly pauseBehavior?: 'skip' | 'silence';
}

/** The callback that reports `state` of a recording. */
export function recordEnvelope(
  row: RecordingRow,
  state: RecordEventState,
  options: RecordEventOptions,
): CallbackEnvelope {
  return buildEnvelope({
    type: 'calling.call.record',
    channel: row.eventChannel,
    nowMs: options.nowMs,
    projectId: row.projectId,
    spaceId: row.spaceId,
    params: recordParams(row, state, options),
  });
}

/**
 * `params` of `calling.call.record`: the union of the flat and the nested form (spec/record.md 4.2), and as
 * extensions `ended_by`, `terminator`, `hangup_by`, `hangup_reason` and, in `error`, `error`.
 */
export function recordParams(
  row: RecordingRow,
  state: RecordEventState,
  options: RecordEventOptions,
): Readonly<Record<string, unknown>> {
  const audio = { format: row.format, direction: row.direction, stereo: row.stereo };
  const base = {
    call_id: row.callId,
    node_id: row.nodeId,
    segment_id: row.segmentId,
    ...(row.tag === undefined ? {} : { tag: row.tag }),
    control_id: row.controlId,
    state,
    recording_id: row.id,
  };
  switch (state) {
    case 'recording':
      return { ...base, url: options.url, record: { audio } };
    case 'paused':
      return {
        ...base,
        url: options.url,
        pause_behavior: options.pauseBehavior ?? 'skip',
        record: { audio },
      };
    case 'finished':
    case 'no_input': {
      // Nothing was kept of an empty recording, so there is no URL to announce (spec/record.md 8 #4).
      const url = row.byteSize > 0 ? { url: options.url } : {};
      const result = { ...url, duration: seconds(row.durationMs), size: row.byteSize };
      return {
        ...base,
        ...result,
        ...times(row),
        ...ending(row),
        record: { ...result, format: row.format, audio },
      };
    }
    case 'error':
      return { ...base, ...ending(row), error: row.error ?? 'the recording failed', record: { audio } };
  }
}

function times(row: RecordingRow): Readonly<Record<string, number>> {
  return {
    ...(row.startTime === undefined ? {} : { start_time: seconds(row.startTime) }),
    ...(row.endTime === undefined ? {} : { end_time: seconds(row.endTime) }),
  };
}

function ending(row: RecordingRow): Readonly<Record<string, string>> {
  return {
    ...(row.endedBy === undefined ? {} : { ended_by: row.endedBy }),
    ...(row.terminator === undefined ? {} : { terminator: row.terminator }),
    ...(row.hangupBy === undefined ? {} : { hangup_by: row.hangupBy }),
    ...(row.hangupReason === undefined ? {} : { hangup_reason: row.hangupReason }),
  };
}
