import type { DatabaseSync, StatementSync } from 'node:sqlite';

export type SqlValue = string | number | null | Uint8Array;
/** Values of the named parameters (`:name`) of a statement. */
export type SqlParams = Readonly<Record<string, SqlValue>>;
/** Values of a statement whose places are all `?`, in order: for those that run with each call. */
export type SqlValues = readonly SqlValue[];
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** A statement, and whose values go to its places, in order; `?` for those that have no name. */
export interface Prepared {
  readonly statement: StatementSync;
  readonly places: readonly string[];
}

const TEXT_OR_PARAMETER = /'(?:[^']|'')*'|\?|:([A-Za-z]\w*)/g;

/** By place, not by name: SQLite would look for each name among all others, each time. */
export function prepare(sqlite: DatabaseSync, sql: string): Prepared {
  const places: string[] = [];
  // Without numbers: before Node 24.7, numbered ones count as names.
  const text = sql.replace(TEXT_OR_PARAMETER, (match, name: string | undefined) => {
    if (name === undefined && match !== '?') return match;
    places.push(name ?? match);
    return '?';
  });
  return { statement: sqlite.prepare(text), places };
}

/** @throws TypeError when one is missing, or one too many */
export function valuesOf(places: readonly string[], params: SqlParams | SqlValues): SqlValues {
  if (isValues(params)) {
    if (params.length === places.length) return params;
    throw new TypeError(`${params.length} values for the ${places.length} places of a statement`);
  }
  return places.map((name) => {
    const value = params[name];
    if (value === undefined) throw new TypeError(`no value for the parameter :${name} of a statement`);
    return value;
  });
}

function isValues(params: SqlParams | SqlValues): params is SqlValues {
  return Array.isArray(params);
}
