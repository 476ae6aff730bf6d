import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VirtualClock } from '../time/virtual-clock.ts';
import { Database } from './database.ts';
import { StorageError } from './errors.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';

const NEXT: Migration = {
  version: MIGRATIONS.length + 1,
  name: 'pets',
  sql: 'CREATE TABLE pets (name TEXT); CREATE TABLE toys (name TEXT);',
};

const refused = (code: string, pattern: RegExp) => (error: unknown) =>
  error instanceof StorageError && error.code === code && pattern.test(error.message);

describe('migrations', () => {
  test('are numbered from 1 without a gap', () => {
    assert.deepEqual(
      MIGRATIONS.map((migration) => migration.version),
      MIGRATIONS.map((_, index) => index + 1),
    );
  });

  test('run once, in order, and only the new ones', () => {
    const database = Database.inMemory(new VirtualClock());
    assert.deepEqual(migrate(database, 0), []);
    assert.deepEqual(migrate(database, 7, [...MIGRATIONS, NEXT]), ['pets']);
    assert.deepEqual(
      {
        ...database.get(
          'SELECT version, name, applied_at FROM schema_migrations ORDER BY version DESC LIMIT 1',
        ),
      },
      { version: NEXT.version, name: 'pets', applied_at: 7 },
    );
    assert.deepEqual(migrate(database, 8, [...MIGRATIONS, NEXT]), []);
  });

  test('a step that fails leaves nothing of itself', () => {
    const database = Database.inMemory(new VirtualClock());
    const broken = { ...NEXT, sql: 'CREATE TABLE pets (name TEXT); CREATE TABLE pets (name TEXT);' };
    assert.throws(() => migrate(database, 0, [...MIGRATIONS, broken]), StorageError);
    assert.deepEqual(migrate(database, 0, [...MIGRATIONS, NEXT]), ['pets']);
  });

  test('a newer schema than ours is refused', () => {
    const database = Database.inMemory(new VirtualClock());
    migrate(database, 0, [...MIGRATIONS, NEXT]);
    assert.throws(
      () => migrate(database, 0),
      refused('newer_schema', new RegExp(`\\(schema ${NEXT.version}; .* knows ${MIGRATIONS.length}\\)`)),
    );
  });

  test('a step that was edited after it ran is refused, a changed layout is not', () => {
    const database = Database.inMemory(new VirtualClock());
    const [first, ...others] = MIGRATIONS;
    const reformatted = { ...first!, sql: `\n\n${first!.sql.replaceAll('\n', '\n  ')}` };
    assert.deepEqual(migrate(database, 0, [reformatted, ...others]), []);
    const edited = { ...first!, sql: `${first!.sql} CREATE TABLE more (x);` };
    assert.throws(
      () => migrate(database, 0, [edited, ...others]),
      refused('schema_mismatch', /step 1 was "recordings"/),
    );
  });

  test('a database of another program is refused untouched', () => {
    const database = Database.inMemory(new VirtualClock());
    database.exec('PRAGMA application_id = 99');
    assert.throws(() => migrate(database, 0), refused('corrupt', /another program/));
  });
});
