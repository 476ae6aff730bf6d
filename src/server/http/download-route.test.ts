import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { StorageError } from '../../storage/errors.ts';
import type { FileLink } from '../../storage/file-store.ts';
import { LocalFiles } from '../../storage/local-files.ts';
import { AUTH, BYTES, ID, useTestServer } from './http-fixtures.ts';

/** The end of the recording, wherever its file is, and since when. */
const MODIFIED_HTTP = 'Fri, 02 Jan 2026 00:00:12 GMT';
const ETAG = `"${ID}-10"`;
const t = useTestServer();

describe('downloads', () => {
  test('give the whole file with its type, name, tag and date', async () => {
    t.current.add();
    const response = await t.current.download();
    assert.equal(response.statusCode, 200);
    assert.equal(response.body, BYTES);
    const { headers } = response;
    assert.equal(headers['content-type'], 'audio/wav');
    assert.equal(headers['content-length'], '16');
    assert.equal(headers['content-disposition'], `inline; filename="${ID}.wav"`);
    assert.equal(headers['accept-ranges'], 'bytes');
    assert.equal(headers['etag'], ETAG);
    assert.equal(headers['last-modified'], MODIFIED_HTTP);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    // For players in pages of other origins; without credentials, which '*' forbids.
    assert.equal(headers['access-control-allow-origin'], '*');
    assert.equal(headers['access-control-allow-credentials'], undefined);
  });

  for (const [format, type] of [
    ['wav', 'audio/wav'],
    ['mp3', 'audio/mpeg'],
    ['mp4', 'audio/mp4'],
  ] as const) {
    test(`of ${format} are ${type}, also with the extension behind the URL, and only with that one`, async () => {
      t.current.add({ format });
      for (const tail of ['/download', `/download.${format}`, `.${format}`]) {
        const response = await t.current.request('GET', `/api/v1/recordings/${ID}${tail}`);
        assert.equal(response.statusCode, 200, tail);
        assert.equal(response.headers['content-type'], type, tail);
      }
      const other = format === 'wav' ? 'mp3' : 'wav';
      for (const tail of [
        '',
        '/',
        `/download.${other}`,
        `.${other}`,
        `.${format}/download`,
        '/download.',
        '/other',
      ]) {
        assert.equal(
          (await t.current.request('GET', `/api/v1/recordings/${ID}${tail}`)).statusCode,
          404,
          tail,
        );
      }
    });
  }

  test('by HEAD have the same headers and no body, and know no range', async () => {
    t.current.add();
    const get = await t.current.download();
    const head = await t.current.download({ range: 'bytes=0-3' }, 'HEAD');
    assert.equal(head.statusCode, 200);
    assert.equal(head.body, '');
    for (const name of [
      'content-type',
      'content-length',
      'etag',
      'last-modified',
      'accept-ranges',
    ] as const) {
      assert.equal(head.headers[name], get.headers[name], name);
    }
  });

  test('in part are 206 with the place of the part', async () => {
    t.current.add();
    for (const [range, body, place] of [
      ['bytes=0-3', '0123', 'bytes 0-3/16'],
      ['bytes=10-', 'abcdef', 'bytes 10-15/16'],
      ['bytes=-4', 'cdef', 'bytes 12-15/16'],
      ['bytes=0-3,2-5', '012345', 'bytes 0-5/16'],
    ] as const) {
      const response = await t.current.download({ range });
      assert.equal(response.statusCode, 206, range);
      assert.equal(response.body, body);
      assert.equal(response.headers['content-range'], place);
      assert.equal(response.headers['content-length'], String(body.length));
    }
  });

  test('of a part behind the end are 416 with the size', async () => {
    t.current.add();
    const response = await t.current.download({ range: 'bytes=16-' });
    assert.equal(response.statusCode, 416);
    assert.equal(response.headers['content-range'], 'bytes */16');
    assert.deepEqual(response.json(), { error: 'Range Not Satisfiable' });
  });

  test('of several parts with a gap between them are the whole file', async () => {
    t.current.add();
    const response = await t.current.download({ range: 'bytes=0-3,8-9' });
    assert.equal(response.statusCode, 200);
    assert.equal(response.body, BYTES);
  });

  test('that the client already has are 304 without a body', async () => {
    t.current.add();
    for (const headers of [{ 'if-none-match': ETAG }, { 'if-modified-since': MODIFIED_HTTP }]) {
      const response = await t.current.download(headers);
      assert.equal(response.statusCode, 304);
      assert.equal(response.body, '');
      assert.equal(response.headers['etag'], ETAG);
    }
  });

  test('of which the client expects another version are 412', async () => {
    t.current.add();
    assert.equal((await t.current.download({ 'if-match': '"other"' })).statusCode, 412);
  });

  test('in part of another version are the whole file', async () => {
    t.current.add();
    const same = await t.current.download({ range: 'bytes=0-3', 'if-range': ETAG });
    assert.equal(same.statusCode, 206);
    const other = await t.current.download({ range: 'bytes=0-3', 'if-range': '"other"' });
    assert.equal(other.statusCode, 200);
    assert.equal(other.body, BYTES);
  });

  test('answer 404 until the recording is complete, and when nothing was kept', async () => {
    for (const status of ['in-progress', 'paused', 'absent', 'failed'] as const) {
      t.current.add({ id: crypto.randomUUID(), status });
      const [added] = t.current.recordings.list({ limit: 1 });
      t.current.recordings.delete(added!.id);
      t.current.recordings.insert({ ...added!, id: ID });
      const response = await t.current.download();
      assert.equal(response.statusCode, 404, status);
      assert.equal(response.json().error, 'Not Found');
      assert.match(response.json().detail, new RegExp(status));
      t.current.recordings.delete(ID);
    }
  });

  test('answer 404 for what does not exist, and note a file that has gone missing', async () => {
    assert.equal((await t.current.download()).statusCode, 404);
    const { path: file } = t.current.add();
    rmSync(path.join(t.current.directory, file));
    assert.equal((await t.current.download()).statusCode, 404);
    assert.equal(t.current.logged.at(-1)?.fields['recording_id'], ID);
  });

  test('answer 404 for ids that are none, whatever path they try', async () => {
    writeFileSync(path.join(t.current.directory, 'secret'), 'secret');
    for (const id of [
      '../secret',
      '..%2fsecret',
      '%2e%2e/secret',
      `${ID}%00`,
      'x'.repeat(5_000),
      "';--",
      `${ID}.`,
    ]) {
      const response = await t.current.request('GET', `/api/v1/recordings/${id}/download`);
      assert.ok(
        [400, 404, 414].includes(response.statusCode),
        `${response.statusCode} for ${id.slice(0, 40)}`,
      );
      assert.doesNotMatch(response.body, /secret"?$/);
    }
  });

  test('of another format than the stored one are 404 with the reason', async () => {
    t.current.add();
    const response = await t.current.request('GET', `/api/v1/recordings/${ID}/download.mp3`);
    assert.deepEqual(response.json(), {
      error: 'Not Found',
      detail: 'the recording is stored as wav; there is no mp3 of it',
    });
  });

  test('of a file that goes between the look at it and its first byte are 404', async () => {
    const { path: file } = t.current.add();
    await t.current.server.close();
    const files = new LocalFiles(t.current.directory);
    t.current.server = t.current.make({
      files: {
        open: async (name) => {
          const found = await files.open(name);
          rmSync(path.join(t.current.directory, file));
          return found;
        },
        remove: (name) => files.remove(name),
      },
    });
    const response = await t.current.download();
    assert.equal(response.statusCode, 404);
    assert.deepEqual(response.json(), { error: 'Not Found' });
    assert.match(String(response.headers['content-type']), /^application\/json/);
    assert.equal(response.headers['content-length'], String(response.body.length));
  });

  test('of a file that clients may fetch elsewhere are 302 with a link that nobody keeps; HEAD and conditions stay here', async () => {
    t.current.add();
    await t.current.server.close();
    const asked: unknown[] = [];
    const files = new LocalFiles(t.current.directory);
    t.current.server = t.current.make({
      files: {
        remove: (name) => files.remove(name),
        async open(name) {
          const file = (await files.open(name))!;
          const link = async (as: FileLink): Promise<string> => {
            asked.push(as);
            return 'https://store.example/object?signature=1';
          };
          return { size: file.size, modifiedMs: file.modifiedMs, read: (range) => file.read(range), link };
        },
      },
    });
    const response = await t.current.download({ range: 'bytes=0-3' });
    assert.equal(response.statusCode, 302);
    assert.equal(response.headers['location'], 'https://store.example/object?signature=1');
    assert.equal(response.headers['cache-control'], 'private, no-store');
    assert.deepEqual(asked, [{ contentType: 'audio/wav', disposition: `inline; filename="${ID}.wav"` }]);
    const head = await t.current.download({}, 'HEAD');
    assert.deepEqual([head.statusCode, head.headers['content-length']], [200, String(BYTES.length)]);
    const { etag } = head.headers;
    assert.equal((await t.current.download({ 'if-none-match': String(etag) })).statusCode, 304);
  });

  test('are 503 with the time to come back while the object store does not answer', async () => {
    t.current.add();
    await t.current.server.close();
    const down = new StorageError('unreachable', 'the object store cannot be reached');
    t.current.server = t.current.make({
      files: { open: () => Promise.reject(down), remove: () => Promise.reject(down) },
    });
    const response = await t.current.download();
    assert.deepEqual([response.statusCode, response.headers['retry-after']], [503, '10']);
    assert.deepEqual(response.json(), { error: 'Service Unavailable' });
  });

  test('of a file that can be read no further break off, and the log says why', async () => {
    t.current.add();
    await t.current.server.close();
    const cause = new StorageError('unreachable', 'the object store cannot be reached');
    const read = (): Readable =>
      Readable.from(
        (async function* () {
          yield Buffer.from(BYTES.slice(0, 4));
          // Behind the headers, and what was read.
          for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve));
          throw cause;
        })(),
        { objectMode: false },
      );
    const file = { size: BYTES.length, modifiedMs: 0, read };
    t.current.server = t.current.make({ files: { open: async () => file, remove: async () => false } });
    await assert.rejects(t.current.download(), /destroyed before completion/);
    const [told, ...others] = t.current.logged;
    assert.deepEqual(others, []);
    assert.equal(told?.message, 'a download broke off');
    assert.deepEqual([told?.fields['recording_id'], told?.fields['err']], [ID, cause]);
  });

  test('need the credentials while recordings are protected, from one request to the next', async () => {
    t.current.add();
    t.current.protect = true;
    const refused = await t.current.download();
    assert.equal(refused.statusCode, 401);
    assert.deepEqual(refused.json(), { error: 'Unauthorized' });
    assert.match(String(refused.headers['www-authenticate']), /^Basic realm="OpenSWML"/);
    assert.equal((await t.current.download(AUTH)).body, BYTES);
    t.current.protect = false;
    assert.equal((await t.current.download()).statusCode, 200);
  });

  test('of an empty file are empty', async () => {
    const { path: file } = t.current.add();
    writeFileSync(path.join(t.current.directory, file), '');
    const response = await t.current.download();
    assert.equal(response.statusCode, 200);
    assert.equal(response.headers['content-length'], '0');
    assert.equal((await t.current.download({ range: 'bytes=0-' })).statusCode, 416);
  });
});
