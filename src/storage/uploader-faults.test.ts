import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Database } from './database.ts';
import { StorageError } from './errors.ts';
import { explained } from './explain.test-helper.ts';
import type { StoredFile } from './file-store.ts';
import { LocalFiles } from './local-files.ts';
import { recordingRow } from './recordings.test-helper.ts';
import { SqliteRecordings } from './sqlite-recordings.ts';
import { CONTENT, DOWN, nameOf, UploadBench } from './uploader.test-helper.ts';
import { FILE_LEFT } from './uploads.ts';

function openBench(t: TestContext): UploadBench {
  const bench = new UploadBench();
  t.after(() => bench.dispose());
  return bench;
}

test('a local file that was to be removed when the server was killed is removed at the next start', async (t) => {
  const bench = openBench(t);
  const { clock, uploads, objects } = bench;
  for (const id of ['left', 'deleted']) {
    bench.add(id);
    objects.stored.set(nameOf(id), CONTENT);
    uploads.save(uploads.get(id)!, { state: 'stored', error: FILE_LEFT }, clock.now());
  }
  rmSync(bench.fileOf('deleted'));
  const uploader = bench.make();
  uploader.start();
  await clock.settle();
  assert.equal(existsSync(bench.fileOf('left')), false);
  for (const id of ['left', 'deleted']) assert.equal(uploads.get(id)?.error, undefined, id);
  assert.equal(objects.puts, 0);
  await uploader.close();
});

test('a file that was gone and is here again at a start is uploaded then', async (t) => {
  const bench = openBench(t);
  const { clock, uploads, objects, outcomes } = bench;
  for (const id of ['back', 'gone']) {
    bench.add(id);
    rmSync(bench.fileOf(id));
  }
  const first = bench.make();
  first.start();
  await clock.settle();
  await first.close();
  assert.deepEqual([uploads.get('back')?.state, uploads.get('gone')?.state], ['lost', 'lost']);
  // A disk that was not mounted, or a backup.
  writeFileSync(bench.fileOf('back'), CONTENT);
  const second = bench.make();
  second.start();
  await clock.settle();
  assert.deepEqual([uploads.get('back')?.state, uploads.get('gone')?.state], ['stored', 'lost']);
  assert.deepEqual(objects.stored.get(nameOf('back')), CONTENT);
  assert.equal(existsSync(bench.fileOf('back')), false);
  assert.deepEqual(outcomes, ['lost', 'lost', 'stored']);
  await second.close();
});

test('a local file stays until a power cut cannot take the note that it is in the store', async (t) => {
  const bench = openBench(t);
  const { clock, uploads } = bench;
  bench.add('a');
  const written = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  bench.durable = () => {
    if (uploads.get('a')?.state === 'stored') asked.resolve();
    return uploads.get('a')?.state === 'stored' ? written.promise : Promise.resolve();
  };
  const uploader = bench.make();
  uploader.start();
  await asked.promise;
  assert.ok(existsSync(bench.fileOf('a')));
  written.resolve();
  await clock.settle();
  assert.equal(existsSync(bench.fileOf('a')), false);
  assert.deepEqual([uploads.get('a')?.state, uploads.get('a')?.error], ['stored', undefined]);
  await uploader.close();
});

test('a file that gets another key while it is sent is sent again, and stays until then', async (t) => {
  const bench = openBench(t);
  const { clock, uploads, objects } = bench;
  bench.add('a');
  const moved = Buffer.from(CONTENT);
  moved.fill('key', 100, 180);
  objects.onArrived = () => {
    writeFileSync(bench.fileOf('a'), moved);
    objects.onArrived = () => {};
  };
  const uploader = bench.make();
  uploader.start();
  await clock.settle();
  assert.ok(existsSync(bench.fileOf('a')));
  assert.match(uploads.get('a')?.error ?? '', /was changed while it was uploaded/);
  await clock.advance(5000);
  assert.equal(existsSync(bench.fileOf('a')), false);
  assert.deepEqual(objects.stored.get(nameOf('a')), moved);
  await uploader.close();
});

test('where the disk cannot say that the note is kept, the file stays, and nothing is sent again', async (t) => {
  const bench = openBench(t);
  const { clock, uploads, objects } = bench;
  bench.add('a');
  const uploader = bench.make();
  bench.durable = () => Promise.reject(new Error('input/output error'));
  uploader.start();
  await clock.advance(10_000);
  assert.ok(existsSync(bench.fileOf('a')));
  assert.match(uploads.get('a')?.error ?? '', /input\/output error/);
  bench.durable = () => Promise.resolve();
  await clock.advance(60_000);
  assert.equal(existsSync(bench.fileOf('a')), false);
  assert.equal(objects.puts, 1);
  await uploader.close();
});

test('a store that refuses the look at what is not there takes recordings all the same', async (t) => {
  const bench = openBench(t);
  const { clock, uploads, objects, outcomes } = bench;
  bench.add('a');
  objects.fault = () => new StorageError('refused', 'it is not allowed');
  const { put } = objects;
  objects.put = (name, upload) => {
    objects.fault = undefined;
    return put.call(objects, name, upload);
  };
  const uploader = bench.make();
  uploader.start();
  await clock.settle();
  assert.deepEqual([outcomes, uploads.get('a')?.state], [['stored'], 'stored']);
  assert.deepEqual(objects.stored.get(nameOf('a')), CONTENT);
  await uploader.close();
});

test('while the store does not answer, no file is gone through for it', async (t) => {
  const bench = openBench(t);
  const { clock, uploads, objects } = bench;
  bench.add('a');
  objects.fault = () => DOWN;
  const files = new LocalFiles(bench.folder);
  let bytes = 0;
  const uploader = bench.make({
    open: async (name) => {
      const file = await files.open(name);
      if (file === undefined) return undefined;
      const read: StoredFile['read'] = (range) => {
        bytes += range.end + 1 - range.start;
        return file.read(range);
      };
      return { ...file, read };
    },
    remove: (name) => files.remove(name),
  });
  uploader.start();
  await clock.advance(60_000);
  assert.ok((uploads.get('a')?.attempts ?? 0) >= 3);
  assert.ok(bytes < CONTENT.length, `${bytes} bytes were read`);
  objects.fault = undefined;
  await clock.advance(400_000);
  assert.deepEqual(objects.stored.get(nameOf('a')), CONTENT);
  await uploader.close();
});

test('an upload whose failure cannot be stored waits as long as one whose failure can', async (t) => {
  const bench = openBench(t);
  const { clock, uploads, objects, outcomes } = bench;
  bench.add('a');
  objects.fault = () => DOWN;
  const { save } = uploads;
  uploads.save = () => {
    throw new StorageError('disk_full', 'No space is left.');
  };
  const uploader = bench.make();
  uploader.start();
  await clock.advance(60_000);
  // Nobody remembers how often it failed: a second each time.
  assert.ok(outcomes.length >= 50 && outcomes.length <= 75, `${outcomes.length} attempts in a minute`);
  uploads.save = save;
  objects.fault = undefined;
  await clock.advance(2000);
  assert.equal(uploads.get('a')?.state, 'stored');
  await uploader.close();
});

test('a clock that is set back keeps no upload waiting', async (t) => {
  const bench = openBench(t);
  const { clock, uploads } = bench;
  bench.add('a');
  uploads.save(uploads.get('a')!, { attempts: 3, dueAt: clock.now() + 86_400_000 }, clock.now());
  const uploader = bench.make();
  uploader.start();
  await clock.advance(1000);
  assert.equal(uploads.get('a')?.state, 'stored');
  await uploader.close();
});

test('what is gathered is committed, and with all before it on the disk, when it is called durable', async (t) => {
  const bench = openBench(t);
  bench.useFile();
  const { database, recordings } = bench;
  const gathered = database.gather(() => recordings.insert(recordingRow({ id: 'a' })));
  await database.durable();
  const other = Database.openShared(bench.folder);
  t.after(() => other.close());
  assert.equal(new SqliteRecordings(other, bench.clock).get('a')?.id, 'a');
  await gathered;
});

test('a start goes through no whole rows of recordings that have their upload', (t) => {
  const { database, uploads } = openBench(t);
  const { plan } = explained(t, database);
  const found = plan(() => uploads.addAll(0));
  assert.match(found, /SCAN kept USING COVERING INDEX recordings_kept/);
  assert.match(found, /SEARCH uploads USING (?:COVERING )?(?:PRIMARY KEY|INDEX)/);
  assert.doesNotMatch(found, /SCAN recordings/);
});
