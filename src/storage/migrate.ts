import { createHash } from 'node:crypto';
import { StorageError } from './errors.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';

/** What the runner needs of a database. */
export interface MigrationTarget {
  readonly file: string;
  exec(sql: string): void;
  run(sql: string, params: Readonly<Record<string, string | number>>): unknown;
  all(sql: string): readonly Readonly<Record<string, unknown>>[];
  transaction<T>(work: () => T): T;
}

/** `OSWM`, in the header of the file, so that `file` and we tell ours from any other SQLite database. */
export const APPLICATION_ID = 0x4f53574d;

/**
 * Brings the schema up to date; each step and its note in `schema_migrations` stand or fall together.
 * @returns the names of the steps that ran now
 * @throws StorageError `newer_schema`, `schema_mismatch`, or `corrupt` when the file is not ours
 */
export function migrate(
  target: MigrationTarget,
  nowMs: number,
  migrations: readonly Migration[] = MIGRATIONS,
): readonly string[] {
  claim(target);
  const applied = target.all('SELECT version, name, checksum FROM schema_migrations ORDER BY version');
  refuseNewer(target.file, applied, migrations);
  const done: string[] = [];
  for (const migration of migrations) {
    const before = applied[migration.version - 1];
    if (before !== undefined) {
      refuseChanged(target.file, before, migration);
      continue;
    }
    target.transaction(() => {
      target.exec(migration.sql);
      target.run(
        'INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (:version, :name, :checksum, :now)',
        {
          version: migration.version,
          name: migration.name,
          checksum: checksum(migration),
          now: nowMs,
        },
      );
    });
    done.push(migration.name);
  }
  return done;
}

/**
 * Makes sure that the schema is the one of this program, and changes nothing.
 * @throws StorageError `newer_schema`, `schema_mismatch`, or `corrupt` when the file is not ours
 */
export function requireCurrent(target: MigrationTarget, migrations: readonly Migration[] = MIGRATIONS): void {
  if (target.all('PRAGMA application_id')[0]?.['application_id'] !== APPLICATION_ID)
    throw notOurs(target.file);
  const applied = target.all('SELECT version, name, checksum FROM schema_migrations ORDER BY version');
  refuseNewer(target.file, applied, migrations);
  for (const migration of migrations) {
    const before = applied[migration.version - 1];
    if (before !== undefined) {
      refuseChanged(target.file, before, migration);
      continue;
    }
    throw new StorageError(
      'schema_mismatch',
      `${target.file} was written by an older OpenSWML (schema ${applied.length} of ${migrations.length}). ` +
        'Start the server of this version on it once: that brings it up to date.',
    );
  }
}

/** Statements that make the layout of a database that was brought up to date, and its notes of how. */
export function schemaOf(target: MigrationTarget): string {
  const layout = target
    .all("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid")
    .map(({ sql }) => String(sql));
  const notes = target
    .all('SELECT version, name, checksum, applied_at FROM schema_migrations')
    .map((row) =>
      Object.values(row).map((value) => (typeof value === 'number' ? value : `'${String(value)}'`)),
    )
    .map((values) => `INSERT INTO schema_migrations VALUES (${values.join(', ')})`);
  return ['BEGIN', `PRAGMA application_id = ${APPLICATION_ID}`, ...layout, ...notes, 'COMMIT'].join(';\n');
}

/** Makes an empty database ours, and refuses one of another program. */
function claim(target: MigrationTarget): void {
  const id = target.all('PRAGMA application_id')[0]?.['application_id'];
  if (id === APPLICATION_ID) return;
  const tables = target.all('SELECT name FROM sqlite_schema LIMIT 1');
  if (id !== 0 || tables.length > 0) {
    throw notOurs(target.file);
  }
  target.transaction(() => {
    target.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    target.exec(
      'CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, ' +
        'checksum TEXT NOT NULL, applied_at REAL NOT NULL) STRICT',
    );
  });
}

function notOurs(file: string): StorageError {
  return new StorageError(
    'corrupt',
    `${file} is a database of another program. Set data_dir to a folder of OpenSWML's own.`,
  );
}

function refuseNewer(
  file: string,
  applied: readonly Readonly<Record<string, unknown>>[],
  migrations: readonly Migration[],
): void {
  if (applied.length <= migrations.length) return;
  throw new StorageError(
    'newer_schema',
    `${file} was written by a newer OpenSWML (schema ${applied.length}; this program knows ${migrations.length}). ` +
      'Start the newer program again, or put back the backup from before the upgrade.',
  );
}

function refuseChanged(file: string, before: Readonly<Record<string, unknown>>, migration: Migration): void {
  if (before['checksum'] === checksum(migration)) return;
  throw new StorageError(
    'schema_mismatch',
    `${file}: schema step ${migration.version} was "${before['name']}" and differs from "${migration.name}" of this ` +
      'program. The file comes from an unreleased or changed build: use that build, or put back a backup.',
  );
}

/** Layout of the text does not count. */
function checksum(migration: Migration): string {
  return createHash('sha256')
    .update(`${migration.name}\n${migration.sql.replace(/\s+/g, ' ').trim()}`)
    .digest('hex');
}
