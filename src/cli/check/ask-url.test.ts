import assert from 'node:assert/strict';
import { test } from 'node:test';

import { closeAfterTests, serve } from '../../net/http-fixtures.ts';
import { MAX_DOCUMENT_BYTES } from '../../swml/parse.ts';
import { cli } from '../terminal.test-helper.ts';

closeAfterTests();

interface Asked {
  readonly method: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** A server that notes what it was asked. */
async function web(
  answer: (asked: Asked) => { status?: number; text?: string; location?: string },
): Promise<{ readonly port: number; readonly asked: Asked[] }> {
  const asked: Asked[] = [];
  const port = await serve((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { authorization } = request.headers;
      asked.push({ method: request.method, authorization, body: Buffer.concat(chunks).toString() });
      const { status = 200, text = '', location } = answer(asked.at(-1)!);
      response.writeHead(status, location === undefined ? {} : { location }).end(text);
    });
  });
  return { port, asked };
}

test('A URL is asked as for a call, also on this machine, and its answer is checked', async () => {
  const { port, asked } = await web(() => ({ text: '{"sections": {"main": [{"plya": {}}]}}' }));
  const url = `http://127.0.0.1:${port}/swml`;
  const { status, out, err } = await cli('check', url);
  assert.deepEqual([status, err], [1, '']);
  assert.ok(out.startsWith(`${url}:1:25: error relay_script_method_undefined: `), out);
  assert.equal(asked[0]?.method, 'POST');
  const body = JSON.parse(asked[0]?.body ?? '') as Record<string, Record<string, unknown>>;
  assert.deepEqual(Object.keys(body), ['call', 'vars', 'envs', 'params']);
  assert.equal(body['call']?.['call_state'], 'created');
});

test('A host name is resolved like any other, and userinfo is sent as authorization, never shown', async () => {
  const { port, asked } = await web(() => ({ text: 'sections: {main: [answer]}' }));
  const { status, out } = await cli('check', `http://ann:s3cr3t@localhost:${port}/swml`);
  assert.equal(status, 0);
  assert.equal(out, `http://localhost:${port}/swml: ok\n`);
  assert.equal(asked[0]?.authorization, `Basic ${btoa('ann:s3cr3t')}`);
});

test('A document for messages is asked for with a message', async () => {
  const { port, asked } = await web(() => ({ text: 'reply: hi' }));
  const { status } = await cli('check', '--kind', 'messaging', `http://127.0.0.1:${port}/`);
  assert.equal(status, 0);
  assert.deepEqual(Object.keys(JSON.parse(asked[0]?.body ?? '') as object), ['message', 'params']);
});

test('A server that only hands out files is asked by GET', async () => {
  const { port, asked } = await web(({ method }) =>
    method === 'GET' ? { text: 'sections: {main: [answer]}' } : { status: 405 },
  );
  assert.equal((await cli('check', `http://127.0.0.1:${port}/a.yaml`)).status, 0);
  assert.deepEqual(
    asked.map(({ method }) => method),
    ['POST', 'GET'],
  );
});

for (const [title, answer, reason] of [
  ['an answer that is no document', { status: 404 }, /: it answered 404, expected 2xx\n$/],
  ['an answer that is too large', { text: ' '.repeat(MAX_DOCUMENT_BYTES + 1) }, /larger than the limit/],
  ['a redirect to another private address', { status: 302, location: 'http://127.0.0.2:9/' }, /refused/],
] as const) {
  test(`${title} is one line, and status 2`, async () => {
    const { port } = await web(() => answer);
    const { status, out, err } = await cli('check', `http://127.0.0.1:${port}/x`);
    assert.deepEqual([status, out], [2, '']);
    assert.match(err, reason);
    assert.equal(err.trimEnd().split('\n').length, 1);
  });
}

test('A URL that is none, and a server that is not there, are one line, and status 2', async () => {
  for (const [url, reason] of [
    ['http://', '"http://" is not a URL; expected http:// or https://'],
    ['http://127.0.0.1:9/swml', 'no connection could be made (connect ECONNREFUSED 127.0.0.1:9)'],
    ['ftp://example.com/swml', 'only http and https URLs can be asked'],
  ] as const) {
    const { status, err } = await cli('check', url);
    assert.deepEqual([status, err], [2, `openswml: cannot check ${url}: ${reason}\n`]);
  }
});
