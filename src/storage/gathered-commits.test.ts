import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, test } from 'node:test';
import { type Logger, silentLogger } from '../log/logger.ts';
import { RealClock } from '../time/real-clock.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { DATABASE_FILE, Database } from './database.ts';
import { add, errorsInto, NOTES, notes, startProgram, storageError } from './database.test-helper.ts';

let directory: string;
let database: Database | undefined;

beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'openswml-storage-'));
});

afterEach(() => {
  database?.close();
  database = undefined;
  rmSync(directory, { recursive: true, force: true });
});

function withNotes(log: Logger = silentLogger): Database {
  database = Database.open(directory, { clock: new VirtualClock(), log });
  database.exec(NOTES);
  return database;
}

/** Sees only what is committed. */
function committed(): unknown[] {
  const shell = new DatabaseSync(path.join(directory, DATABASE_FILE), { readOnly: true });
  const found = shell.prepare('SELECT text FROM notes ORDER BY rowid').all();
  shell.close();
  return found.map((row) => row['text']);
}

test('what comes in one turn is seen at once, and committed together', async () => {
  const opened = withNotes();
  const seen: string[] = [];
  const first = opened.gather(() => {
    opened.afterCommit(() => seen.push(`after ${committed().length}`));
    return add(opened, 'a');
  });
  const second = opened.gather(() => add(opened, 'b'));
  assert.deepEqual(notes(opened), ['a', 'b']);
  assert.deepEqual(committed(), []);
  assert.deepEqual(await first, { changes: 1, lastId: 1 });
  assert.deepEqual(committed(), ['a', 'b']);
  await second;
  assert.deepEqual(seen, ['after 2']);
});

test('virtual time waits for a commit that waits for others', async () => {
  const clock = new VirtualClock();
  database = Database.open(directory, { clock });
  database.exec(NOTES);
  const written = database;
  const over: number[] = [];
  clock.after(100, async () => {
    for (const text of ['a', 'b', 'c']) {
      await written.gather(() => add(written, text));
      over.push(clock.monotonic());
    }
  });
  await clock.advance(1_000);
  assert.deepEqual(over, [100, 100, 100]);
  assert.deepEqual(committed(), ['a', 'b', 'c']);
});

test('a failure undoes its own part only', async () => {
  const opened = withNotes();
  const seen: string[] = [];
  const failure = new Error('no');
  const first = opened.gather(() => add(opened, 'a'));
  const second = opened.gather(() => {
    add(opened, 'b');
    opened.afterCommit(() => seen.push('undone'));
    throw failure;
  });
  await assert.rejects(second, failure);
  await assert.rejects(
    opened.gather(() => add(opened, 'a')),
    storageError('constraint', /UNIQUE/),
  );
  await first;
  assert.deepEqual(committed(), ['a']);
  assert.deepEqual(seen, []);
});

test('a single statement fails alone without a part of its own, and its listener is not called', async () => {
  const opened = withNotes();
  const seen: string[] = [];
  const first = opened.gather(() => add(opened, 'a'));
  const second = opened.gatherOne(() => {
    opened.afterCommit(() => seen.push('undone'));
    return opened.run('INSERT INTO notes VALUES (?), (?)', ['b', 'a']);
  });
  const third = opened.gatherOne(() => {
    opened.afterCommit(() => seen.push('c'));
    return opened.run('INSERT INTO notes VALUES (?)', ['c']);
  });
  await assert.rejects(second, storageError('constraint', /UNIQUE/));
  await Promise.all([first, third]);
  assert.deepEqual(committed(), ['a', 'c']);
  assert.deepEqual(seen, ['c']);
});

test('a write that must not wait commits what has been gathered', async () => {
  const opened = withNotes();
  const first = opened.gather(() => add(opened, 'a'));
  add(opened, 'b');
  assert.deepEqual(committed(), ['a', 'b']);
  await first;
  const second = opened.gather(() => add(opened, 'c'));
  opened.transaction(() => add(opened, 'd'));
  assert.deepEqual(committed(), ['a', 'b', 'c', 'd']);
  await second;
});

test('what a listener gathers does not stand in the way of a write that must not wait', async () => {
  const opened = withNotes();
  const gatherTwo = (text: string): Promise<unknown> => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    void opened.gather(() => {
      opened.afterCommit(() => resolve(opened.gather(() => add(opened, `${text}2`))));
      return add(opened, `${text}1`);
    });
    return promise;
  };
  const writes: ((text: string) => unknown)[] = [
    (text) => opened.transaction(() => add(opened, text)),
    (text) => add(opened, text),
    (text) => opened.exec(`INSERT INTO notes VALUES ('${text}')`),
  ];
  for (const [index, write] of writes.entries()) {
    const second = gatherTwo(`${index}`);
    write(`${index}`);
    assert.deepEqual(committed().slice(index * 3), [`${index}1`, `${index}2`, `${index}`]);
    await second;
  }
  const second = gatherTwo('last ');
  opened.close();
  await second;
  assert.deepEqual(committed().slice(-2), ['last 1', 'last 2']);
});

test('a full disk fails what has no room, and what was gathered with it is written alone', async () => {
  const opened = withNotes();
  const pages = Number(opened.get('PRAGMA page_count')?.['page_count']);
  opened.exec(`PRAGMA max_page_count = ${pages + 2}`);
  const seen: string[] = [];
  const first = opened.gather(() => {
    opened.afterCommit(() => seen.push('a'));
    return add(opened, 'a');
  });
  const second = opened.gather(() => {
    opened.afterCommit(() => seen.push('too much'));
    for (let i = 0; i < 100; i++) add(opened, `${i}${'.'.repeat(1000)}`);
  });
  await assert.rejects(
    second,
    storageError('disk_full', /No space is left .* nothing was written\. Free space/),
  );
  assert.deepEqual(await first, { changes: 1, lastId: 1 });
  assert.deepEqual(committed(), ['a']);
  assert.deepEqual(seen, ['a']);
  opened.exec(`PRAGMA max_page_count = ${pages + 1000}`);
  await opened.gather(() => add(opened, 'again'));
  assert.deepEqual(committed(), ['a', 'again']);
});

test('a listener that throws is logged; the others run, and who waits learns that the write stands', async () => {
  const errors: unknown[] = [];
  const opened = withNotes(errorsInto(errors));
  const seen: string[] = [];
  const failure = new Error('listener');
  const first = opened.gather(() => {
    opened.afterCommit(() => {
      throw failure;
    });
    opened.afterCommit(() => seen.push('a'));
    return add(opened, 'a');
  });
  const second = opened.gather(() => {
    opened.afterCommit(() => seen.push('b'));
    return add(opened, 'b');
  });
  opened.transaction(() => add(opened, 'c'));
  assert.deepEqual(await first, { changes: 1, lastId: 1 });
  await second;
  assert.deepEqual(committed(), ['a', 'b', 'c']);
  assert.deepEqual(seen, ['a', 'b']);
  assert.deepEqual(errors, [failure]);
});

test('closing commits what has been gathered', async () => {
  const opened = withNotes();
  const first = opened.gather(() => add(opened, 'a'));
  opened.close();
  await first;
  assert.deepEqual(committed(), ['a']);
  await assert.rejects(
    opened.gather(() => 1),
    storageError('closed', /stopping/),
  );
});

test('all that resolved is there after kill -9', async () => {
  const child = startProgram(
    directory,
    `
    const database = Database.open(directory, { clock: new RealClock() });
    database.exec('CREATE TABLE notes (text TEXT NOT NULL UNIQUE)');
    for (let i = 0; ; i++) {
      database.gather(() => {
        database.run('INSERT INTO notes VALUES (:text)', { text: 'a' + i });
        database.run('INSERT INTO notes VALUES (:text)', { text: 'b' + i });
      }).then(() => process.stdout.write(i + '\\n'));
      await new Promise((resolve) => setTimeout(resolve, i % 3));
    }`,
  );
  let printed = '';
  child.stdout!.on('data', (chunk) => {
    printed += chunk;
    if (printed.length > 500) child.kill('SIGKILL');
  });
  await once(child, 'close');
  const last = Number(printed.slice(0, printed.lastIndexOf('\n')).split('\n').at(-1));
  assert.ok(last > 50);
  database = Database.open(directory, { clock: new RealClock() });
  const found = notes(database);
  assert.ok(found.length >= 2 * (last + 1), `${found.length} rows after ${last} was announced`);
  assert.equal(found.length % 2, 0);
});
