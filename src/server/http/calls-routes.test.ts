import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openLeg } from '../../call/leg.test-helper.ts';
import { AUTH, useTestServer } from './http-fixtures.ts';

const PLACE = '/api/calling/calls';
const CALL_ID = '7d0c0000-0000-4000-8000-000000000001';
const END = JSON.stringify({ command: 'calling.end', id: CALL_ID });
const server = useTestServer();

/** Sends a body as it is. */
async function post(payload: string, headers: Record<string, string> = {}) {
  const { app } = server.current.server;
  const response = await app.inject({
    method: 'POST',
    url: PLACE,
    headers: { 'content-type': 'application/json', ...AUTH, ...headers },
    payload,
  });
  const type = response.headers['content-type'];
  return { status: response.statusCode, body: response.json<unknown>(), type, headers: response.headers };
}

describe('POST /api/calling/calls', () => {
  test('runs a command and answers 200 with the call object as JSON', async (t) => {
    const { leg } = openLeg(t, { callId: CALL_ID });
    server.current.calls.add({
      leg,
      createdAt: 0,
      documentUrl: 'https://app.example/main',
      statusUrl: undefined,
      emit: () => {},
      script: undefined,
    });
    const { status, body, type } = await post(END);
    assert.deepEqual([status, type], [200, 'application/json; charset=utf-8']);
    assert.deepEqual(body, {
      id: CALL_ID,
      from: 'sip:ann@example.com',
      to: 'sip:line@example.com',
      direction: 'inbound',
      status: 'ending',
      source: 'realtime_api',
      type: 'relay_sip_call',
      url: 'https://app.example/main',
      duration: null,
      duration_ms: null,
      billing_ms: null,
      charge: 0,
      charge_details: [],
      parent_id: null,
      created_at: '1970-01-01T00:00:00.000Z',
    });
    await leg.ended;
  });

  test('answers 404 for an unknown call, with a request id', async () => {
    const { status, body, headers } = await post(END);
    assert.deepEqual([status, body], [404, { error: 'Not Found' }]);
    assert.match(String(headers['x-request-id']), /^[0-9a-f-]{36}$/);
  });

  test('answers 422 with the list of errors', async () => {
    const { status, body } = await post('{"command": "calling.end"}');
    assert.equal(status, 422);
    const { errors } = body as { readonly errors: readonly unknown[] };
    assert.equal(errors.length, 1);
  });

  for (const [title, authorization] of [
    ['no credentials', ''],
    ['a wrong token', `Basic ${btoa('aa100000-0000-4000-8000-000000000000:PT')}`],
    ['a bearer token', 'Bearer PT0123'],
  ] as const) {
    test(`answers 401 to ${title}, before it looks at the body`, async () => {
      const { status, body } = await post('{', { authorization });
      assert.deepEqual([status, body], [401, { error: 'Unauthorized' }]);
    });
  }

  for (const [title, payload] of [
    ['malformed JSON', '{"command": '],
    ['a list', '[]'],
    ['a text', '"calling.end"'],
    ['an empty body', ''],
    ['a poisoned prototype', '{"__proto__": {"command": "calling.end"}}'],
  ] as const) {
    test(`answers 400 to ${title}`, async () => {
      const { status, body } = await post(payload);
      assert.deepEqual([status, body], [400, { error: 'Bad Request' }]);
    });
  }

  test('answers 413 to a body over 1 MiB, and 415 to one that is no JSON', async () => {
    const long = await post(JSON.stringify({ command: 'x'.repeat(1024 * 1024) }));
    assert.deepEqual([long.status, long.body], [413, { error: 'Payload Too Large' }]);
    // The latter is what `fetch` says of a text.
    for (const type of ['application/x-www-form-urlencoded', 'text/plain;charset=UTF-8']) {
      const other = await post('{"command": "calling.end"}', { 'content-type': type });
      assert.deepEqual([other.status, other.body], [415, { error: 'Unsupported Media Type' }], type);
    }
  });

  test('is the only method at this place', async () => {
    for (const method of ['GET', 'DELETE'] as const) {
      assert.equal((await server.current.request(method, PLACE, AUTH)).statusCode, 404);
    }
  });
});
