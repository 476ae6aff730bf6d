import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { VirtualClock } from '../time/virtual-clock.ts';
import { FakeWeb, type WebCall, WebFailure, type WebResponse, type WebStubs } from './web.ts';

function setUp(stubs: WebStubs = {}, baseDir?: string) {
  const clock = new VirtualClock();
  const web = new FakeWeb(stubs, baseDir);
  const get = (url: string, options: Partial<WebCall> = {}): Promise<WebResponse> =>
    web.exchange(clock, { purpose: 'request', method: 'GET', timeoutMs: 5000, ...options, url }, 0);
  return { clock, web, get };
}

const text = ({ body }: WebResponse): string => Buffer.from(body).toString('utf8');

test('the longest pattern that fits answers, with or without a query and a method', async () => {
  const { get, web } = setUp({
    'https://a.example/*': { body: 'any' },
    'https://a.example/one': { body: 'one' },
    'PUT https://a.example/one': { body: 'put' },
    'https://a.example/one?x=1': { body: 'x' },
  });
  assert.equal(text(await get('https://a.example/one')), 'one');
  assert.equal(text(await get('https://a.example/one?y=2')), 'one');
  assert.equal(text(await get('https://a.example/one?x=1')), 'x');
  assert.equal(text(await get('https://a.example/one', { method: 'PUT' })), 'put');
  assert.equal(text(await get('https://a.example/two')), 'any');
  web.answers('https://a.example/one', { body: 'new' });
  assert.equal(text(await get('https://a.example/one')), 'new');
  await assert.rejects(get('https://a.example.evil/one'), /nothing in the test answers/);
});

test('credentials and fragments are not in the URL; credentials are in the header', async () => {
  const { get, web } = setUp({ 'https://a.example/x': {} });
  const response = await get('https://ann:s%3Acret@a.example/x#rt=5');
  assert.equal(response.url, 'https://a.example/x');
  assert.equal(web.requests[0]?.url, 'https://a.example/x');
  const basic = Buffer.from('ann:s:cret').toString('base64');
  assert.equal(web.requests[0]?.headers['authorization'], `Basic ${basic}`);
  // A block of YAML leaves a line end.
  assert.equal((await get('https://a.example/x\n')).url, 'https://a.example/x');
});

test('several answers come one after the other, and the last one stays', async () => {
  const { get } = setUp({ 'https://a.example/': [{ status: 500 }, { json: { ok: true } }] });
  assert.equal((await get('https://a.example/')).status, 500);
  for (let i = 0; i < 2; i++) {
    const response = await get('https://a.example/');
    assert.deepEqual([response.status, text(response)], [200, '{"ok":true}']);
    assert.equal(response.headers['content-type'], 'application/json');
  }
});

test('a late answer takes its time, and fails where the request does not wait so long', async () => {
  const { clock, get } = setUp({
    'https://a.example/slow': { delay: 3, body: 'late' },
    'https://a.example/never': { fails: 'timeout' },
  });
  const late = get('https://a.example/slow');
  const never = get('https://a.example/never').catch((cause: unknown) => cause);
  const impatient = get('https://a.example/slow', { timeoutMs: 2000 }).catch((cause: unknown) => cause);
  await clock.advance(10_000);
  assert.equal(text(await late), 'late');
  for (const failure of [await never, await impatient]) {
    assert.ok(failure instanceof WebFailure);
    assert.equal(failure.reason, 'timeout');
  }
  assert.equal(clock.pendingTimers, 0);
});

test('an answer that takes as long as the request waits comes in time', async () => {
  const { clock, get } = setUp({
    'https://a.example/last': (_request, patience) => ({ delay: patience, body: 'late' }),
  });
  for (const timeoutMs of [5000, 16_100]) {
    const asked = get('https://a.example/last', { timeoutMs }).catch(String);
    await clock.advance(timeoutMs + 1);
    const answer = await asked;
    assert.equal(typeof answer === 'string' ? answer : text(answer), 'late');
  }
});

test('a request that is given up ends at once', async () => {
  const { clock, get } = setUp({ 'https://a.example/': { delay: 60 } });
  const abort = new AbortController();
  const given = get('https://a.example/', { timeoutMs: 90_000, signal: abort.signal }).catch(
    (c: unknown) => c,
  );
  await clock.advance(1000);
  abort.abort();
  const failure = await given;
  assert.ok(failure instanceof WebFailure && failure.reason === 'aborted');
  assert.equal(clock.pendingTimers, 0);
});

test('redirects are followed, as GET where HTTP says so', async () => {
  const { get, web } = setUp({
    'https://a.example/old': { status: 302, headers: { Location: '/new' } },
    'https://a.example/new': { body: 'here' },
    'https://a.example/loop': { status: 307, headers: { location: 'https://a.example/loop' } },
  });
  const response = await get('https://a.example/old', { method: 'POST', body: 'x' });
  assert.deepEqual([text(response), response.url], ['here', 'https://a.example/new']);
  assert.deepEqual(
    web.requests.map(({ method, body }) => [method, body]),
    [
      ['POST', 'x'],
      ['GET', ''],
    ],
  );
  assert.equal((await get('https://a.example/loop')).status, 307);
});

test('redirects take of the time for the whole answer, as they do from a server', async () => {
  const { clock, get } = setUp({
    'https://a.example/old': { status: 302, headers: { Location: '/new' }, delay: 3 },
    'https://a.example/new': { delay: 3, body: 'here' },
  });
  const from = clock.monotonic();
  const whole = get('https://a.example/old').then(
    () => 'answered',
    (cause: unknown) => `${(cause as WebFailure).reason} at ${clock.monotonic() - from}`,
  );
  const each = get('https://a.example/old', { totalMs: 15_000 });
  await clock.advance(20_000);
  assert.equal(await whole, 'timeout at 5000');
  assert.equal(text(await each), 'here');
});

test('redirects and credentials are taken as the HTTP client of a server takes them', async () => {
  const { get, web } = setUp({
    'https://a.example/old': { status: 302, headers: { Location: '/new' } },
    'https://a.example/new': {},
    'https://a.example/choices': { status: 300, headers: { Location: '/new' } },
    'https://a.example/nowhere': { status: 302, headers: { Location: 'http://' } },
  });
  await get('https://a.example/old', { method: 'PUT', body: 'x' });
  assert.deepEqual(
    web.requests.map(({ method, body }) => [method, body]),
    [
      ['PUT', 'x'],
      ['PUT', 'x'],
    ],
  );
  assert.equal((await get('https://a.example/choices')).status, 300);
  const failure = await get('https://a.example/nowhere').catch((cause: unknown) => cause);
  assert.ok(failure instanceof WebFailure && failure.reason === 'network', String(failure));
  await get('https://ann@a.example/new');
  await get('https://ann:100%@a.example/new');
  assert.deepEqual(
    web.requests.slice(-2).map(({ headers }) => headers['authorization']),
    [`Basic ${btoa('ann:')}`, `Basic ${btoa('ann:100%')}`],
  );
});

test('credentials stay behind where a redirect leads to another server, as a server leaves them', async () => {
  const { get, web } = setUp({
    'https://a.example/': { status: 302, headers: { Location: 'https://a.example/same' } },
    'https://a.example/same': { status: 302, headers: { Location: 'https://b.example/' } },
    'https://b.example/': {},
  });
  const names = ['authorization', 'x-api-key', 'x-other', 'content-type'];
  const seen = () => web.requests.slice(-3).map(({ headers }) => names.map((name) => headers[name]));
  const headers = { 'X-Api-Key': 'k', 'X-Other': 'kept', 'Content-Type': 'text/plain' };
  await get('https://ann:pw@a.example/', { method: 'POST', body: 'x', headers });
  const basic = `Basic ${btoa('ann:pw')}`;
  assert.deepEqual(seen(), [
    [basic, 'k', 'kept', 'text/plain'],
    [basic, 'k', 'kept', undefined],
    [undefined, undefined, 'kept', undefined],
  ]);
  await get('https://a.example/', { headers: { Authorization: 'Bearer x' } });
  assert.deepEqual(
    seen().map(([authorization]) => authorization),
    ['Bearer x', 'Bearer x', undefined],
  );
});

test('a body may come from a file of the test’s folder, or from a function', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-web-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, 'hello.txt'), 'from a file');
  const { get } = setUp(
    {
      'https://a.example/file': { file: 'hello.txt' },
      'https://a.example/fn': async ({ url }) => ({ status: 201, body: url }),
    },
    folder,
  );
  assert.equal(text(await get('https://a.example/file')), 'from a file');
  const response = await get('https://a.example/fn');
  assert.deepEqual([response.status, text(response)], [201, 'https://a.example/fn']);
});

test('what nobody answers for is told; callbacks are taken all the same', async () => {
  const { get, web } = setUp();
  assert.equal((await get('https://a.example/cb', { purpose: 'callback' })).status, 200);
  await assert.rejects(get('https://a.example/other'));
  assert.deepEqual(web.unanswered, ['GET https://a.example/other']);
});
