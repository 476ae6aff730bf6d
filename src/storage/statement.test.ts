import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { prepare, type SqlParams, type SqlValues, valuesOf } from './statement.ts';

const sqlite = new DatabaseSync(':memory:');

function row(sql: string, params: SqlParams | SqlValues): unknown[] {
  const { statement, places } = prepare(sqlite, sql);
  return Object.values(statement.get(...valuesOf(places, params)) ?? {});
}

test('values go by name to each place that has it, and to nothing in a text', () => {
  assert.deepEqual(row("SELECT :a AS w, ':b ?' AS x, :b AS y, :a AS z", { a: 1, b: 'two' }), [
    1,
    ':b ?',
    'two',
    1,
  ]);
});

test('values go by their order to places without a name', () => {
  assert.deepEqual(row("SELECT ? AS x, '?''?' AS y, ? AS z", [1, null]), [1, "?'?", null]);
});

test('a value that is missing, or one too many, is refused', () => {
  assert.throws(
    () => row('SELECT :a AS x', {}),
    new TypeError('no value for the parameter :a of a statement'),
  );
  const counted = (count: number) => new TypeError(`${count} values for the 2 places of a statement`);
  assert.throws(() => row('SELECT ? AS x, ? AS y', [1]), counted(1));
  assert.throws(() => row('SELECT ? AS x, ? AS y', [1, 2, 3]), counted(3));
});
