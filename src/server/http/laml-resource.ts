import type { RecordingRow, RecordingStatus } from '../../storage/recordings.ts';

export const LAML_VERSION = '2010-04-01';

/** That API has no word for failure: nothing is there to be had. */
const STATUSES: Readonly<Record<RecordingStatus, string>> = {
  'in-progress': 'in-progress',
  paused: 'paused',
  completed: 'completed',
  absent: 'absent',
  failed: 'absent',
};

/**
 * The recording as the compatibility API shows it (spec/record.md 7).
 * @param base path of the account, such as `/api/laml/2010-04-01/Accounts/{AccountSid}`
 */
export function lamlResource(row: RecordingRow, base: string): Readonly<Record<string, unknown>> {
  const running = row.status === 'in-progress' || row.status === 'paused';
  return {
    sid: row.id,
    account_sid: row.projectId,
    api_version: LAML_VERSION,
    call_sid: row.callId,
    conference_sid: null,
    channels: row.stereo ? 2 : 1,
    channel: row.stereo ? '2' : '1',
    date_created: rfc2822(row.createdAt),
    date_updated: rfc2822(row.updatedAt),
    start_time: row.startTime === undefined ? null : rfc2822(row.startTime),
    end_time: row.endTime === undefined ? null : rfc2822(row.endTime),
    duration: running ? 0 : Math.round(row.durationMs / 1_000),
    price: 0,
    price_unit: 'USD',
    source: 'RecordVerb',
    status: STATUSES[row.status],
    error_code: row.status === 'failed' ? 'recording_failed' : null,
    trim: 'do-not-trim',
    encryption_details: null,
    uri: `${base}/Recordings/${row.id}.json`,
    subresource_uris: {},
  };
}

/** `Fri, 02 Jan 2026 03:04:05 +0000`. */
function rfc2822(ms: number): string {
  return new Date(ms).toUTCString().replace('GMT', '+0000');
}
