import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { type Logger, silentLogger } from '../log/logger.ts';
import type { Database } from './database.ts';
import { StorageError } from './errors.ts';

const HERE = import.meta.dirname;

/** Notes are what the tests keep: `CREATE TABLE notes`. */
export const NOTES = 'CREATE TABLE notes (text TEXT NOT NULL UNIQUE)';

export function notes(from: Database): unknown[] {
  return from.all('SELECT text FROM notes ORDER BY rowid').map((row) => row['text']);
}

export const add = (to: Database, text: string): unknown =>
  to.run('INSERT INTO notes VALUES (:text)', { text });

export const storageError = (code: string, pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StorageError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, pattern);
  return true;
};

/** Puts the errors that are logged into `errors`. */
export const errorsInto = (errors: unknown[]): Logger => ({
  ...silentLogger,
  error: ({ err }) => void errors.push(err),
});

/** Runs `script` in a process of its own, with `Database`, `RealClock` and the folder as `directory` at hand. */
export function startProgram(directory: string, script: string): ChildProcess {
  const source = `
    const { Database } = await import(${JSON.stringify(path.join(HERE, 'database.ts'))});
    const { RealClock } = await import(${JSON.stringify(path.join(HERE, '../time/real-clock.ts'))});
    const directory = ${JSON.stringify(directory)};
    ${script}`;
  return spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}
