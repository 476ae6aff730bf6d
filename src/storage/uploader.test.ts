import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, test } from 'node:test';
import type { VirtualClock } from '../time/virtual-clock.ts';
import { StorageError } from './errors.ts';
import type { FileStore } from './file-store.ts';
import { LocalFiles } from './local-files.ts';
import { recordingRow } from './recordings.test-helper.ts';
import { removeRecording } from './removal.ts';
import type { S3Upload } from './s3/s3-client.ts';
import type { SqliteRecordings } from './sqlite-recordings.ts';
import { TieredFiles } from './tiered-files.ts';
import { retryDelay } from './uploader.ts';
import { CONTENT, DOWN, nameOf, type Objects, UploadBench } from './uploader.test-helper.ts';
import type { Uploads } from './uploads.ts';

let bench: UploadBench;
let folder: string;
let clock: VirtualClock;
let recordings: SqliteRecordings;
let uploads: Uploads;
let objects: Objects;
let outcomes: UploadBench['outcomes'];
let logged: UploadBench['logged'];

beforeEach(() => {
  bench = new UploadBench();
  ({ folder, clock, recordings, uploads, objects, outcomes, logged } = bench);
});

afterEach(() => bench.dispose());

const fileOf = (id: string): string => bench.fileOf(id);
const add = (id: string): void => bench.add(id);
const make: UploadBench['make'] = (local) => bench.make(local);

test('a recording goes to the store, and then its local file goes', async () => {
  add('a');
  const uploader = make();
  uploader.start();
  await clock.settle();
  assert.deepEqual(objects.stored.get(nameOf('a')), CONTENT);
  assert.equal(objects.types.get(nameOf('a')), 'audio/wav');
  assert.equal(existsSync(fileOf('a')), false);
  assert.equal(uploads.get('a')?.state, 'stored');
  add('b');
  uploader.wake();
  await clock.settle();
  assert.equal(existsSync(fileOf('b')), false);
  await uploader.close();
});

test('what was recorded before there was a store moves, too; what is not finished does not', async () => {
  recordings.insert(recordingRow({ id: 'old', status: 'completed', path: nameOf('old') }));
  recordings.insert(recordingRow({ id: 'new', status: 'in-progress', path: nameOf('new') }));
  writeFileSync(fileOf('old'), CONTENT);
  const uploader = make();
  uploader.start();
  await clock.settle();
  assert.deepEqual([...objects.stored.keys()], [nameOf('old')]);
  assert.equal(uploads.get('new'), undefined);
  await uploader.close();
});

test('while the store is down, recordings stay here; each is tried ever more slowly, and all arrive', async () => {
  for (let n = 0; n < 5; n++) add(`r${n}`);
  objects.fault = () => DOWN;
  const uploader = make();
  uploader.start();
  await clock.advance(3_600_000);
  assert.equal(uploader.backlog, 5);
  for (let n = 0; n < 5; n++) assert.ok(existsSync(fileOf(`r${n}`)));
  const { attempts, error } = uploads.get('r0')!;
  // 1, 2, 4 … s up to five minutes: 8 in the first 4 minutes, then one each 5 minutes.
  assert.ok(attempts >= 15 && attempts <= 22, `${attempts} attempts`);
  const failed = [0, 1, 2, 3, 4].reduce((total, n) => total + uploads.get(`r${n}`)!.attempts, 0);
  assert.deepEqual(
    outcomes,
    Array.from({ length: failed }, () => 'failed'),
  );
  assert.equal(error, DOWN.message);
  assert.equal(logged.filter(({ level }) => level === 'error').length, 1, 'told once, not for each');
  objects.fault = undefined;
  await clock.advance(400_000);
  assert.equal(uploader.backlog, 0);
  assert.deepEqual(
    outcomes.slice(failed),
    Array.from({ length: 5 }, () => 'stored'),
  );
  assert.equal(objects.stored.size, 5);
  assert.equal(logged.filter(({ message }) => /takes recordings again/.test(message)).length, 1);
  await uploader.close();
});

test('a restart takes up what was waiting, where it stood', async () => {
  add('a');
  objects.fault = () => DOWN;
  const first = make();
  first.start();
  await clock.advance(10_000);
  await first.close();
  const { attempts } = uploads.get('a')!;
  objects.fault = undefined;
  const second = make();
  second.start();
  await clock.advance(20_000);
  assert.ok(attempts > 1);
  assert.equal(uploads.get('a')?.state, 'stored');
  await second.close();
});

test('closing breaks an upload off without counting it; the next start does it', async () => {
  add('a');
  const { promise, resolve } = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  objects.onArrived = () => {
    arrived.resolve();
    return promise;
  };
  const first = make();
  first.start();
  await arrived.promise;
  const closed = first.close();
  resolve();
  await closed;
  assert.deepEqual([uploads.get('a')?.state, uploads.get('a')?.attempts], ['waiting', 0]);
  assert.ok(existsSync(fileOf('a')));
  objects.onArrived = () => {};
  const second = make();
  second.start();
  await clock.settle();
  assert.equal(uploads.get('a')?.state, 'stored');
  await second.close();
});

test('whatever a kill -9 left of an upload is finished at the next start, and nothing is sent twice', async () => {
  // Killed behind the PUT; behind the note that it is stored; behind the removal of the file, before the note.
  for (const id of ['sent', 'removed']) add(id);
  for (const id of ['sent', 'removed']) objects.stored.set(nameOf(id), CONTENT);
  rmSync(fileOf('removed'));
  const uploader = make();
  uploader.start();
  await clock.settle();
  for (const id of ['sent', 'removed']) {
    assert.equal(uploads.get(id)?.state, 'stored', id);
    assert.equal(existsSync(fileOf(id)), false, id);
  }
  assert.equal(objects.puts, 0);
  await uploader.close();
});

test('an object that a broken upload left half is replaced', async () => {
  add('a');
  objects.stored.set(nameOf('a'), CONTENT.subarray(0, 1000));
  const uploader = make();
  uploader.start();
  await clock.settle();
  assert.deepEqual(objects.stored.get(nameOf('a')), CONTENT);
  await uploader.close();
});

test('a local file is not removed before the store shows the same bytes', async () => {
  add('a');
  objects.onArrived = async () => {};
  const { put } = objects;
  let broken = true;
  objects.put = async function (this: Objects, name: string, upload: S3Upload) {
    await put.call(this, name, upload);
    if (broken) this.stored.get(name)!.fill(0, 500, 600);
  };
  const uploader = make();
  uploader.start();
  await clock.advance(5000);
  assert.ok(existsSync(fileOf('a')));
  assert.match(uploads.get('a')?.error ?? '', /does not show what was uploaded/);
  broken = false;
  await clock.advance(60_000);
  assert.equal(existsSync(fileOf('a')), false);
  assert.deepEqual(objects.stored.get(nameOf('a')), CONTENT);
  await uploader.close();
});

test('a recording that is deleted while it goes up leaves nothing, here or there', async () => {
  add('a');
  const remote: FileStore = {
    open: async () => undefined,
    async remove(name) {
      await objects.remove(name);
      return true;
    },
  };
  const files = new TieredFiles(new LocalFiles(folder), remote);
  objects.onArrived = async () => {
    assert.equal(await removeRecording('a', { by: 'rest' }, { recordings, files }), 'removed');
  };
  const uploader = make();
  uploader.start();
  await clock.settle();
  assert.equal(objects.puts, 1);
  assert.deepEqual([...objects.stored.keys()], []);
  assert.equal(existsSync(fileOf('a')), false);
  assert.equal(uploads.get('a'), undefined);
  await uploader.close();
});

test('a file that is gone before it was uploaded is told once, and not tried for ever', async () => {
  add('a');
  rmSync(fileOf('a'));
  const uploader = make();
  uploader.start();
  await clock.advance(3_600_000);
  assert.equal(uploads.get('a')?.state, 'lost');
  assert.deepEqual(outcomes, ['lost']);
  assert.equal(logged.filter(({ level }) => level === 'error').length, 1);
  await uploader.close();
});

test('a local file that cannot be removed is tried again, without another upload', async () => {
  add('a');
  const local = new LocalFiles(folder);
  let stuck = true;
  const uploader = make({
    open: (name) => local.open(name),
    remove: (name) => (stuck ? Promise.reject(new Error('permission denied')) : local.remove(name)),
  });
  uploader.start();
  await clock.advance(5000);
  assert.ok(existsSync(fileOf('a')));
  stuck = false;
  await clock.advance(60_000);
  assert.equal(existsSync(fileOf('a')), false);
  assert.equal(objects.puts, 1);
  await uploader.close();
});

test('a list of uploads that cannot be read for a while is told, ends nothing, and is read again', async () => {
  add('a');
  add('b');
  const waiting = uploads.waiting.bind(uploads);
  const broken = new StorageError('io', 'disk I/O error');
  uploads.waiting = () => {
    throw broken;
  };
  const uploader = make();
  uploader.start();
  uploader.wake();
  uploads.waiting = (limit) => waiting(limit).slice(0, 1);
  // Broken again when the first one is there.
  objects.onArrived = () => {
    uploads.waiting = () => {
      throw broken;
    };
  };
  await clock.advance(60_000);
  assert.deepEqual([...objects.stored.keys()], [nameOf('a')]);
  assert.deepEqual(
    logged.filter(({ level }) => level === 'error').map(({ fields }) => fields['err']),
    [broken, broken, broken],
  );
  uploads.waiting = waiting;
  await clock.advance(60_000);
  assert.equal(uploads.get('b')?.state, 'stored');
  await uploader.close();
});

test('a local file stays where no row says that its recording is in the store', async () => {
  add('a');
  objects.onArrived = () => uploads.remove('a');
  const uploader = make();
  uploader.start();
  await clock.settle();
  assert.equal(objects.puts, 1);
  assert.ok(existsSync(fileOf('a')));
  await uploader.close();
});

test('what is not finished stays here, whoever says that it is to be uploaded', async () => {
  recordings.insert(recordingRow({ id: 'a', status: 'in-progress', path: nameOf('a') }));
  writeFileSync(fileOf('a'), CONTENT);
  uploads.add('a', nameOf('a'), clock.now());
  const uploader = make();
  uploader.start();
  await clock.advance(10_000);
  assert.equal(objects.puts, 0);
  assert.match(uploads.get('a')?.error ?? '', /in-progress/);
  assert.ok(existsSync(fileOf('a')));
  await uploader.close();
});

test('a recording of which the end is only gathered goes up when that is committed', async () => {
  bench.useFile();
  ({ recordings, uploads } = bench);
  const { database } = bench;
  const before = recordingRow({ id: 'a', status: 'in-progress', path: nameOf('a') });
  recordings.insert(before);
  writeFileSync(fileOf('a'), CONTENT);
  const uploader = make();
  uploader.start();
  database.exec(`PRAGMA max_page_count = ${Number(database.get('PRAGMA page_count')?.['page_count']) + 4}`);
  let times = 0;
  const completed = database
    .gather(() => {
      // A disk that is still full when it is done anew.
      if (++times > 1) throw new StorageError('disk_full', 'no space');
      recordings.update(before, { status: 'completed' });
      uploads.add('a', nameOf('a'), clock.now());
    })
    .catch(() => {});
  uploader.wake();
  const tooMuch = database.gather(() => {
    for (let n = 0; n < 1000; n++) recordings.insert(recordingRow({ id: `more ${n}`.padEnd(500) }));
  });
  await assert.rejects(tooMuch, /No space is left/);
  await completed;
  await clock.settle();
  const row = recordings.get('a');
  assert.equal(row?.status, 'completed', 'or its file must be here');
  assert.equal(uploads.get('a')?.state, 'stored');
  await uploader.close();
});

test('two go up at once, and no more', async () => {
  for (let n = 0; n < 6; n++) add(`r${n}`);
  let now = 0;
  let most = 0;
  let pair = Promise.withResolvers<void>();
  // None goes on before there are two, and a third would have had time to come.
  objects.onArrived = async () => {
    most = Math.max(most, ++now);
    const { promise, resolve } = pair;
    if (now >= 2) pair = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, now >= 2 ? 20 : 30_000);
    await promise;
    clearTimeout(timer);
    now--;
  };
  const uploader = make();
  uploader.start();
  await clock.settle();
  assert.equal(uploads.backlog, 0);
  assert.equal(most, 2);
  await uploader.close();
});

test('retries wait from a second to five minutes, a fifth more or less', () => {
  assert.deepEqual(
    [1, 2, 3, 9, 10, 1000].map((n) => retryDelay(n, 0.5)),
    [1000, 2000, 4000, 256_000, 300_000, 300_000],
  );
  assert.equal(retryDelay(1, 0), 800);
  assert.ok(retryDelay(1, 0.999) < 1200);
});
