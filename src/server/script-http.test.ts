import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { HttpFailure, type HttpRequest } from '../methods/context.ts';
import { client, closeAfterTests, serve } from '../net/http-fixtures.ts';
import { isSignatureValid } from '../net/signature.ts';
import { GuardedScriptHttp } from './script-http.ts';

closeAfterTests();

function request(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return {
    ...{ url, method: 'POST', headers: {}, body: '{"a":1}', connectTimeoutMs: 2_000, timeoutMs: 5_000 },
    ...{ maxRedirects: 3, maxBodyBytes: 65_536, signal: new AbortController().signal },
    ...more,
  };
}

/** A site that keeps what it was asked. */
async function site(): Promise<{ readonly url: string; readonly asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = [];
  const port = await serve((incoming, response) => {
    asked.push(incoming);
    incoming.resume().on('end', () => response.end('{}'));
  });
  return { url: `http://127.0.0.1:${port}/x`, asked };
}

test('flow.md 7, signing: requests of messages bear the older signature, those of calls none', async () => {
  const { url, asked } = await site();
  const http = new GuardedScriptHttp(client(), 'PSK1');
  await http.request(request(url, { signed: true }));
  await http.request(request(url));
  const [signed, plain] = asked.map(({ headers }) => headers);
  assert.ok(isSignatureValid('PSK1', url, '{"a":1}', String(signed?.['x-signalwire-signature'])));
  assert.equal(signed?.['x-signalwire-sha256-signature'], undefined);
  assert.equal(plain?.['x-signalwire-signature'], undefined);
});

test('flow.md 7, signing: without a key nothing is signed', async () => {
  const { url, asked } = await site();
  await new GuardedScriptHttp(client(), undefined).request(request(url, { signed: true }));
  assert.equal(asked[0]?.headers['x-signalwire-signature'], undefined);
});

test('flow.md 7, url: userinfo becomes Basic authorization', async () => {
  const { url, asked } = await site();
  await new GuardedScriptHttp(client(), undefined).request(request(url.replace('//', '//ann:pw@')));
  assert.equal(asked[0]?.headers.authorization, `Basic ${btoa('ann:pw')}`);
});

for (const [method, times] of [
  ['GET', 2],
  ['PUT', 2],
  ['DELETE', 2],
  ['POST', 1],
] as const) {
  test(`a server that closes its connection just then gets a ${method} ${times === 1 ? 'once' : 'anew, once'}`, async () => {
    let isBack = true;
    let asked = 0;
    const port = await serve((incoming, response) => {
      asked++;
      if (isBack && asked > 1) response.end('{}');
      else incoming.socket.destroy();
    });
    const http = new GuardedScriptHttp(client(), undefined);
    const { body, ...others } = request(`http://127.0.0.1:${port}/`, { method });
    const sent = method === 'PUT' || method === 'POST' ? { ...others, body } : others;
    const isLost = (error: unknown): boolean => error instanceof HttpFailure && error.reason === 'network';
    if (times === 1) await assert.rejects(http.request(sent), isLost);
    else assert.equal((await http.request(sent)).status, 200);
    assert.equal(asked, times);
    isBack = false;
    await assert.rejects(http.request(sent), isLost);
    assert.equal(asked, 2 * times);
  });
}

test('flow.md 7, body over 64 KB: is cut', async () => {
  const port = await serve((_incoming, response) => response.end('x'.repeat(70_000)));
  const { body, truncated } = await new GuardedScriptHttp(client(), undefined).request(
    request(`http://127.0.0.1:${port}/`),
  );
  assert.deepEqual([body.length, truncated], [65_536, true]);
});

test('flow.md 7, body over 64 KB: is cut between two characters', async () => {
  const port = await serve((_incoming, response) => response.end(`x${'é'.repeat(40_000)}`));
  const { body, truncated } = await new GuardedScriptHttp(client(), undefined).request(
    request(`http://127.0.0.1:${port}/`),
  );
  assert.equal(truncated, true);
  assert.ok(body === `x${'é'.repeat(32_767)}`, `${body.length} characters, the last one ${body.at(-1)}`);
});

for (const [title, url, more, reason] of [
  ['flow.md 7, internal addresses: are refused', 'http://10.1.2.3/', {}, 'refused'],
  ['flow.md 7, internal addresses: also in other notations', 'http://0x0a010203/', {}, 'refused'],
  ['flow.md 7, failure: nobody is there', 'http://127.0.0.1:9/', {}, 'network'],
] as const) {
  test(title, async () => {
    await assert.rejects(
      new GuardedScriptHttp(client(), undefined).request(request(url, more)),
      (error) => error instanceof HttpFailure && error.reason === reason,
    );
  });
}

test('flow.md 7, failure: a timeout is told apart', async () => {
  const port = await serve(() => {});
  await assert.rejects(
    new GuardedScriptHttp(client(), undefined).request(
      request(`http://127.0.0.1:${port}/`, { timeoutMs: 100 }),
    ),
    (error) => error instanceof HttpFailure && error.reason === 'timeout',
  );
});
