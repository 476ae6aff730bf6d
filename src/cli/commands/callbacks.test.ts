import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';

import { CallbackTable } from '../../callbacks/callback-table.ts';
import { Database } from '../../storage/database.ts';
import { VirtualClock } from '../../time/virtual-clock.ts';
import { cli } from '../terminal.test-helper.ts';

const ENVELOPE = {
  event_type: 'calling.call.record',
  timestamp: 1.5,
  project_id: 'p',
  space_id: 's',
  params: { call_id: 'c', state: 'finished' },
};

let directory: string;
/** The folder as a running server holds it. */
let server: Database;
let callbacks: CallbackTable;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'openswml-callbacks-'));
  server = Database.open(directory, { clock: new VirtualClock() });
  callbacks = new CallbackTable(server);
});

afterEach(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

function add(state: 'pending' | 'dead', url = 'https://user:secret@example.com/status'): number {
  const now = Date.UTC(2026, 0, 1);
  return callbacks.insert(
    { url, operationId: 'o', envelope: ENVELOPE },
    {
      state,
      idempotencyKey: crypto.randomUUID(),
      now,
      deadlineAt: now,
      ...(state === 'dead' && { error: 'the receiver answered 410' }),
    },
  );
}

test('The dead letters of a running server are listed, newest first, without passwords', async () => {
  const older = add('dead');
  const newer = add('dead', 'https://example.com/other');
  add('pending');
  const { status, out, err } = await cli('callbacks', 'list', '--data', directory);
  assert.deepEqual([status, err], [0, '']);
  const lines = out.trimEnd().split('\n');
  assert.equal(lines.length, 3);
  assert.match(
    lines[1]!,
    new RegExp(`^${newer} +2026-01-01 00:00:00 .*answered 410 +https://example.com/other$`),
  );
  assert.match(lines[2]!, new RegExp(`^${older} .*https://example.com/status$`));
  assert.doesNotMatch(out, /secret/);
});

test('A list that is cut says so, and leads to no higher limit than there is', async () => {
  server.transaction(() => {
    for (let n = 0; n < 1_001; n++) add('dead');
  });
  const listed = async (limit: string): Promise<string> =>
    (await cli('callbacks', 'list', '--limit', limit, '--data', directory)).out.trimEnd().split('\n').at(-1)!;
  assert.equal(await listed('2'), '(the first 2; --limit shows more)');
  assert.equal(await listed('1000'), '(the first 1000, more are not shown)');
});

test('What a caller put into the URL of a callback cannot steer the terminal', async () => {
  add('dead', 'https://example.com/?from=\u001b[2J\u009bx');
  const { out } = await cli('callbacks', 'list', '--data', directory);
  assert.ok(out.includes('https://example.com/?from= [2J x\n'), JSON.stringify(out));
});

test('JSON lists the state that was asked for', async () => {
  add('dead');
  const id = add('pending');
  const { status, out } = await cli('callbacks', 'list', '--state', 'pending', '--json', '--data', directory);
  assert.equal(status, 0);
  const [callback, ...others] = JSON.parse(out) as Record<string, unknown>[];
  assert.deepEqual(others, []);
  assert.deepEqual(
    [callback!['id'], callback!['state'], callback!['url'], callback!['created_at']],
    [id, 'pending', 'https://example.com/status', '2026-01-01T00:00:00.000Z'],
  );
});

test('One callback is shown with its body', async () => {
  const id = add('dead');
  const { status, out } = await cli('callbacks', 'show', String(id), '--data', directory);
  assert.equal(status, 0);
  assert.deepEqual((JSON.parse(out) as { body: unknown }).body, ENVELOPE);
  assert.doesNotMatch(out, /secret/);
  const missing = await cli('callbacks', 'show', '999', '--data', directory);
  assert.deepEqual([missing.status, missing.out], [1, '']);
  assert.match(missing.err, /there is no callback 999/);
});

test('A dead letter is put back with its key and all its time; what is no dead letter is named', async () => {
  const dead = add('dead');
  const pending = add('pending');
  const key = callbacks.get(dead)!.idempotencyKey;
  const { status, out, err } = await cli(
    'callbacks',
    'retry',
    String(dead),
    String(pending),
    '--data',
    directory,
  );
  assert.equal(status, 1);
  assert.equal(out, '1 callback put back to be sent\n');
  assert.equal(err, `openswml: ${pending} is no dead letter; see openswml callbacks list\n`);
  const row = callbacks.get(dead)!;
  assert.deepEqual([row.state, row.attempts, row.idempotencyKey], ['pending', 0, key]);
  assert.ok(row.deadlineAt > Date.UTC(2026, 0, 2));
});

test('A dead letter that is named twice is put back once', async () => {
  const id = String(add('dead'));
  const { status, out, err } = await cli('callbacks', 'retry', id, id, '--data', directory);
  assert.deepEqual([status, out, err], [0, '1 callback put back to be sent\n', '']);
});

test('All dead letters are put back at once', async () => {
  const ids = [add('dead'), add('dead')];
  const { status, out } = await cli('callbacks', 'retry', '--all', '--data', directory);
  assert.deepEqual([status, out], [0, '2 callbacks put back to be sent\n']);
  assert.deepEqual(
    ids.map((id) => callbacks.get(id)!.state),
    ['pending', 'pending'],
  );
});

test('Many dead letters are put back in portions, between which the server can write', async () => {
  server.transaction(() => {
    for (let n = 0; n < 1_200; n++) add('dead');
  });
  let isOver = false;
  const retrying = cli('callbacks', 'retry', '--all', '--data', directory).finally(() => {
    isOver = true;
  });
  const counts = new Set<number>();
  while (!isOver) {
    counts.add(callbacks.countOpen());
    await new Promise((next) => setImmediate(next));
  }
  assert.equal((await retrying).out, '1200 callbacks put back to be sent\n');
  assert.ok(
    [...counts].some((count) => count > 0 && count < 1_200),
    [...counts].join(),
  );
});

test('A command line that cannot be meant changes nothing and says what is wrong', async () => {
  const id = add('dead');
  const cases: readonly [readonly string[], RegExp][] = [
    [['retry'], /name the callbacks to send again, or give --all/],
    [['retry', String(id), '--all'], /name the callbacks to send again, or give --all/],
    [['retry', 'x'], /must be the number of a callback/],
    [['show', '1.5'], /must be the number of a callback/],
    [['list', '--state', 'lost'], /Allowed choices are dead, waiting/],
    [['list', '--limit', '0'], /1 to 1000/],
    [['list', '--limit', '1.5'], /a whole number of callbacks/],
  ];
  for (const [args, message] of cases) {
    const { status, out, err } = await cli('callbacks', ...args, '--data', directory);
    assert.deepEqual([status, out], [2, ''], args.join(' '));
    assert.match(err, message);
  }
  assert.equal(callbacks.get(id)!.state, 'dead');
});

test('A folder in which no server has run is refused, and stays empty', async () => {
  const empty = mkdtempSync(path.join(tmpdir(), 'openswml-callbacks-'));
  const { status, err } = await cli('callbacks', 'list', '--data', empty);
  assert.equal(status, 2);
  assert.match(err, /There is no database in .*data_dir/);
  assert.deepEqual(readdirSync(empty), []);
  rmSync(empty, { recursive: true });
});
