import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { until } from '../../test/support/until.ts';
import { type LogFields, type Logger, silentLogger } from '../log/logger.ts';
import { RealClock } from '../time/real-clock.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { CHECKPOINT_BYTES } from './checkpoints.ts';
import { isLocked, PID_FILE } from './data-lock.ts';
import { DATABASE_FILE, Database, type DatabaseOptions } from './database.ts';
import { add, errorsInto, NOTES, notes, startProgram, storageError } from './database.test-helper.ts';

/** Removed behind each test; {@link directory} need not be in it, nor be there. */
let root: string;
let directory: string;
let database: Database | undefined;
const children: ChildProcess[] = [];

beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'openswml-storage-'));
  directory = root;
});

afterEach(() => {
  database?.close();
  database = undefined;
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

function open(options: Partial<DatabaseOptions> = {}): Database {
  database = Database.open(directory, { clock: new VirtualClock(), ...options });
  return database;
}

function withNotes(options: Partial<DatabaseOptions> = {}): Database {
  const opened = open(options);
  opened.exec(NOTES);
  return opened;
}

const startChild = (script: string): ChildProcess => {
  const child = startProgram(directory, script);
  children.push(child);
  return child;
};

async function lineOf(child: ChildProcess): Promise<string> {
  const [chunk] = await once(child.stdout!, 'data');
  return String(chunk);
}

describe('opening', () => {
  test('creates the folder, closed to other users, and the schema', () => {
    directory = path.join(directory, 'a', 'b');
    const opened = open();
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    const tables = opened
      .all("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .map((row) => row['name']);
    for (const table of ['recordings', 'callbacks', 'schema_migrations']) assert.ok(tables.includes(table));
  });

  test('keeps the database from other users, whoever made the folder', () => {
    add(withNotes(), 'written');
    for (const suffix of ['', '-wal', '-shm']) {
      const { mode } = statSync(path.join(directory, `${DATABASE_FILE}${suffix}`));
      assert.equal(mode & 0o007, 0, suffix);
    }
  });

  test('writes ahead, and flushes each commit only when told to be safe against power cuts', () => {
    const opened = open();
    assert.equal(opened.get('PRAGMA journal_mode')?.['journal_mode'], 'wal');
    assert.equal(opened.get('PRAGMA synchronous')?.['synchronous'], 1);
    opened.close();
    assert.equal(open({ synchronous: 'full' }).get('PRAGMA synchronous')?.['synchronous'], 2);
  });

  test('a second time in the same process is refused while the first is open', () => {
    const first = open();
    assert.throws(
      () => Database.open(directory, { clock: new VirtualClock() }),
      storageError('locked', /data_dir/),
    );
    first.close();
    open();
  });

  test('a second server on the folder is refused, naming the first, until that one is killed', async () => {
    const child = startChild(`
      Database.open(directory, { clock: new RealClock() });
      process.stdout.write('open');
      process.stdin.resume();`);
    await lineOf(child);
    assert.throws(
      () => open(),
      storageError('locked', new RegExp(`\\(process ${child.pid} on .+\\) already works on the data folder`)),
    );
    child.kill('SIGKILL');
    await once(child, 'exit');
    open();
    assert.equal(readFileSync(path.join(directory, PID_FILE), 'utf8').split('\n')[0], String(process.pid));
  });

  test('of many servers that start at once exactly one gets the folder', async () => {
    const servers = Array.from({ length: 4 }, () =>
      startChild(`
        try {
          Database.open(directory, { clock: new RealClock() });
          process.stdout.write('open');
        } catch (error) {
          process.stdout.write(error.code);
        }
        process.stdin.resume();`),
    );
    const outcomes = await Promise.all(servers.map(lineOf));
    for (const child of servers) child.kill('SIGKILL');
    await Promise.all(servers.map((child) => once(child, 'exit')));
    assert.deepEqual(outcomes.sort(), ['locked', 'locked', 'locked', 'open']);
  });

  test('another program may read while the server runs', () => {
    add(withNotes(), 'hello');
    const shell = new DatabaseSync(path.join(directory, DATABASE_FILE), { readOnly: true });
    assert.equal(shell.prepare('SELECT text FROM notes').get()?.['text'], 'hello');
    shell.close();
  });

  test('an operator reads and writes beside the server, which notices it and keeps its lock', () => {
    const server = withNotes();
    add(server, 'hello');
    const before = server.foreignVersion;
    const beside = Database.openShared(directory);
    assert.deepEqual(notes(beside), ['hello']);
    assert.equal(server.foreignVersion, before);
    add(beside, 'from outside');
    assert.notEqual(server.foreignVersion, before);
    assert.deepEqual(notes(server), ['hello', 'from outside']);
    beside.close();
    assert.throws(() => open(), storageError('locked', /already works on the data folder/));
  });

  test('whether a server works on a folder can be seen without being in its way', () => {
    assert.equal(isLocked(directory), false);
    assert.deepEqual(readdirSync(directory), []);
    const server = open();
    assert.equal(isLocked(directory), true);
    server.close();
    assert.equal(isLocked(directory), false);
    open();
    assert.equal(isLocked(directory), true);
  });

  test('a folder without a database is not made into one by an operator who mistypes it', () => {
    assert.throws(
      () => Database.openShared(directory),
      storageError('not_found', /no database in .*data_dir/),
    );
    assert.deepEqual(readdirSync(directory), []);
  });

  test('a database of an older program is left as it is by an operator, who is told the cure', () => {
    const opened = open();
    opened.run('DELETE FROM schema_migrations WHERE version > 1');
    opened.close();
    assert.throws(
      () => Database.openShared(directory),
      storageError('schema_mismatch', /older OpenSWML.*Start the server/),
    );
  });

  test('a file that is no database is refused with the way to salvage it', () => {
    writeFileSync(path.join(directory, DATABASE_FILE), 'x'.repeat(8192));
    assert.throws(() => open(), storageError('corrupt', /damaged or is not a database.*\.recover/));
  });

  test('a database with overwritten pages says that it is damaged, not something about SQL', () => {
    const opened = withNotes();
    for (let i = 0; i < 2000; i++) add(opened, `note ${i} ${'.'.repeat(100)}`);
    opened.close();
    const file = path.join(directory, DATABASE_FILE);
    const bytes = readFileSync(file);
    // The second half holds notes only: schema and migrations stand in the first pages.
    bytes.fill(0xff, Math.floor(bytes.length / 8192) * 4096);
    writeFileSync(file, bytes);
    const damaged = open();
    assert.throws(() => notes(damaged), storageError('corrupt', /backup/));
  });

  test('a folder where a file is in the way is refused with its name', () => {
    const file = path.join(directory, 'file');
    writeFileSync(file, '');
    directory = file;
    assert.throws(() => open(), storageError('cannot_open', /data_dir/));
  });

  test('a folder that cannot be made is refused at once, with the cure', {
    skip: !existsSync('/proc/self'),
  }, () => {
    directory = '/proc/nowhere/data';
    assert.throws(() => open(), storageError('cannot_open', /cannot be made.*data_dir/));
  });

  test('a database that cannot be written says so with the cure', () => {
    const opened = withNotes();
    opened.exec('PRAGMA query_only = 1');
    assert.throws(() => add(opened, 'a'), storageError('read_only', /Make the data folder writable/));
  });
});

describe('transactions', () => {
  test('what is thrown inside undoes everything and comes out unchanged', () => {
    const opened = withNotes();
    const failure = new Error('no');
    assert.throws(
      () =>
        opened.transaction(() => {
          add(opened, 'a');
          throw failure;
        }),
      failure,
    );
    assert.deepEqual(notes(opened), []);
  });

  test('an inner failure that is caught undoes only the inner part', () => {
    const opened = withNotes();
    opened.transaction(() => {
      add(opened, 'outer');
      assert.throws(
        () =>
          opened.transaction(() => {
            add(opened, 'inner');
            add(opened, 'outer');
          }),
        storageError('constraint', /UNIQUE/),
      );
    });
    assert.deepEqual(notes(opened), ['outer']);
  });

  test('listeners run after the commit, and not for a part that was undone', () => {
    const opened = withNotes();
    const seen: string[] = [];
    opened.transaction(() => {
      opened.afterCommit(() => seen.push(`kept, ${notes(opened).length} note`));
      try {
        opened.transaction(() => {
          opened.afterCommit(() => seen.push('undone'));
          throw new Error('inner');
        });
      } catch {
        seen.push('inner failed');
      }
      add(opened, 'a');
    });
    assert.deepEqual(seen, ['inner failed', 'kept, 1 note']);
  });

  test('when SQLite gave up the whole transaction nothing more is written in its name', () => {
    const opened = withNotes();
    assert.throws(
      () =>
        opened.transaction(() => {
          add(opened, 'before');
          // What a full disk or an I/O error makes SQLite do.
          assert.throws(() => opened.transaction(() => opened.exec('ROLLBACK')));
          add(opened, 'behind');
        }),
      storageError('io', /undone by an earlier error/),
    );
    assert.deepEqual(notes(opened), []);
    opened.transaction(() => add(opened, 'next'));
    assert.deepEqual(notes(opened), ['next']);
  });

  test('an asynchronous function is refused and undone', () => {
    const opened = withNotes();
    assert.throws(
      () =>
        opened.transaction(async () => {
          add(opened, 'a');
        }),
      TypeError,
    );
    assert.deepEqual(notes(opened), []);
  });

  test('a full disk undoes the transaction with a message, and writing goes on once there is room', () => {
    const opened = withNotes();
    const pages = Number(opened.get('PRAGMA page_count')?.['page_count']);
    opened.exec(`PRAGMA max_page_count = ${pages + 2}`);
    assert.throws(
      () =>
        opened.transaction(() => {
          for (let i = 0; i < 100; i++) add(opened, `${i}${'.'.repeat(1000)}`);
        }),
      storageError('disk_full', /No space is left .* nothing was written\. Free space/),
    );
    assert.deepEqual(notes(opened), []);
    opened.exec(`PRAGMA max_page_count = ${pages + 1000}`);
    opened.transaction(() => add(opened, 'again'));
    assert.deepEqual(notes(opened), ['again']);
  });

  test('a listener that throws after the commit is logged, and disturbs neither the others nor the next one', () => {
    const errors: unknown[] = [];
    const opened = withNotes({ log: errorsInto(errors) });
    const seen: string[] = [];
    const failure = new Error('listener');
    const fail = (): void => {
      throw failure;
    };
    const written = opened.transaction(() => {
      opened.afterCommit(fail);
      opened.afterCommit(() => seen.push('behind it'));
      return add(opened, 'a');
    });
    assert.deepEqual(written, { changes: 1, lastId: 1 });
    opened.afterCommit(fail);
    assert.throws(
      () =>
        opened.transaction(() => {
          add(opened, 'b');
          throw new Error('undone');
        }),
      /undone/,
    );
    assert.deepEqual(notes(opened), ['a']);
    assert.deepEqual(seen, ['behind it']);
    assert.deepEqual(errors, [failure, failure]);
  });

  test('a closed database says so', () => {
    const opened = withNotes();
    opened.close();
    opened.close();
    assert.throws(() => add(opened, 'late'), storageError('closed', /stopping/));
    assert.throws(() => opened.transaction(() => {}), storageError('closed', /stopping/));
  });
});

describe('durability', () => {
  test('every commit that returned is there after kill -9', async () => {
    const child = startChild(`
      const database = Database.open(directory, { clock: new RealClock() });
      database.exec('CREATE TABLE notes (text TEXT NOT NULL UNIQUE)');
      for (let i = 0; i < 100_000; i++) {
        database.transaction(() => {
          database.run('INSERT INTO notes VALUES (:text)', { text: 'a' + i });
          database.run('INSERT INTO notes VALUES (:text)', { text: 'b' + i });
        });
        // Waits until the line is out: a full pipe is only emptied between two turns of the event loop.
        await new Promise((resolve) => process.stdout.write(i + '\\n', resolve));
      }`);
    let printed = '';
    child.stdout!.on('data', (chunk) => {
      printed += chunk;
      if (printed.length > 2000) child.kill('SIGKILL');
    });
    await once(child, 'close');
    const last = Number(printed.slice(0, printed.lastIndexOf('\n')).split('\n').at(-1));
    assert.ok(last > 100);
    database = Database.open(directory, { clock: new RealClock() });
    const found = notes(database);
    assert.ok(found.length >= 2 * (last + 1), `${found.length} rows after ${last} was announced`);
    assert.equal(found.length % 2, 0);
    assert.equal(found[2 * last + 1], `b${last}`);
  });

  test('a log that has grown long is written back by a thread, which leaves before the database closes', async () => {
    const clock = new VirtualClock();
    database = Database.open(directory, { clock });
    database.exec(NOTES);
    const file = path.join(directory, DATABASE_FILE);
    for (let i = 0; i < 12; i++) add(database, String(i).repeat(500_000));
    const before = statSync(file).size;
    assert.ok(statSync(`${file}-wal`).size > CHECKPOINT_BYTES);
    assert.ok(before < CHECKPOINT_BYTES, 'this thread does not do it');
    await clock.advance(1_000);
    await until(() => statSync(file).size >= CHECKPOINT_BYTES);
    await database.leave();
    database.close();
    assert.equal(existsSync(`${file}-wal`), false);
    database = Database.open(directory, { clock });
    assert.equal(notes(database).length, 12);
  });

  test('a log that was written back is cut short by the next commit: its length tells when it is long again', async () => {
    const clock = new VirtualClock();
    database = Database.open(directory, { clock });
    database.exec(NOTES);
    const log = `${path.join(directory, DATABASE_FILE)}-wal`;
    for (let i = 0; i < 12; i++) add(database, String(i).repeat(500_000));
    await clock.advance(1_000);
    // All of it is written back when the thread has left.
    await database.leave();
    assert.ok(statSync(log).size > CHECKPOINT_BYTES);
    add(database, 'short');
    assert.ok(statSync(log).size < CHECKPOINT_BYTES, `${statSync(log).size} bytes`);
    assert.equal(notes(database).length, 13);
  });

  test('an SQLite that could damage the database so writes its log back itself, with nobody beside it, and that is told', async () => {
    const told: LogFields[] = [];
    const log: Logger = { ...silentLogger, warn: (fields) => void told.push(fields) };
    const clock = new VirtualClock();
    const opened = withNotes({ clock, log, sqliteVersion: '3.50.4' });
    assert.deepEqual(told, [{ file: path.join(directory, DATABASE_FILE), sqlite: '3.50.4' }]);
    for (let i = 0; i < 12; i++) add(opened, String(i).repeat(500_000));
    assert.ok(statSync(path.join(directory, DATABASE_FILE)).size > CHECKPOINT_BYTES / 2);
    await clock.advance(1_000);
    assert.equal(clock.pendingTimers, 0, 'flushed all the same');
    const beside = Database.openShared(directory, '3.50.4');
    assert.deepEqual({ ...beside.get('PRAGMA wal_autocheckpoint') }, { wal_autocheckpoint: 0 });
    beside.close();
  });

  test('the log is flushed to the disk within a second of a commit, and not without one', async () => {
    const clock = new VirtualClock();
    database = Database.open(directory, { clock });
    await clock.advance(1_000);
    assert.equal(clock.pendingTimers, 0);
    database.exec(NOTES);
    add(database, 'a');
    add(database, 'b');
    assert.equal(clock.pendingTimers, 1);
    await clock.advance(1_000);
    assert.equal(clock.pendingTimers, 0);
  });

  test('the log is flushed also where the database is a link to a file elsewhere', async () => {
    const clock = new VirtualClock();
    const real = path.join(root, 'real.db');
    writeFileSync(real, '');
    directory = path.join(root, 'data');
    mkdirSync(directory);
    symlinkSync(real, path.join(directory, DATABASE_FILE));
    const errors: LogFields[] = [];
    const log: Logger = { ...silentLogger, error: (fields) => void errors.push(fields) };
    const opened = withNotes({ clock, log });
    add(opened, 'a');
    await opened.durable();
    await clock.advance(1_000);
    assert.deepEqual(errors, []);
    assert.ok(existsSync(`${real}-wal`));
  });
});
