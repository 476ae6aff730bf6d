import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '../log/logger.ts';
import { Checkpoints } from './checkpoints.ts';

/** A process that writes a log back, and has nothing else left to do when it closes. */
const PROGRAM = `
  import { DatabaseSync } from 'node:sqlite';
  import { silentLogger } from '${import.meta.resolve('../log/logger.ts')}';
  import { Checkpoints } from '${import.meta.resolve('./checkpoints.ts')}';
  const file = process.argv[2];
  new DatabaseSync(file).exec('PRAGMA journal_mode = WAL; CREATE TABLE pets (name TEXT)');
  const checkpoints = new Checkpoints(file, silentLogger);
  checkpoints.begin();
  await checkpoints.close();
  console.log('closed');
`;

test('a process that has nothing else left waits until its log is written back', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-checkpoints-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const program = path.join(folder, 'program.mjs');
  writeFileSync(program, PROGRAM);
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, path.join(folder, 'pets.db')], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.deepEqual({ status, stdout }, { status: 0, stdout: 'closed\n' }, stderr);
});

test('a thread that cannot open the database is told of, and is closed like any other', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-checkpoints-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const told: string[] = [];
  // A folder is no database.
  const checkpoints = new Checkpoints(folder, { ...silentLogger, warn: (_, text) => told.push(text) });
  checkpoints.begin();
  await checkpoints.close();
  assert.deepEqual(told, ['the database log could not be written back']);
});

test('a thread that cannot be started is told of each time, and tried again', async () => {
  const told: string[] = [];
  const log = { ...silentLogger, warn: (_: unknown, text: string) => told.push(text) };
  // No thread can be made of it, as where the system has none left.
  const checkpoints = new Checkpoints('nowhere', log, new URL('nowhere:thread'));
  checkpoints.begin();
  checkpoints.begin();
  await checkpoints.close();
  const text = 'the database log could not be written back';
  assert.deepEqual(told, [text, text]);
});
