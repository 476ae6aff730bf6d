import { FILE_SUFFIXES } from '../recording/recording-path.ts';
import type { DeletionOrigin } from './audit-log.ts';
import { StorageError } from './errors.ts';
import type { FileStore } from './file-store.ts';
import type { RecordingRow, RecordingStore } from './recordings.ts';

export interface RemovalTools {
  readonly recordings: RecordingStore;
  readonly files: FileStore;
}

/**
 * `postponed`: the recording is gone for everybody, but its object waits for the store to answer.
 * `running`: the recording is not finished and was left alone; `absent`: there is no such recording.
 */
export type RemovalResult = 'removed' | 'postponed' | 'running' | 'absent';

/**
 * Deletes a recording: hides its row, removes the file and what is left of its spool, then the row, with a line in
 * the audit log. A crash or a power cut at any
 * point leaves either everything or a hidden row, which {@link finishRemovals} takes up; whoever is downloading
 * the file meanwhile gets it to the end.
 * An object store that does not answer holds nothing up: the row stays hidden until the object is gone.
 * @param signal breaks off what waits for that store, as if it did not answer
 * @throws StorageError when a local file cannot be removed, as the system's error when the disk cannot keep that the
 *   row is hidden; the recording is then there as before
 */
export async function removeRecording(
  id: string,
  origin: DeletionOrigin,
  tools: RemovalTools,
  signal?: AbortSignal,
): Promise<RemovalResult> {
  const { recordings } = tools;
  const row = recordings.get(id);
  const begun = recordings.beginDelete(id, origin);
  if (begun !== 'begun' || row === undefined) return begun === 'running' ? 'running' : 'absent';
  try {
    // A power cut that takes the last second of what was committed must find the file, or a row that is hidden: there
    // would be a recording without a file, and no line of who has deleted it.
    await recordings.durable();
    await removeFiles(row, tools.files, signal);
  } catch (cause) {
    // What lay here is removed already; the rest is done by finishRemovals.
    if (isStoreFault(cause)) return 'postponed';
    recordings.cancelDelete(id);
    throw cause;
  }
  recordings.delete(id);
  return 'removed';
}

/**
 * Finishes the deletions that a crash broke off, or that wait for the object store; also while others are under way.
 * @param onFailed told of each that cannot be finished now; it stays hidden until the next call
 * @param signal breaks it off
 * @returns how many were finished
 */
export async function finishRemovals(
  tools: RemovalTools,
  onFailed: (row: RecordingRow, cause: unknown) => void,
  signal?: AbortSignal,
): Promise<number> {
  let finished = 0;
  const hidden = tools.recordings.inDeletion();
  // One of them may have been hidden just now.
  if (hidden.length > 0) await tools.recordings.durable();
  for (const row of hidden) {
    if (signal?.aborted === true) break;
    try {
      await removeFiles(row, tools.files, signal);
      tools.recordings.delete(row.id);
      finished++;
    } catch (cause) {
      onFailed(row, cause);
    }
  }
  return finished;
}

/** Whether a removal waits for the object store alone: what lay here is removed. */
export function isStoreFault(cause: unknown): boolean {
  return cause instanceof StorageError && (cause.code === 'unreachable' || cause.code === 'refused');
}

async function removeFiles(row: RecordingRow, files: FileStore, signal?: AbortSignal): Promise<void> {
  // Of a recording that failed, what is unfinished or waits to be encoded may be all there is. It goes first: the
  // finished file may also be in a store that does not answer.
  for (const suffix of FILE_SUFFIXES.toReversed()) await files.remove(`${row.path}${suffix}`, signal);
}
