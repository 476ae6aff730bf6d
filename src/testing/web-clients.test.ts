import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSignatureValid } from '../net/signature.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { FakeWeb, type WebStubs } from './web.ts';
import { webClients } from './web-clients.ts';

function setUp(stubs: WebStubs = {}, signingKey?: string) {
  const clock = new VirtualClock();
  const web = new FakeWeb(stubs);
  return { clock, web, clients: webClients(web, clock, 0, () => {}, signingKey) };
}

test('requests for documents are signed as those of a server; what is too large is none', async () => {
  const { web, clients } = setUp(
    {
      'https://a.example/doc': { body: 'version: 1.0.0' },
      'https://a.example/large': { body: ' '.repeat(1_048_577) },
    },
    'key',
  );
  const { signal } = new AbortController();
  const load = (url: string) =>
    clients.documents.load({ url, method: 'POST', kind: 'calling', payload: { a: 1 }, signal });
  await load('https://ann:secret@a.example/doc');
  const { url, body, headers } = web.requests[0]!;
  for (const name of ['x-signalwire-signature', 'x-signalwire-sha256-signature']) {
    assert.ok(isSignatureValid('key', url, body, headers[name] ?? ''), name);
  }
  await assert.rejects(load('https://a.example/large'), /larger than the limit of 1048576 bytes/);
});

test('a request with a header that cannot be sent fails, as on a server, and nobody is asked', async () => {
  const { web, clients } = setUp({ 'https://a.example/': {} });
  const { signal } = new AbortController();
  const request = (name: string, value: string) =>
    clients.script.request({
      url: 'https://a.example/',
      method: 'GET',
      headers: { [name]: value },
      connectTimeoutMs: 2_000,
      timeoutMs: 9_000,
      maxRedirects: 3,
      maxBodyBytes: 1_000,
      signal,
    });
  for (const [name, value] of [
    ['X-Token', 'abc\n'],
    ['X-Token', '日本'],
    ['X Token', 'abc'],
  ] as const) {
    await assert.rejects(request(name, value), /the request is not valid \(invalid x.token header\)/);
  }
  assert.deepEqual(web.requests, []);
  await request('X-Token', 'Zoë');
  assert.equal(web.requests.length, 1);
});

test('the fragment of a URL sets how long an answer is waited for, as it does on a server', async () => {
  const { clock, clients } = setUp({ 'https://a.example/*': { delay: 6 } });
  const { signal } = new AbortController();
  const told = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'answered',
      (cause: unknown) => (cause instanceof Error ? cause.message.replace(/^\S+ /, '') : String(cause)),
    );
  const callback = (fragment: string): Promise<unknown> =>
    clients.callbacks.fetch({ url: `https://a.example/${fragment}`, method: 'POST', body: '{}' });
  const request = (fragment: string): Promise<unknown> =>
    clients.script.request({
      url: `https://a.example/${fragment}`,
      method: 'GET',
      headers: {},
      connectTimeoutMs: 2_000,
      timeoutMs: 9_000,
      maxRedirects: 3,
      maxBodyBytes: 1_000,
      signal,
    });
  const document = (fragment: string): Promise<unknown> =>
    clients.documents.load({
      url: `https://a.example/${fragment}`,
      method: 'POST',
      kind: 'calling',
      payload: {},
      signal,
    });
  const sound = (fragment: string): Promise<unknown> =>
    clients.sounds.stream({ url: `https://a.example/${fragment}` });
  const asked = [
    callback(''),
    callback('#rt=9000'),
    callback('#rt=9000&tt=3000'),
    callback('#rt=1'),
    callback('#rt=soon'),
    request(''),
    request('#rt=2000'),
    document('#rt=9000'),
    sound('#rt=9000'),
  ].map(told);
  await clock.advance(20_000);
  assert.deepEqual(await Promise.all(asked), [
    'did not answer within 5 s',
    'answered',
    'did not answer within 3 s',
    'did not answer within 0.1 s',
    'did not answer within 5 s',
    'answered',
    'did not answer within 2 s',
    'answered',
    'answered',
  ]);
});

test('callbacks are signed over the URL that their receiver sees', async () => {
  const { web, clients } = setUp();
  await clients.callbacks.fetch({
    url: 'https://ann:secret@a.example/s?x=1#rt=4000\n',
    method: 'POST',
    body: '{}',
    sign: (url) => ({ 'X-Signed': url }),
  });
  const [request] = web.requests;
  assert.equal(request?.url, 'https://a.example/s?x=1');
  assert.equal(request?.headers['x-signed'], request?.url);
});

test('behind a redirect, callbacks are signed over what is sent there, as by a server', async () => {
  const { web, clients } = setUp({
    'https://a.example/s': { status: 307, headers: { Location: 'https://b.example/t' } },
    'https://b.example/t': { status: 303, headers: { Location: '/u' } },
  });
  await clients.callbacks.fetch({
    url: 'https://a.example/s',
    method: 'POST',
    body: '{}',
    sign: (url, body) => ({ 'X-Signed': `${url} ${String(body)}` }),
  });
  assert.deepEqual(
    web.requests.map(({ headers }) => headers['x-signed']),
    ['https://a.example/s {}', 'https://b.example/t {}', 'https://b.example/u '],
  );
});
