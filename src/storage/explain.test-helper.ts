/** What SQLite says of the statements that some work runs. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Database } from './database.ts';
import type { SqlParams } from './statement.ts';

export interface Explained {
  /** EXPLAIN: the operations of all statements. @throws AssertionError where none was run */
  readonly opcodes: (work: () => unknown) => readonly string[];
  /** EXPLAIN QUERY PLAN: how each finds its rows. @throws AssertionError where none was run */
  readonly plan: (work: () => unknown) => string;
}

export function explained(t: TestContext, database: Database): Explained {
  const ran: (readonly [string, SqlParams | undefined])[] = [];
  const read = database.all.bind(database);
  for (const method of ['run', 'get', 'all'] as const) {
    const does = database[method].bind(database) as (sql: string, params?: SqlParams) => unknown;
    t.mock.method(database, method, (sql: string, params?: SqlParams) => {
      ran.push([sql, params]);
      return does(sql, params);
    });
  }
  const rows = (how: string, column: string, work: () => unknown): readonly string[] => {
    ran.length = 0;
    work();
    assert.ok(ran.length > 0, 'no statement was run');
    return ran.flatMap(([sql, params]) => read(`${how} ${sql}`, params).map((row) => String(row[column])));
  };
  return {
    opcodes: (work) => rows('EXPLAIN', 'opcode', work),
    plan: (work) => rows('EXPLAIN QUERY PLAN', 'detail', work).join('; '),
  };
}
