/** What file systems answer that cannot force a folder to the disk, as some that are mounted from elsewhere. */
const UNSUPPORTED: ReadonlySet<unknown> = new Set(['EINVAL', 'ENOTSUP', 'ENOSYS']);

/**
 * Of a folder that could not be synced: there, names are as durable as the file system makes them, and what was renamed
 * or removed in it is so all the same.
 * @throws `error` when it says anything else
 */
export function ignoreUnsupported(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && UNSUPPORTED.has(error.code))) throw error;
}
