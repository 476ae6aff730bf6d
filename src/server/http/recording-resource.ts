import type { RecordDirection } from '../../recording/types.ts';
import type { RecordingRow } from '../../storage/recordings.ts';

const TRACKS: Readonly<Record<RecordDirection, 'inbound' | 'outbound' | 'both'>> = {
  speak: 'inbound',
  listen: 'outbound',
  both: 'both',
};

const LEG_FIELDS: Readonly<Record<RecordingRow['legType'], string>> = {
  phone: 'relay_pstn_leg_id',
  sip: 'relay_sip_leg_id',
  webrtc: 'relay_webrtc_leg_id',
};

/**
 * The recording as the REST API shows it (spec/record.md 6.2). `duration` and `state` repeat
 * `duration_in_seconds` and `status` for clients that read those names; the rest from `format` on are
 * extensions.
 * @param url of the file
 */
export function recordingResource(row: RecordingRow, url: string): Readonly<Record<string, unknown>> {
  const running = row.status === 'in-progress' || row.status === 'paused';
  const wholeSeconds = running ? 0 : Math.round(row.durationMs / 1_000);
  return {
    id: row.id,
    project_id: row.projectId,
    created_at: isoTime(row.createdAt),
    updated_at: isoTime(row.updatedAt),
    duration_in_seconds: wholeSeconds,
    duration: wholeSeconds,
    ...(row.status === 'failed' ? { error_code: 'recording_failed' } : {}),
    price: 0,
    price_unit: 'USD',
    status: row.status,
    state: row.status,
    url,
    stereo: row.stereo,
    byte_size: row.byteSize,
    track: TRACKS[row.direction],
    [LEG_FIELDS[row.legType]]: row.segmentId,
    format: row.format,
    direction: row.direction,
    call_id: row.callId,
    control_id: row.controlId,
    duration_ms: row.durationMs,
    start_time: row.startTime === undefined ? null : isoTime(row.startTime),
    end_time: row.endTime === undefined ? null : isoTime(row.endTime),
    ended_by: row.endedBy ?? null,
    terminator: row.terminator ?? null,
    hangup_by: row.hangupBy ?? null,
    hangup_reason: row.hangupReason ?? null,
    error: row.error ?? null,
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
