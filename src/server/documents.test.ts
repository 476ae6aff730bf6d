import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { silentLogger } from '../log/logger.ts';
import { client, closeAfterTests, serve } from '../net/http-fixtures.ts';
import { isSignatureValid } from '../net/signature.ts';
import { RealClock } from '../time/real-clock.ts';
import { DocumentError, Documents, type DocumentsOptions } from './documents.ts';

const GOOD = 'sections:\n  main:\n    - hangup: {}\n';
const OTHER = 'sections:\n  main:\n    - answer: {}\n    - hangup: {}\n';
const PAYLOAD = { call: { call_id: 'c1' }, vars: {}, envs: {}, params: {} };
const forever = new AbortController().signal;

let folder = '';
closeAfterTests();
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'openswml-documents-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function documents(options: Partial<DocumentsOptions> & Pick<DocumentsOptions, 'source'>): Documents {
  return new Documents({
    http: client(),
    clock: new RealClock(),
    log: silentLogger,
    signingKey: undefined,
    fallback: undefined,
    ...options,
  });
}

function file(name: string, text: string, modified = 1): string {
  const place = path.join(folder, name);
  writeFileSync(place, text);
  utimesSync(place, modified, modified);
  return place;
}

const methodsOf = async (from: Documents): Promise<string[]> => {
  const document = await from.forCall(PAYLOAD, forever, silentLogger);
  return document.sections.get('main')!.map((step) => step.method);
};

/** A web server that notes what it was asked and answers `text`, or `status` without one. */
async function web(
  text: string,
  status = 200,
): Promise<{ url: string; asked: { request: IncomingMessage; body: string }[] }> {
  const asked: { request: IncomingMessage; body: string }[] = [];
  const port = await serve((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked.push({ request, body: Buffer.concat(chunks).toString() });
      response.writeHead(status, { 'content-type': 'text/plain' }).end(text);
    });
  });
  return { url: `http://127.0.0.1:${port}/swml`, asked };
}

test('a file is read again when it has changed', async () => {
  const source = file('a.yaml', GOOD, 1);
  const from = documents({ source });
  assert.deepEqual(await methodsOf(from), ['hangup']);
  file('a.yaml', OTHER, 2);
  assert.deepEqual(await methodsOf(from), ['answer', 'hangup']);
});

test('while a running document is broken or gone, calls go on with its last good state', async () => {
  const source = file('a.yaml', GOOD, 1);
  const from = documents({ source });
  await methodsOf(from);
  file('a.yaml', 'sections: [', 2);
  assert.deepEqual(await methodsOf(from), ['hangup']);
  rmSync(source);
  assert.deepEqual(await methodsOf(from), ['hangup']);
});

test('a file with a mistake is refused with its place', async () => {
  const source = file('bad.yaml', 'sections:\n  main:\n    - plai: "say:hi"\n');
  await assert.rejects(
    documents({ source }).preload(),
    (error) =>
      error instanceof DocumentError && /bad\.yaml:3:\d+/.test(error.message) && /play/.test(error.message),
  );
});

test('a file that is not there is refused in plain words', async () => {
  await assert.rejects(
    documents({ source: path.join(folder, 'none.yaml') }).preload(),
    /none\.yaml cannot be read: there is no such file/,
  );
});

test('a URL is asked by POST for each call, with the payload, signed over URL and body', async () => {
  const { url, asked } = await web(GOOD);
  const from = documents({ source: url, signingKey: 'PSK1' });
  assert.deepEqual(await methodsOf(from), ['hangup']);
  assert.deepEqual(await methodsOf(from), ['hangup']);
  assert.equal(asked.length, 2);
  const { request, body } = asked[0]!;
  assert.equal(request.method, 'POST');
  assert.equal(request.headers['content-type'], 'application/json');
  assert.deepEqual(JSON.parse(body), PAYLOAD);
  for (const header of ['x-signalwire-signature', 'x-signalwire-sha256-signature']) {
    assert.ok(isSignatureValid('PSK1', url, body, String(request.headers[header])), header);
  }
});

for (const [title, text, status, reason] of [
  ['answers 500', '', 500, /answered 500, expected 2xx/],
  ['answers no document', 'hello', 200, /relay_script/],
  ['answers nothing', '', 200, /relay_script/],
] as const) {
  test(`a URL that ${title} fails the call, or leads to the fallback`, async () => {
    const { url } = await web(text, status);
    await assert.rejects(
      methodsOf(documents({ source: url })),
      (error) => error instanceof DocumentError && reason.test(error.message),
    );
    const fallback = file('fallback.yaml', OTHER);
    assert.deepEqual(await methodsOf(documents({ source: url, fallback })), ['answer', 'hangup']);
  });
}

test('a server that is not there leads to the fallback URL, which gets the same payload', async () => {
  const { url, asked } = await web(GOOD);
  const from = documents({ source: 'http://127.0.0.1:9/swml', fallback: url });
  assert.deepEqual(await methodsOf(from), ['hangup']);
  assert.deepEqual(JSON.parse(asked[0]!.body), PAYLOAD);
});

test('a connection that is closed under the question is asked over a new one, once', async () => {
  let asked = 0;
  const port = await serve((request, response) => {
    asked += 1;
    if (asked === 1) request.socket.destroy();
    else response.end(GOOD);
  });
  assert.deepEqual(await methodsOf(documents({ source: `http://127.0.0.1:${port}/call` })), ['hangup']);
  assert.equal(asked, 2);
});

test('a server that closes every connection is not asked a third time', async () => {
  let asked = 0;
  const port = await serve((request) => {
    asked += 1;
    request.socket.destroy();
  });
  await assert.rejects(methodsOf(documents({ source: `http://127.0.0.1:${port}/call` })), DocumentError);
  assert.equal(asked, 2);
});
