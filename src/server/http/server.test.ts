import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { skipWithout } from '../../../test/support/programs.ts';
import { HttpListenError } from './errors.ts';
import { AUTH, BYTES, ID, REST, useTestServer } from './http-fixtures.ts';

const MODIFIED_HTTP = 'Fri, 02 Jan 2026 03:04:05 GMT';
const t = useTestServer();

describe('every answer', () => {
  test('has a request id of its own', async () => {
    const ids = new Set<string>();
    for (const url of ['/healthz', '/', '/nowhere', REST, `/api/v1/recordings/${ID}/download`, '/%zz']) {
      const id = String((await t.current.request('GET', url)).headers['x-request-id']);
      assert.match(id, /^[0-9a-f-]{36}$/, url);
      ids.add(id);
    }
    assert.equal(ids.size, 6);
  });

  test('that is an error has the body of the language', async () => {
    assert.deepEqual((await t.current.request('GET', '/nowhere')).json(), { error: 'Not Found' });
    assert.deepEqual((await t.current.request('GET', '/%zz')).json(), { error: 'Bad Request' });
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const nowhere = await t.current.request('POST', '/nowhere', form, 'a=b');
    assert.deepEqual([nowhere.statusCode, nowhere.json()], [404, { error: 'Not Found' }]);
    const large = await t.current.server.app.inject({
      method: 'DELETE',
      url: `${REST}/${ID}`,
      headers: { ...AUTH, 'content-type': 'application/json' },
      payload: JSON.stringify('x'.repeat(2_000_000)),
    });
    assert.equal(large.statusCode, 413);
    assert.deepEqual(large.json(), { error: 'Payload Too Large' });
  });

  test('to a failure of ours tells nothing about it, the log does', async () => {
    t.current.database.close();
    const response = await t.current.request('GET', REST, AUTH);
    assert.equal(response.statusCode, 500);
    assert.deepEqual(response.json(), { error: 'Internal Server Error' });
    assert.equal(t.current.logged.at(-1)?.fields['request_id'], response.headers['x-request-id']);
  });
});

describe('health and status', () => {
  test('healthz answers as long as the process does', async () => {
    const response = await t.current.request('GET', '/healthz');
    assert.equal(response.statusCode, 200);
    assert.deepEqual(response.json(), { status: 'ok' });
  });

  test('readyz is 503 with the reason while something is missing', async () => {
    assert.deepEqual((await t.current.request('GET', '/readyz')).json(), { status: 'ready', checks: [] });
    await t.current.server.close();
    const checks = [
      { name: 'sip', ok: true },
      { name: 'media', ok: false, detail: 'no worker' },
    ];
    t.current.server = t.current.make({ readiness: () => checks });
    const response = await t.current.request('GET', '/readyz');
    assert.equal(response.statusCode, 503);
    assert.deepEqual(response.json(), { status: 'not ready', checks });
  });

  test('the first page tells people and programs where to call', async () => {
    const text = await t.current.request('GET', '/');
    assert.match(String(text.headers['content-type']), /^text\/plain/);
    for (const part of [
      '1.2.3',
      'sip:anything@192.0.2.1:5060',
      'http://192.0.2.1:8080',
      /Calls now: +7/,
      '1 d 2 h 3 min 4 s',
    ]) {
      assert.match(text.body, new RegExp(part));
    }
    const html = await t.current.request('GET', '/', { accept: 'text/html,*/*' });
    assert.match(String(html.headers['content-type']), /^text\/html/);
    assert.match(html.body, /<td>sip:anything@192\.0\.2\.1:5060/);
  });
});

describe('over a real socket', () => {
  test('listens on a free port and says which', async () => {
    const { host, port } = await t.current.server.listen();
    assert.equal(host, '127.0.0.1');
    const response = await fetch(`http://127.0.0.1:${port}/healthz`);
    assert.equal(response.status, 200);
    await response.body?.cancel();
  });

  test('a port in use is one error with the cure', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const second = t.current.make({ listen: { host: '127.0.0.1', port } });
    await assert.rejects(second.listen(), (error) => {
      assert.ok(error instanceof HttpListenError);
      assert.equal(error.code, 'in_use');
      assert.match(
        error.message,
        new RegExp(`127\\.0\\.0\\.1:${port}: another program uses .* http\\.listen`),
      );
      return true;
    });
    await second.close();
    other.close();
  });

  test('an address that is not ours is one error with the cure', async () => {
    const elsewhere = t.current.make({ listen: { host: '192.0.2.1', port: 0 } });
    await assert.rejects(
      elsewhere.listen(),
      (error) =>
        error instanceof HttpListenError && error.code === 'not_ours' && /0\.0\.0\.0/.test(error.message),
    );
    await elsewhere.close();
  });

  test('parts fetched one by one make up a large file', async () => {
    const { path: file } = t.current.add();
    const content = Buffer.alloc(3_000_001, 'OpenSWML ');
    writeFileSync(path.join(t.current.directory, file), content);
    const { port } = await t.current.server.listen();
    const url = `http://127.0.0.1:${port}/api/v1/recordings/${ID}/download`;
    const parts: Buffer[] = [];
    for (let start = 0; start < content.length; start += 1_000_000) {
      const response = await fetch(url, { headers: { range: `bytes=${start}-${start + 999_999}` } });
      assert.equal(response.status, 206);
      parts.push(Buffer.from(await response.arrayBuffer()));
    }
    assert.ok(Buffer.concat(parts).equals(content));
    assert.ok(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(content));
  });

  test('a client that breaks off a download leaves nothing behind', async () => {
    const { path: file } = t.current.add();
    writeFileSync(path.join(t.current.directory, file), Buffer.alloc(20_000_000));
    const { port } = await t.current.server.listen();
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET /api/v1/recordings/${ID}/download HTTP/1.1\r\nHost: x\r\n\r\n`);
    await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();
    assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200);
    assert.deepEqual(t.current.logged, []);
  });

  test('close does not wait for a slow download', async () => {
    const { path: file } = t.current.add();
    writeFileSync(path.join(t.current.directory, file), Buffer.alloc(20_000_000));
    const { port } = await t.current.server.listen();
    const socket = connect(port, '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    socket.write(`GET /api/v1/recordings/${ID}/download HTTP/1.1\r\nHost: x\r\n\r\n`);
    await new Promise((resolve) => socket.once('data', resolve));
    socket.pause();
    await t.current.server.close();
    socket.resume();
    await closed;
  });

  test('a recording that is deleted while it is downloaded comes whole, and is gone for the next one', async () => {
    const { path: file } = t.current.add();
    const content = Buffer.alloc(20_000_000, 'OpenSWML ');
    writeFileSync(path.join(t.current.directory, file), content);
    const { port } = await t.current.server.listen();
    const url = `http://127.0.0.1:${port}/api/v1/recordings/${ID}/download`;
    const reader = (await fetch(url)).body!.getReader();
    const pieces = [(await reader.read()).value!];
    const deleted = await fetch(`http://127.0.0.1:${port}${REST}/${ID}`, { method: 'DELETE', headers: AUTH });
    assert.equal(deleted.status, 204);
    assert.equal((await fetch(url)).status, 404);
    for (let piece = await reader.read(); piece.value !== undefined; piece = await reader.read()) {
      pieces.push(piece.value);
    }
    assert.ok(Buffer.concat(pieces).equals(content));
  });

  test('curl resumes a download, asks by HEAD and by date', { skip: skipWithout('curl') }, async () => {
    const curl = promisify(execFile);
    t.current.add();
    const { port } = await t.current.server.listen();
    const url = `http://127.0.0.1:${port}/api/v1/recordings/${ID}/download`;
    const target = path.join(t.current.directory, 'target');
    writeFileSync(target, BYTES.slice(0, 5));
    await curl('curl', ['-sSf', '-C', '-', '-o', target, url]);
    assert.equal((await curl('cat', [target])).stdout, BYTES);
    const head = (await curl('curl', ['-sSfI', url])).stdout;
    assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(head, /content-length: 16\r\n/i);
    const args = ['-sS', '-o', '/dev/null', '-w', '%{http_code}', '-z', MODIFIED_HTTP, url];
    assert.equal((await curl('curl', args)).stdout, '304');
  });
});
