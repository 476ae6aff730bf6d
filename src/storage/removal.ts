import { FILE_SUFFIXES } from '../recording/recording-path.ts';
import type { DeletionOrigin } from './audit-log.ts';
import type { FileStore } from './file-store.ts';
import type { RecordingRow, RecordingStore } from './recordings.ts';

export interface RemovalTools {
  readonly recordings: RecordingStore;
  readonly files: FileStore;
}

/** `running`: the recording is not finished and was left alone; `absent`: there is no such recording. */
export type RemovalResult = 'removed' | 'running' | 'absent';

/**
 * Deletes a recording: hides its row, removes the file and what is left of its spool, then the row, with a line in
 * the audit log. A crash at any
 * point leaves either everything or a hidden row, which {@link finishRemovals} takes up; whoever is downloading
 * the file meanwhile gets it to the end.
 * @throws StorageError when a file cannot be removed; the recording is then there as before
 */
export async function removeRecording(
  id: string,
  origin: DeletionOrigin,
  tools: RemovalTools,
): Promise<RemovalResult> {
  const { recordings } = tools;
  const row = recordings.get(id);
  const begun = recordings.beginDelete(id, origin);
  if (begun !== 'begun' || row === undefined) return begun === 'running' ? 'running' : 'absent';
  try {
    await removeFiles(row, tools.files);
  } catch (cause) {
    recordings.cancelDelete(id);
    throw cause;
  }
  recordings.delete(id);
  return 'removed';
}

/**
 * Finishes the deletions that a crash broke off; call once, before the recordings are served.
 * @param onFailed told of each that cannot be finished now; it stays hidden until the next call
 * @returns how many were finished
 */
export async function finishRemovals(
  tools: RemovalTools,
  onFailed: (row: RecordingRow, cause: unknown) => void,
): Promise<number> {
  let finished = 0;
  for (const row of tools.recordings.inDeletion()) {
    try {
      await removeFiles(row, tools.files);
      tools.recordings.delete(row.id);
      finished++;
    } catch (cause) {
      onFailed(row, cause);
    }
  }
  return finished;
}

async function removeFiles(row: RecordingRow, files: FileStore): Promise<void> {
  // Of a recording that failed, what is unfinished or waits to be encoded may be all there is.
  for (const suffix of FILE_SUFFIXES) await files.remove(`${row.path}${suffix}`);
}
