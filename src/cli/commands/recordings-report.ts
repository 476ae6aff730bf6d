import type { Finding } from '../../call/recording-check.ts';
import type { LibraryRepair } from '../../server/library.ts';
import type { AuditEntry } from '../../storage/audit-log.ts';
import type { RecordingRow } from '../../storage/recordings.ts';
import { CONTROL } from '../../trace/events.ts';
import { textTable } from '../table.ts';

/** Recordings for people, a line for each. */
export function listText(rows: readonly RecordingRow[], limit: number): string {
  if (rows.length === 0) return 'no recordings\n';
  const head = ['id', 'created (UTC)', 'status', 'length', 'size', 'format', 'ended by', 'call'];
  const lines = rows.map((row) => [
    row.id,
    new Date(row.createdAt).toISOString().slice(0, 19).replace('T', ' '),
    row.status,
    row.durationMs > 0 ? length(row.durationMs) : '',
    row.byteSize > 0 ? size(row.byteSize) : '',
    `${row.format}${row.stereo ? ' stereo' : ''}`,
    [row.endedBy, row.terminator].filter((part) => part !== undefined).join(' '),
    row.callId,
  ]);
  const more = rows.length === limit ? `(the first ${limit}; --limit shows more)\n` : '';
  return `${textTable(head, lines)}\n${more}`;
}

/** All that is known of one recording, a line for each field that has a value. */
export function showText(resource: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(resource).filter(([, value]) => value !== null);
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields
    .map(([name, value]) => `${name.padEnd(width)}  ${String(value).replace(CONTROL, ' ')}\n`)
    .join('');
}

/**
 * What verify found: the place, what is wrong, and what to do.
 * @param checked how many recordings were named that are there, or all of the folder
 */
export function findingsText(findings: readonly Finding[], checked: number | 'all'): string {
  if (findings.length === 0) {
    if (checked === 'all') return 'every recording is as it should be\n';
    if (checked === 0) return '';
    return checked === 1 ? 'it is as it should be\n' : `these ${checked} are as they should be\n`;
  }
  const lines = findings.map(
    ({ recordingId, path, kind, message, cure }) =>
      `${path}: ${kind}: ${message}\n${recordingId === undefined ? '' : `    recording ${recordingId}\n`}    cure: ${cure}\n`,
  );
  return `${lines.join('')}${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}\n`;
}

/** The same for programs. */
export function findingJson(finding: Finding): Readonly<Record<string, unknown>> {
  const { recordingId, ...rest } = finding;
  return { ...(recordingId !== undefined && { recording_id: recordingId }), ...rest };
}

/** The audit log for people, a line for each deletion. */
export function auditText(entries: readonly AuditEntry[]): string {
  if (entries.length === 0) return 'nothing was deleted\n';
  const head = ['deleted (UTC)', 'recording', 'call', 'by', 'why'];
  const lines = entries.map(({ at, recordingId, callId, by, details }) => {
    const { reason, user, remote, request_id: request } = details;
    const why = [reason, user, remote, request].filter((part) => part !== undefined).join(' ');
    return [new Date(at).toISOString().slice(0, 19).replace('T', ' '), recordingId, callId, by, why];
  });
  return `${textTable(head, lines)}\n`;
}

/** One of its lines, for programs. */
export function auditJson({ at, event, by, recordingId, callId, details }: AuditEntry): string {
  const { created_at: createdAt, ...others } = details;
  const created_at = typeof createdAt === 'number' ? new Date(createdAt).toISOString() : null;
  const ids = { recording_id: recordingId, call_id: callId };
  return `${JSON.stringify({ at: new Date(at).toISOString(), event, by, ...ids, created_at, ...others })}\n`;
}

/** What repair did, for people: a line for each recording. */
export function repairText({ repaired, leftToServer, removed, unremoved }: LibraryRepair): string {
  const lines = repaired.map(({ id, status, durationMs, error }) => {
    if (status === 'completed') return `${id}: repaired, ${length(durationMs)}\n`;
    if (status === 'absent') return `${id}: nothing had been recorded\n`;
    return `${id}: cannot be repaired: ${error ?? 'for a reason unknown'}\n`;
  });
  const left = leftToServer.map((id) => `${id}: left to the server that runs on this folder\n`);
  const deletions = removed > 0 ? [`${removed} ${removed === 1 ? 'deletion' : 'deletions'} finished\n`] : [];
  const stuck = unremoved.map(({ id, error }) => `${id}: its deletion cannot be finished: ${error}\n`);
  const all = [...lines, ...left, ...deletions, ...stuck];
  return all.length === 0 ? 'nothing to repair\n' : all.join('');
}

/** The same for programs. */
export function repairJson({
  repaired,
  leftToServer,
  removed,
  unremoved,
}: LibraryRepair): Readonly<Record<string, unknown>> {
  return {
    recordings: repaired.map(({ id, status, durationMs, error }) => ({
      recording_id: id,
      status,
      duration_ms: durationMs,
      ...(error !== undefined && { error }),
    })),
    left_to_server: leftToServer,
    deletions_finished: removed,
    deletions_failed: unremoved.map(({ id, error }) => ({ recording_id: id, error })),
  };
}

/** `1:02:03.4`, `0:12.4`. */
function length(ms: number): string {
  const tenths = Math.round(ms / 100);
  const seconds = (tenths % 600) / 10;
  const minutes = Math.floor(tenths / 600);
  const tail = seconds.toFixed(1).padStart(4, '0');
  if (minutes < 60) return `${minutes}:${tail}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${tail}`;
}

function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const step = Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const value = bytes / 1_000 ** step;
  return `${step === 0 ? value : value.toFixed(1)} ${units[step]}`;
}
