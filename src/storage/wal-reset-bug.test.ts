import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { hasWalResetBug, versionOf } from './wal-reset-bug.ts';

test('the versions of SQLite are known that may lose what was committed while another connection writes it back', () => {
  const answers = {
    '3.7.0': true,
    '3.44.5': true,
    '3.44.6': false,
    '3.49.1': true,
    '3.50.4': true,
    '3.50.7': false,
    '3.51.2': true,
    '3.51.3': false,
    '3.52.0': false,
    '3.100.0': false,
    '4.0.0': false,
  };
  const found = Object.keys(answers).map((version) => [version, hasWalResetBug(version)] as const);
  assert.deepEqual(Object.fromEntries(found), answers);
});

test('the version is that of the library', () => {
  const sqlite = new DatabaseSync(':memory:');
  assert.match(versionOf(sqlite), /^3\.\d+\.\d+$/);
  sqlite.close();
});
