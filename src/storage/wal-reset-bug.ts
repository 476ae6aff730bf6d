import type { DatabaseSync } from 'node:sqlite';

/** In these lines of SQLite (3.x), it is mended from that release on; in all later ones, from the first. */
const MENDED: Readonly<Record<number, number>> = { 44: 6, 50: 7, 51: 3 };
const FIRST_LINE = 7;
const LAST_LINE = 51;

/**
 * Whether SQLite of this version may lose what was committed, or damage the database, where one connection writes the
 * write-ahead log back just when another begins it anew (https://sqlite.org/wal.html 11, the WAL-reset bug: 3.7.0 to
 * 3.51.2). Early releases of Node 24 have such ones.
 */
export function hasWalResetBug(version: string): boolean {
  const [major, line = 0, release = 0] = version.split('.').map(Number);
  if (major !== 3 || line < FIRST_LINE || line > LAST_LINE) return false;
  return release < (MENDED[line] ?? Number.POSITIVE_INFINITY);
}

/** Of the library itself, which may be another than the one that Node was made with. */
export function versionOf(sqlite: DatabaseSync): string {
  return String(sqlite.prepare('SELECT sqlite_version() AS version').get()?.['version']);
}
