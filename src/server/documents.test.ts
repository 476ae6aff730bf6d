import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { type LogFields, type Logger, silentLogger } from '../log/logger.ts';
import { client, closeAfterTests, serve } from '../net/http-fixtures.ts';
import { isSignatureValid } from '../net/signature.ts';
import { RealClock } from '../time/real-clock.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { DocumentError } from './document-error.ts';
import { Documents, type DocumentsOptions } from './documents.ts';

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

test('a file that takes the place of one of the same length and date is read', async () => {
  const source = file('a.yaml', GOOD, 1);
  const from = documents({ source });
  assert.deepEqual(await methodsOf(from), ['hangup']);
  let other = '';
  do {
    // The system's time of a change has steps of some milliseconds.
    other = file('b.yaml', GOOD.replace('hangup', 'answer'), 1);
  } while (statSync(other).ctimeMs === statSync(source).ctimeMs);
  renameSync(other, source);
  assert.deepEqual(await methodsOf(from), ['answer']);
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

test('what makes a changed document unusable is told once, not for each call', async () => {
  const source = file('a.yaml', GOOD, 1);
  const clock = new VirtualClock();
  const from = documents({ source, clock });
  const told: string[] = [];
  const log: Logger = { ...silentLogger, error: ({ reason }: LogFields) => told.push(String(reason)) };
  const calls = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) await from.forCall(PAYLOAD, forever, log);
  };
  await calls(1);
  file('a.yaml', 'sections: {main: [answr]}', 2);
  await calls(3);
  rmSync(source);
  // No more than four looks are made within a tenth of a second.
  await clock.advance(150);
  await calls(3);
  assert.equal(told.length, 2, told.join('\n'));
  assert.match(told[0]!, /answr/);
  assert.match(told[1]!, /there is no such file/);
  file('a.yaml', OTHER, 3);
  await clock.advance(150);
  assert.deepEqual(await methodsOf(from), ['answer', 'hangup']);
  rmSync(source);
  await calls(1);
  assert.equal(told.length, 3, 'it was well in between');
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

test('document.md 2, external URL: asked by POST for each call, with the payload, signed over URL and body', async () => {
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

/** What keeps a document from coming, in the words of a title: all of it leads to the fallback. */
const FAILURES: readonly [title: string, answer: () => Promise<string>, reason: RegExp][] = [
  ['document.md 2.2, HTTP 5xx: a URL that answers 500', () => answering(500), /answered 500, expected 2xx/],
  ['document.md 2.2, 4xx: a URL that answers 404', () => answering(404), /answered 404, expected 2xx/],
  [
    'document.md 2.1, status: a URL that answers 304 to a question without a condition',
    () => answering(304),
    /answered 304, expected 2xx/,
  ],
  [
    'document.md 2.2, not a valid document: a URL that answers what is none',
    () => answering(200, 'hello'),
    /relay_script_parse_error/,
  ],
  [
    'document.md 2.1, empty body: a URL that answers nothing',
    () => answering(200),
    /relay_script_parse_error.*empty/,
  ],
  [
    'document.md 2.2, not a valid document: a URL that answers a page of errors',
    () => answering(200, '<html><p>a: b: c</html>'),
    /relay_script_/,
  ],
  [
    'document.md 2.2, not a valid document: a URL that answers one with a mistake',
    () => answering(200, 'sections: {main: [answr]}'),
    /"answer"\?/,
  ],
  [
    'document.md 6, document size: a URL that answers too much',
    () => answering(200, ' '.repeat(1_048_577)),
    /larger than the limit of 1048576/,
  ],
  [
    'document.md 2.1, redirects: a URL that redirects without end',
    () => redirecting(),
    /more than 3 redirects/,
  ],
  [
    'document.md 2.2, connection timeout: and a URL without a server',
    async () => 'http://127.0.0.1:9/',
    /no connection could be made/,
  ],
  [
    'document.md 2.2, DNS or TLS failure: a name without an address',
    async () => 'http://nowhere.example/',
    /the host name has no address/,
  ],
  [
    'document.md 2.2, DNS or TLS failure: a URL that speaks no TLS',
    async () => (await answering(200)).replace('http:', 'https:'),
    /TLS could not be agreed/,
  ],
  ['a URL at a private address', async () => 'http://10.1.2.3/', /10\.1\.2\.3 is refused/],
  [
    'document.md 2.2, read timeout: a URL that says nothing in time',
    async () => `${await silent()}#rt=100`,
    /no answer within 100 ms/,
  ],
  [
    'document.md 2.2, fragment: sets the time of a URL that drips',
    async () => `${await dripping()}#tt=300`,
    /not complete within 300 ms/,
  ],
];

async function answering(status: number, text = ''): Promise<string> {
  return (await web(text, status)).url;
}

async function redirecting(): Promise<string> {
  const port = await serve((request, response) =>
    response.writeHead(307, { location: `/${Number(request.url!.slice(1)) + 1}` }).end(),
  );
  return `http://127.0.0.1:${port}/0`;
}

const silent = async (): Promise<string> => `http://127.0.0.1:${await serve(() => {})}/`;

async function dripping(): Promise<string> {
  const port = await serve((_request, response) => {
    const timer = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(timer));
  });
  return `http://127.0.0.1:${port}/`;
}

for (const [title, place, reason] of FAILURES) {
  test(`${title} fails the call, or leads to the fallback`, async () => {
    const source = await place();
    await assert.rejects(methodsOf(documents({ source })), (error) => {
      assert.ok(error instanceof DocumentError);
      assert.match(error.reason, reason);
      assert.ok(!error.reason.includes('\n'), 'the reason is one line');
      return true;
    });
    const logged: string[] = [];
    const log = { ...silentLogger, warn: (fields: object) => void logged.push(JSON.stringify(fields)) };
    const { url, asked } = await web(OTHER);
    const document = await documents({ source, fallback: url, signingKey: 'PSK1' }).forCall(
      PAYLOAD,
      forever,
      log,
    );
    assert.equal(document.file, url);
    assert.deepEqual(JSON.parse(asked[0]!.body), PAYLOAD);
    const signature = String(asked[0]!.request.headers['x-signalwire-sha256-signature']);
    assert.ok(isSignatureValid('PSK1', url, asked[0]!.body, signature));
    assert.equal(logged.length, 1);
    assert.ok(!logged[0]!.includes('    at '), 'the log shows no stack');
  });
}

test('document.md 2.1, redirects: three are followed; each hop is signed for its own URL', async () => {
  const asked: IncomingMessage[] = [];
  const port = await serve((request, response) => {
    asked.push(request);
    request.resume();
    const hop = Number(request.url!.slice(1));
    if (hop < 3) response.writeHead(307, { location: `/${hop + 1}` }).end();
    else response.end(GOOD);
  });
  const source = `http://127.0.0.1:${port}/0`;
  assert.deepEqual(await methodsOf(documents({ source, signingKey: 'PSK1' })), ['hangup']);
  assert.deepEqual(
    asked.map(({ method, url }) => `${method} ${url}`),
    ['POST /0', 'POST /1', 'POST /2', 'POST /3'],
  );
  const body = JSON.stringify(PAYLOAD);
  for (const { url, headers } of asked) {
    const own = `http://127.0.0.1:${port}${url}`;
    assert.ok(isSignatureValid('PSK1', own, body, String(headers['x-signalwire-signature'])), own);
  }
});

test('document.md 2.1, userinfo: becomes Basic authorization; neither it nor the fragment is sent, signed or shown', async () => {
  const { url, asked } = await web(GOOD);
  const source = `${url.replace('//', '//ann:s%203cr3t@')}?a=b#rt=4000`;
  const document = await documents({ source, signingKey: 'PSK1' }).forCall(PAYLOAD, forever, silentLogger);
  const { request, body } = asked[0]!;
  assert.equal(request.headers.authorization, `Basic ${btoa('ann:s 3cr3t')}`);
  assert.equal(request.url, '/swml?a=b');
  assert.ok(isSignatureValid('PSK1', `${url}?a=b`, body, String(request.headers['x-signalwire-signature'])));
  assert.doesNotMatch(document.file ?? '', /s(?:%20| )3cr3t/);
});

test('document.md 2, external URL: by GET without a payload, and signed over an empty body', async () => {
  const { url, asked } = await web(GOOD);
  assert.deepEqual(await methodsOf(documents({ source: url, method: 'GET', signingKey: 'PSK1' })), [
    'hangup',
  ]);
  const { request, body } = asked[0]!;
  assert.deepEqual([request.method, request.headers['content-type'], body], ['GET', undefined, '']);
  assert.ok(isSignatureValid('PSK1', url, '', String(request.headers['x-signalwire-sha256-signature'])));
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

test('document.md 2.2, same payload: goes to the fallback, signed the same way for its own URL', async () => {
  const first = await web('', 500);
  const second = await web(GOOD);
  const from = documents({ source: first.url, fallback: second.url, signingKey: 'PSK1' });
  await from.forCall(PAYLOAD, forever, silentLogger);
  const [one, two] = [first.asked[0]!, second.asked[0]!];
  assert.deepEqual([two.body, two.request.method], [one.body, one.request.method]);
  for (const { request, body, url } of [
    { ...one, url: first.url },
    { ...two, url: second.url },
  ]) {
    assert.ok(isSignatureValid('PSK1', url, body, String(request.headers['x-signalwire-signature'])));
  }
});

test('each server that was asked is told of, by how it was asked, with what came of it', async () => {
  const [failing, wrong, good] = [await web('', 500), await web('sections: ['), await web(GOOD)];
  const told = async (options: Pick<DocumentsOptions, 'source'> & Partial<DocumentsOptions>) => {
    const all: unknown[] = [];
    const note = (asked: object, answer: object) => all.push({ ...asked, ...answer });
    await documents(options).forCall(PAYLOAD, forever, silentLogger, note);
    return all;
  };
  const failure = `${failing.url} answered 500, expected 2xx`;
  assert.deepEqual(await told({ source: failing.url, fallback: good.url }), [
    { url: failing.url, method: 'POST', failure },
    { url: good.url, method: 'POST', text: GOOD },
  ]);
  assert.deepEqual(await told({ source: wrong.url, fallback: file('a.yaml', GOOD), method: 'GET' }), [
    { url: wrong.url, method: 'GET', text: 'sections: [' },
  ]);
  assert.deepEqual(await told({ source: file('a.yaml', GOOD) }), []);
});

test('document.md 2.2, signed: not without a key', async () => {
  const { url, asked } = await web(GOOD);
  await methodsOf(documents({ source: url }));
  assert.equal(asked[0]?.request.headers['x-signalwire-signature'], undefined);
});

test('document.md 2.2, both fail: the error is that of the fallback', async () => {
  const [source, fallback] = [await answering(500), await answering(404)];
  await assert.rejects(methodsOf(documents({ source, fallback })), /answered 404/);
});

test('document.md 2.1, status: any of 2xx counts', async () => {
  for (const status of [200, 201, 203]) {
    const { url } = await web(GOOD, status);
    assert.deepEqual(await methodsOf(documents({ source: url })), ['hangup']);
  }
});

for (const [type, text] of [
  ['application/json', '{"sections": {"main": [{"hangup": {}}]}}'],
  ['application/yaml', GOOD],
  ['text/x-yaml', GOOD],
] as const) {
  test(`document.md 2.1, content types: ${type}`, async () => {
    const port = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': type }).end(text);
    });
    assert.deepEqual(await methodsOf(documents({ source: `http://127.0.0.1:${port}/` })), ['hangup']);
  });
}

for (const type of ['text/plain', 'text/html', 'application/json', 'image/png', undefined]) {
  test(`document.md 2.1, type is a hint: YAML as ${type ?? 'nothing'} is read`, async () => {
    const port = await serve((_request, response) => {
      response.writeHead(200, type === undefined ? {} : { 'content-type': type }).end(GOOD);
    });
    assert.deepEqual(await methodsOf(documents({ source: `http://127.0.0.1:${port}/` })), ['hangup']);
  });
}

test('document.md 2.3, content type: application/json, whatever the document is', async () => {
  const { url, asked } = await web(GOOD);
  await methodsOf(documents({ source: url }));
  assert.equal(asked[0]?.request.headers['content-type'], 'application/json');
});

test('document.md 2.3, signatures: in two headers, as 40 and 64 hexadecimal digits', async () => {
  const { url, asked } = await web(GOOD);
  await methodsOf(documents({ source: url, signingKey: 'PSK1' }));
  const { headers } = asked[0]!.request;
  assert.match(String(headers['x-signalwire-signature']), /^[0-9a-f]{40}$/);
  assert.match(String(headers['x-signalwire-sha256-signature']), /^[0-9a-f]{64}$/);
});
