import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { ACCESS_KEY, BUCKET, md5Of, ObjectServer, sha256Of } from '../../../test/support/object-server.ts';
import { silentLogger } from '../../log/logger.ts';
import {
  decrypt,
  encryptOnDisk,
  KEY,
  KEYS,
  sampleBytes,
} from '../../recording/encryption/encryption.test-helper.ts';
import { KeyRing, parseKey } from '../../recording/encryption/keys.ts';
import { loadConfig } from '../../server/config.ts';
import { openObjectStore } from '../../server/object-store.ts';
import { Database } from '../../storage/database.ts';
import { recordingRow } from '../../storage/recordings.test-helper.ts';
import { SqliteRecordings } from '../../storage/sqlite-recordings.ts';
import { Uploads } from '../../storage/uploads.ts';
import { RealClock } from '../../time/real-clock.ts';
import { VirtualClock } from '../../time/virtual-clock.ts';
import { cli } from '../terminal.test-helper.ts';

const PLAIN = sampleBytes(40_000);
const idOf = (n: number): string => `c0ff0000-0000-4000-8000-${String(n).padStart(12, '0')}`;

let folder: string;
let keyFile: string;
let config: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'openswml-cli-keys-'));
  mkdirSync(path.join(folder, 'data', 'recordings'), { recursive: true });
  Database.open(path.join(folder, 'data'), { clock: new VirtualClock() }).close();
  keyFile = path.join(folder, 'key');
  writeFileSync(keyFile, KEY.toString('base64'), { mode: 0o600 });
  config = path.join(folder, 'openswml.yaml');
  writeFileSync(config, 'data_dir: data\nrecording:\n  encryption:\n    key_file: key\n');
});

afterEach(() => rmSync(folder, { recursive: true }));

const inData = (name: string): string => path.join(folder, 'data', 'recordings', name);

async function add(n: number, end: 'finish' | 'crash' = 'finish'): Promise<string> {
  const file = inData(`${idOf(n)}.wav.enc`);
  await encryptOnDisk(file, idOf(n), PLAIN, end);
  return file;
}

describe('openswml recordings decrypt', () => {
  test('writes what is inside a file, with a key file or the settings, and without a server', async () => {
    const file = await add(1);
    const output = path.join(folder, 'out.wav');
    const first = await cli('recordings', 'decrypt', file, '-o', output, '--key-file', keyFile);
    assert.deepEqual([first.status, first.err], [0, '']);
    assert.equal(first.out, `${output}: recording ${idOf(1)}, 40000 bytes\n`);
    assert.deepEqual(readFileSync(output), PLAIN);
    assert.equal(statSync(output).mode & 0o077, 0);
    const second = await cli('recordings', 'decrypt', file, '-c', config);
    assert.deepEqual([second.status, second.err], [0, '']);
    assert.deepEqual(readFileSync(inData(`${idOf(1)}.wav`)), PLAIN);
  });

  test('writes several files to a folder', async () => {
    const files = [await add(1), await add(2)];
    const output = path.join(folder, 'out');
    const refused = await cli('recordings', 'decrypt', ...files, '-o', output, '-c', config);
    assert.deepEqual([refused.status, refused.err.includes('there is no such folder')], [2, true]);
    mkdirSync(output);
    assert.equal((await cli('recordings', 'decrypt', ...files, '-o', output, '-c', config)).status, 0);
    assert.deepEqual(readFileSync(path.join(output, `${idOf(2)}.wav`)), PLAIN);
  });

  test('leaves nothing behind of a file that was changed, and says where', async () => {
    const file = await add(1);
    const bytes = readFileSync(file);
    bytes[25_000]! ^= 1;
    writeFileSync(file, bytes);
    const { status, err } = await cli('recordings', 'decrypt', file, '-c', config);
    assert.equal(status, 1);
    assert.match(err, /^openswml: .*\.wav\.enc was changed since it was written, at byte 20516 or behind\n$/);
    assert.equal(existsSync(inData(`${idOf(1)}.wav`)), false);
  });

  test('leaves nothing behind when it is broken off', async (context) => {
    const file = inData(`${idOf(1)}.wav.enc`);
    await encryptOnDisk(file, idOf(1), sampleBytes(1_000_000));
    const exit = context.mock.method(process, 'exit', (() => undefined) as unknown as typeof process.exit);
    const output = path.join(folder, 'out.wav');
    let over = false;
    const run = cli('recordings', 'decrypt', file, '-o', output, '-c', config).finally(() => {
      over = true;
    });
    while (exit.mock.callCount() === 0 && !over) {
      // As Ctrl-C does, which the test runner listens for as well.
      process.emit('SIGHUP', 'SIGHUP');
      await new Promise((resolve) => setImmediate(resolve));
    }
    await run;
    assert.deepEqual(exit.mock.calls[0]?.arguments, [130]);
    assert.equal(existsSync(output), false);
  });

  test('says what is wrong with keys, files and outputs', async () => {
    const file = await add(1);
    const other = path.join(folder, 'other');
    writeFileSync(other, randomBytes(32).toString('base64'), { mode: 0o600 });
    mkdirSync(inData('folder.wav.enc'));
    const cases: [string[], number, RegExp][] = [
      [[file, '--key-file', other], 1, /is encrypted with the key [0-9a-f]{16}, which is not at hand/],
      [[file, '--key-file', path.join(folder, 'none')], 2, /none: ENOENT/],
      [[file, '--key-file', config], 2, /expected a key of 32 bytes/],
      [[inData('none.wav.enc'), '-c', config], 2, /cannot read .*none\.wav\.enc: there is no such file/],
      [[inData('folder.wav.enc'), '-c', config], 2, /cannot read .*folder\.wav\.enc: this is a folder/],
      [[config, '-c', config], 2, /does not end in \.enc: name the output with -o/],
      [
        [config, '-c', config, '-o', path.join(folder, 'x')],
        1,
        /openswml\.yaml is not an encrypted recording/,
      ],
      [[file, '-c', config, '-o', config], 2, /is there already and is not written over/],
      [[file, '-c', config, '-o', path.join(folder, 'no', 'such')], 2, /cannot write/],
      [[file, file, '-c', config], 2, /two files would be written to/],
    ];
    for (const [args, status, message] of cases) {
      const run = await cli('recordings', 'decrypt', ...args);
      assert.deepEqual([run.status, run.out], [status, ''], run.err);
      assert.match(run.err, message);
      assert.equal(run.err.includes(KEY.toString('base64').slice(0, 20)), false);
    }
    assert.equal(existsSync(path.join(folder, 'x')), false);
  });
});

function keyIn(name: string): Uint8Array {
  return parseKey(readFileSync(path.join(folder, name), 'utf8'));
}

describe('openswml recordings rotate-key', () => {
  const next = randomBytes(32);

  function setNewKey(): void {
    writeFileSync(path.join(folder, 'new'), next.toString('base64'), { mode: 0o600 });
    writeFileSync(
      config,
      'data_dir: data\nrecording:\n  encryption:\n    key_file: new\n    previous_key_files: [key]\n',
    );
  }

  test('moves every file to the new key, also those of a crash; again it finds nothing to do', async () => {
    const [finished, broken] = [await add(1), await add(2, 'crash')];
    writeFileSync(inData(`${idOf(3)}.wav`), PLAIN);
    setNewKey();
    const run = () => cli('recordings', 'rotate-key', '-c', config);
    const first = await run();
    assert.deepEqual([first.status, first.err], [0, '']);
    assert.match(first.out, /^key [0-9a-f]{16}: 2 files moved, 0 were there already, 0 failed\n$/);
    assert.deepEqual(await decrypt(readFileSync(finished), new KeyRing(next), idOf(1)), PLAIN);
    await assert.rejects(decrypt(readFileSync(finished), KEYS, idOf(1)), { code: 'unknown_key' });
    assert.deepEqual(readFileSync(inData(`${idOf(3)}.wav`)), PLAIN);
    assert.ok(existsSync(`${broken}.part`));
    assert.match((await run()).out, /0 files moved, 2 were there already/);
  });

  test('moves what traces hold of calls, which are as old as before', async () => {
    const day = path.join(folder, 'traces', '2026-01-02');
    mkdirSync(day, { recursive: true });
    const file = path.join(day, `${idOf(1)}.wav.enc`);
    await encryptOnDisk(file, idOf(1), PLAIN);
    const written = new Date('2026-01-02T03:04:05Z');
    utimesSync(file, written, written);
    writeFileSync(path.join(day, 'keys.enc'), 'of somebody else');
    setNewKey();
    appendFileSync(config, 'trace: {dir: traces}\n');
    const { status, out, err } = await cli('recordings', 'rotate-key', '-c', config);
    assert.deepEqual([status, err], [0, '']);
    assert.match(out, /1 files moved, 0 were there already, 0 failed/);
    assert.deepEqual(await decrypt(readFileSync(file), new KeyRing(next), idOf(1)), PLAIN);
    assert.deepEqual(statSync(file).mtime, written);
  });

  test('takes recordings for no traces where these lie in the data folder itself', async () => {
    await add(1);
    setNewKey();
    appendFileSync(config, 'trace: {dir: data}\n');
    const { status, out, err } = await cli('recordings', 'rotate-key', '-c', config);
    assert.deepEqual([status, err], [0, '']);
    assert.match(out, /1 files moved, 0 were there already, 0 failed/);
  });

  test('leaves what still grows to the server that runs, and says so where it has another key', async () => {
    await add(1);
    const growing = `${await add(2, 'crash')}.part`;
    const before = readFileSync(growing);
    setNewKey();
    const clock = new VirtualClock();
    const server = Database.open(path.join(folder, 'data'), { clock });
    const recordings = new SqliteRecordings(server, clock);
    const row = recordingRow({ id: idOf(2), path: `recordings/${idOf(2)}.wav.enc` });
    recordings.insert(row);
    try {
      const left = await cli('recordings', 'rotate-key', '-c', config);
      assert.equal(left.status, 1);
      assert.match(left.err, /^openswml: recordings\/.*2\.wav\.enc\.part: it is not finished yet, .*\n$/);
      assert.match(left.out, /1 files moved, 0 were there already, 1 failed/);
      assert.deepEqual(readFileSync(growing), before);

      // It failed, and nobody writes it any more.
      recordings.update(row, { status: 'failed' });
      const moved = await cli('recordings', 'rotate-key', '-c', config);
      assert.deepEqual([moved.status, moved.err], [0, '']);
      assert.match(moved.out, /1 files moved, 1 were there already, 0 failed/);
      recordings.update(row, { status: 'in-progress' });
      assert.match(
        (await cli('recordings', 'rotate-key', '-c', config)).out,
        /0 files moved, 2 were there already, 0 failed/,
      );
    } finally {
      server.close();
    }
  });

  test('moves what a server that was killed has left of traces, also beside the next one', async () => {
    const day = path.join(folder, 'traces', '2026-01-02');
    mkdirSync(day, { recursive: true });
    const file = path.join(day, `${idOf(1)}.wav.enc`);
    await encryptOnDisk(file, idOf(1), PLAIN, 'crash');
    // Killed in its first moment: there is nothing that could be moved.
    writeFileSync(path.join(day, `${idOf(2)}.wav.enc.part`), '');
    const before = readFileSync(`${file}.part`);
    setNewKey();
    appendFileSync(config, 'trace: {dir: traces}\n');
    const server = Database.open(path.join(folder, 'data'), { clock: new VirtualClock() });
    try {
      const { status, out, err } = await cli('recordings', 'rotate-key', '-c', config);
      assert.deepEqual([status, err], [0, '']);
      assert.match(out, /1 files moved, 1 were there already, 0 failed/);
    } finally {
      server.close();
    }
    const after = readFileSync(`${file}.part`);
    assert.notDeepEqual(after.subarray(0, 256), before.subarray(0, 256));
    assert.deepEqual(after.subarray(256), before.subarray(256));
  });

  test('tells of each file that it cannot move, and goes on', async () => {
    await add(1);
    const strange = inData(`${idOf(2)}.wav.enc`);
    writeFileSync(strange, 'no recording');
    setNewKey();
    const { status, out, err } = await cli('recordings', 'rotate-key', '-c', config);
    assert.equal(status, 1);
    assert.match(err, /^openswml: recordings\/.*2\.wav\.enc: .*is not an encrypted recording\n$/);
    assert.match(out, /1 files moved, 0 were there already, 1 failed/);
    assert.equal(readFileSync(strange, 'utf8'), 'no recording');
  });

  test('moves what lies in the object store, and leaves the rest of each as it was', async (t) => {
    const store = await ObjectServer.start();
    t.after(() => store.dispose());
    const name = `recordings/${idOf(1)}.wav.enc`;
    const before = readFileSync(await add(1));
    rmSync(inData(`${idOf(1)}.wav.enc`));
    setNewKey();
    const { id, secret } = ACCESS_KEY;
    const s3 = { endpoint: store.url, bucket: BUCKET, access_key_id: id, secret_access_key: secret };
    appendFileSync(config, `storage: ${JSON.stringify({ s3 })}\n`);
    const objects = openObjectStore(loadConfig({ file: config, env: {}, cwd: folder }).config, {
      clock: new RealClock(),
      log: silentLogger,
    })!;
    t.after(() => objects.close());
    const sums = { md5: md5Of(before), sha256: sha256Of(before) };
    const open = (): AsyncIterable<Uint8Array> => Readable.from([before]);
    await objects.client.put(name, { length: before.length, open, contentType: 'audio/wav', ...sums });
    const database = Database.open(path.join(folder, 'data'), { clock: new VirtualClock() });
    const row = recordingRow({ id: idOf(1), status: 'completed', path: name });
    new SqliteRecordings(database, new VirtualClock()).insert(row);
    const uploads = new Uploads(database);
    uploads.add(idOf(1), name, 0);
    uploads.save(uploads.get(idOf(1))!, { state: 'stored' }, 0);
    database.close();

    const run = await cli('recordings', 'rotate-key', '-c', config);
    assert.deepEqual([run.status, run.err], [0, '']);
    assert.match(run.out, /: 1 files moved, 0 were there already, 0 failed/);
    const after = store.content(name)!;
    assert.deepEqual(after.subarray(256), before.subarray(256));
    assert.deepEqual(await decrypt(after, new KeyRing(next), idOf(1)), PLAIN);
    store.requests.length = 0;
    assert.match(
      (await cli('recordings', 'rotate-key', '-c', config)).out,
      /0 files moved, 1 were there already/,
    );
    assert.deepEqual(store.requests, [`GET /${BUCKET}/${name}`]);
    // Nothing is left behind.
    assert.deepEqual(
      readdirSync(path.join(folder, 'data')).filter((each) => each.startsWith('rotation')),
      [],
    );

    writeFileSync(path.join(folder, 'third'), randomBytes(32).toString('base64'), { mode: 0o600 });
    writeFileSync(
      config,
      readFileSync(config, 'utf8').replace('key_file: new', 'key_file: third').replace('[key]', '[new]'),
    );
    store.intercept = ({ method, ...context }) => {
      if (method !== 'PUT') return false;
      context.res.statusCode = 503;
      context.res.end();
      return true;
    };
    const failed = await cli('recordings', 'rotate-key', '-c', config);
    assert.equal(failed.status, 1);
    const kept = /is kept in (.*)\n/.exec(failed.err)?.[1];
    assert.equal(
      (await decrypt(readFileSync(kept!), new KeyRing(keyIn('third')), idOf(1))).length,
      PLAIN.length,
    );

    // A part of what was asked for does not take the place of all.
    const whole = store.content(name)!;
    store.intercept = (context) => {
      if (context.method !== 'GET' || context.req.headers.range === 'bytes=0-255') return false;
      context.respond = false;
      context.res.writeHead(206, { 'content-length': '1000' });
      context.res.end(whole.subarray(0, 1000));
      return true;
    };
    const cut = await cli('recordings', 'rotate-key', '-c', config);
    assert.equal(cut.status, 1);
    assert.match(cut.err, /the download: recordings at .* sent 1000 of \d+ bytes\n$/);
    assert.deepEqual(store.content(name), whole);

    // Deleted while it is put back.
    store.intercept = ({ method }) => {
      if (method !== 'PUT') return false;
      const shared = Database.openShared(path.join(folder, 'data'));
      shared.run('DELETE FROM recordings');
      shared.close();
      return false;
    };
    const deleted = await cli('recordings', 'rotate-key', '-c', config);
    assert.deepEqual([deleted.status, deleted.err], [0, '']);
    assert.match(deleted.out, /0 files moved, 0 were there already, 0 failed/);
    assert.equal(store.content(name), undefined);
  });

  test('fails for what lies in an object store that is not set: the old key is needed there', async () => {
    setNewKey();
    const name = `recordings/${idOf(1)}.wav.enc`;
    const database = Database.open(path.join(folder, 'data'), { clock: new VirtualClock() });
    const uploads = new Uploads(database);
    uploads.add(idOf(1), name, 0);
    uploads.save(uploads.get(idOf(1))!, { state: 'stored' }, 0);
    database.close();
    const { status, out, err } = await cli('recordings', 'rotate-key', '-c', config);
    assert.equal(status, 1);
    assert.equal(err, `openswml: ${name}: the file is in an object store, and none is set here\n`);
    assert.match(out, /0 files moved, 0 were there already, 1 failed/);
  });

  test('needs a folder, and a key to move to', async () => {
    const none = await cli('recordings', 'rotate-key', '-c', config, '--data', path.join(folder, 'none'));
    assert.deepEqual([none.status, /none/.test(none.err)], [2, true]);
    writeFileSync(config, 'data_dir: data\n');
    const { status, err } = await cli('recordings', 'rotate-key', '-c', config);
    assert.deepEqual([status, /there is no key to move recordings to/.test(err)], [2, true]);
  });
});
