import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AUTH, BYTES, ID, NOW, PUBLIC_URL, REST, useTestServer } from './http-fixtures.ts';

const OTHER_ID = 'c0ff0000-0000-4000-8000-000000000002';
const LINKS = `${REST}/${ID}/links`;
const t = useTestServer();

const create = (body?: object | string, headers: Record<string, string> = AUTH) =>
  t.current.request(
    'POST',
    LINKS,
    { ...headers, ...(typeof body === 'string' && { 'content-type': 'application/json' }) },
    body,
  );

/** The link of a recording, without the host. */
async function link(seconds: number): Promise<string> {
  const { url } = (await create({ expires_in: seconds })).json();
  assert.ok(url.startsWith(PUBLIC_URL));
  return url.slice(PUBLIC_URL.length);
}

describe('expiring links', () => {
  test('are made by the REST API, an hour long unless told, and leave a line in the log', async () => {
    t.current.add();
    const response = await create();
    assert.equal(response.statusCode, 201);
    const { url, ...rest } = response.json();
    assert.match(
      url,
      new RegExp(`^${PUBLIC_URL}/api/v1/recordings/${ID}/download\\?expires=\\d+&signature=[\\w-]{43}$`),
    );
    const end = new Date(Math.ceil(NOW / 1000) * 1000 + 3_600_000).toISOString();
    assert.deepEqual(rest, { recording_id: ID, expires_in: 3600, expires_at: end });
    const { audit, recording_id, expires_at } = t.current.logged.at(-1)!.fields;
    assert.deepEqual([audit, recording_id, expires_at], ['recording_linked', ID, end]);
    assert.doesNotMatch(JSON.stringify(t.current.logged), /signature/);
  });

  test('are an hour long where the body is empty, whatever its type', async () => {
    t.current.add();
    for (const type of ['text/plain', 'application/json', 'application/x-www-form-urlencoded']) {
      const response = await create(undefined, { ...AUTH, 'content-type': type, 'content-length': '0' });
      assert.equal(response.statusCode, 201, type);
      assert.equal(response.json().expires_in, 3600);
    }
  });

  test('are good without credentials until their end, also for parts, HEAD and the extension', async () => {
    t.current.add();
    t.current.protect = true;
    const place = await link(60);
    assert.equal((await t.current.request('GET', place)).body, BYTES);
    assert.equal((await t.current.request('GET', place, { range: 'bytes=2-3' })).body, '23');
    assert.equal((await t.current.request('HEAD', place)).statusCode, 200);
    assert.equal((await t.current.request('GET', place.replace('/download', '/download.wav'))).body, BYTES);
    t.current.time.passed = 61_000;
    const expired = await t.current.request('GET', place);
    assert.equal(expired.statusCode, 403);
    assert.deepEqual(expired.json(), {
      error: 'Forbidden',
      detail: 'the link has expired; ask for a new one',
    });
    assert.equal(expired.headers['www-authenticate'], undefined);
  });

  test('are refused when changed, also while recordings are not protected; credentials go before them', async () => {
    t.current.add();
    t.current.add({ id: OTHER_ID });
    const place = await link(60);
    for (const protect of [true, false]) {
      t.current.protect = protect;
      for (const changed of [
        place.replace(ID, OTHER_ID),
        place.replace(/expires=(\d)/, 'expires=9$1'),
        place.replace(/signature=.*/, ''),
        place.replace(/expires=\d+&/, ''),
        place.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
        `${place}&signature=x`,
      ]) {
        const response = await t.current.request('GET', changed);
        assert.equal(response.statusCode, 403, changed);
        assert.match(response.json().detail, /signature/);
        assert.equal((await t.current.request('GET', changed, AUTH)).statusCode, 200, changed);
      }
    }
  });

  test('tell nothing about recordings that are not there', async () => {
    t.current.add();
    const place = await link(60);
    assert.equal((await t.current.request('GET', place.replace(ID, OTHER_ID))).statusCode, 403);
    t.current.recordings.delete(ID);
    assert.equal((await t.current.request('GET', place)).statusCode, 404);
    assert.equal((await create()).statusCode, 404);
  });

  test('are made for a recording that runs, and are 404 until it is complete', async () => {
    t.current.add({ status: 'in-progress' });
    const place = await link(60);
    assert.equal((await t.current.request('GET', place)).statusCode, 404);
    t.current.recordings.update(t.current.recordings.get(ID)!, { status: 'completed' });
    assert.equal((await t.current.request('GET', place)).statusCode, 200);
  });

  test('are refused where there will be no file', async () => {
    for (const status of ['absent', 'failed'] as const) {
      t.current.add({ status });
      const response = await create();
      assert.equal(response.statusCode, 422);
      assert.equal(response.json().errors[0].code, 'invalid_state');
      t.current.recordings.delete(ID);
    }
  });

  test('need a life of whole seconds, up to 30 days', async () => {
    t.current.add();
    for (const expires_in of [1, 2_592_000]) assert.equal((await create({ expires_in })).statusCode, 201);
    for (const body of [
      ...[0, -1, 1.5, 2_592_001, '60', null, [60], true].map((expires_in) => ({ expires_in })),
      [],
      '"60"',
    ]) {
      const response = await create(body);
      assert.equal(response.statusCode, 422, JSON.stringify(body));
      const [error] = response.json().errors;
      assert.equal(error.code, 'invalid_parameter');
      assert.match(error.detail, /expires_in must be a whole number of seconds from 1 to 2592000/);
    }
    assert.equal((await create('{')).statusCode, 400);
  });

  test('are made with the credentials only', async () => {
    t.current.add();
    assert.equal((await create({}, {})).statusCode, 401);
  });
});
