import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { AUTH, CREDENTIALS, ID, PUBLIC_URL, recordingRow, REST, useTestServer } from './http-fixtures.ts';

const OTHER_ID = 'c0ff0000-0000-4000-8000-000000000002';
const t = useTestServer();

describe('the recordings resource', () => {
  test('is refused without the right project and token', async () => {
    t.current.add();
    const basic = (pair: string) => ({ authorization: `Basic ${btoa(pair)}` });
    const { projectId, apiToken } = CREDENTIALS;
    for (const headers of [
      {},
      { authorization: 'Bearer PT0123' },
      { authorization: 'Basic !!!' },
      basic(`${projectId}:wrong`),
      basic(`wrong:${apiToken}`),
      basic(`${projectId}${apiToken}:`),
      basic(projectId),
    ]) {
      for (const [method, url] of [
        ['GET', REST],
        ['GET', `${REST}/${ID}`],
        ['DELETE', `${REST}/${ID}`],
      ] as const) {
        const response = await t.current.request(method, url, headers);
        assert.equal(response.statusCode, 401);
        assert.deepEqual(response.json(), { error: 'Unauthorized' });
      }
    }
    assert.ok(t.current.recordings.get(ID));
  });

  test('shows the fields of the language, aliases and extensions', async () => {
    t.current.add();
    const response = await t.current.request('GET', `${REST}/${ID}`, AUTH);
    assert.equal(response.statusCode, 200);
    assert.deepEqual(response.json(), {
      id: ID,
      project_id: CREDENTIALS.projectId,
      created_at: '2026-01-02T00:00:00.000Z',
      updated_at: '2026-01-02T00:00:13.000Z',
      duration_in_seconds: 12,
      duration: 12,
      price: 0,
      price_unit: 'USD',
      status: 'completed',
      state: 'completed',
      url: `${PUBLIC_URL}/api/v1/recordings/${ID}/download`,
      stereo: false,
      byte_size: 16,
      track: 'inbound',
      relay_sip_leg_id: '90be0000-0000-4000-8000-000000000000',
      format: 'wav',
      direction: 'speak',
      call_id: 'call-1',
      control_id: 'vm-1',
      duration_ms: 12_400,
      start_time: '2026-01-02T00:00:00.500Z',
      end_time: '2026-01-02T00:00:12.900Z',
      ended_by: 'terminator',
      terminator: '#',
      hangup_by: null,
      hangup_reason: null,
      error: null,
    });
  });

  test('names leg and track by their kind, no duration while running, and a code when failed', async () => {
    t.current.add({ legType: 'phone', direction: 'listen', status: 'in-progress' });
    t.current.add({
      id: OTHER_ID,
      legType: 'webrtc',
      direction: 'both',
      status: 'failed',
      error: 'disk full',
    });
    const running = (await t.current.request('GET', `${REST}/${ID}`, AUTH)).json();
    assert.equal(running.track, 'outbound');
    assert.ok(running.relay_pstn_leg_id);
    assert.equal(running.duration_in_seconds, 0);
    const failed = (await t.current.request('GET', `${REST}/${OTHER_ID}`, AUTH)).json();
    assert.equal(failed.track, 'both');
    assert.ok(failed.relay_webrtc_leg_id);
    assert.equal(failed.error_code, 'recording_failed');
    assert.equal(failed.error, 'disk full');
  });

  test('is 404 for unknown ids', async () => {
    for (const id of [OTHER_ID, 'nonsense', '..%2f..']) {
      const response = await t.current.request('GET', `${REST}/${id}`, AUTH);
      assert.equal(response.statusCode, 404);
      assert.deepEqual(response.json(), { error: 'Not Found' });
    }
  });

  test('is deleted with its file, leaving a line in the log', async () => {
    const { path: file } = t.current.add();
    const response = await t.current.request('DELETE', `${REST}/${ID}`, {
      ...AUTH,
      'content-type': 'application/json',
    });
    assert.equal(response.statusCode, 204);
    assert.equal(response.body, '');
    assert.equal(t.current.recordings.get(ID), undefined);
    assert.equal(existsSync(path.join(t.current.directory, file)), false);
    assert.deepEqual(t.current.logged.at(-1)?.fields, {
      audit: 'recording_deleted',
      recording_id: ID,
      call_id: 'call-1',
      bytes: 16,
      request_id: response.headers['x-request-id'],
      remote: '127.0.0.1',
    });
    assert.equal((await t.current.download()).statusCode, 404);
    assert.equal((await t.current.request('DELETE', `${REST}/${ID}`, AUTH)).statusCode, 404);
  });

  test('is not deleted while it runs', async () => {
    const { path: file } = t.current.add({ status: 'paused' });
    const response = await t.current.request('DELETE', `${REST}/${ID}`, AUTH);
    assert.equal(response.statusCode, 422);
    assert.equal(response.json().errors[0].code, 'invalid_state');
    assert.ok(existsSync(path.join(t.current.directory, file)));
    assert.ok(t.current.recordings.get(ID));
  });
});

describe('the list of recordings', () => {
  /** Ids of rows `n`, one a minute from midnight on. */
  const idOf = (n: number): string => `c0ff0000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  const fill = (count: number): void => {
    for (let n = 0; n < count; n++) {
      t.current.recordings.insert(
        recordingRow({ id: idOf(n), createdAt: Date.UTC(2026, 0, 2, 0, n), callId: `call-${n % 2}` }),
      );
    }
  };
  const list = async (query: string) => (await t.current.request('GET', `${REST}${query}`, AUTH)).json();
  const numbers = (page: { data: { id: string }[] }): number[] =>
    page.data.map(({ id }) => Number(id.slice(-12)));

  test('is newest first, 50 a page, and without next on the last page', async () => {
    fill(50);
    const page = await list('');
    assert.deepEqual(
      numbers(page),
      Array.from({ length: 50 }, (_, index) => 49 - index),
    );
    assert.deepEqual(page.links, {
      self: `${REST}?page_number=0&page_size=50`,
      first: `${REST}?page_number=0&page_size=50`,
    });
  });

  test('is walked by its links, filters included, forth and back, while new recordings come in', async () => {
    fill(14);
    const walked: number[][] = [];
    let page = await list('?page_size=3&call_id=call-1');
    for (;;) {
      walked.push(numbers(page));
      t.current.recordings.insert(
        recordingRow({
          id: crypto.randomUUID(),
          createdAt: Date.UTC(2027, 0, walked.length),
          callId: 'call-1',
        }),
      );
      if (page.links.next === undefined) break;
      page = await list(new URL(page.links.next, PUBLIC_URL).search);
    }
    assert.deepEqual(walked, [[13, 11, 9], [7, 5, 3], [1]]);
    page = await list(new URL(page.links.prev, PUBLIC_URL).search);
    assert.deepEqual(numbers(page), [7, 5, 3]);
    assert.match(page.links.self, /page_number=1&page_size=3&page_token=PB/);
    page = await list(new URL(page.links.prev, PUBLIC_URL).search);
    assert.deepEqual(numbers(page), [13, 11, 9]);
    assert.equal(page.links.prev, undefined);
    page = await list(new URL(page.links.next, PUBLIC_URL).search);
    assert.deepEqual(numbers(page), [7, 5, 3]);
  });

  test('is filtered by time, in several spellings, UTC unless it says otherwise', async () => {
    fill(10);
    for (const [after, before] of [
      ['2026-01-02T00:03:00Z', '2026-01-02T00:06:00Z'],
      ['2026-01-02T00:03', '2026-01-02T00:06:00'],
      ['2026-01-02T01:03:00%2B01:00', '2026-01-01T23:06:00.000-01:00'],
    ]) {
      assert.deepEqual(
        numbers(await list(`?created_after=${after}&created_before=${before}`)),
        [5, 4],
        after,
      );
    }
    assert.equal((await list('?created_after=2026-01-03')).data.length, 0);
    assert.equal((await list('?created_before=2026-01-03')).data.length, 10);
  });

  test('after the time that is shown of a recording begins with the next one', async () => {
    const at = Date.UTC(2026, 0, 2, 0, 0, 0, 123);
    // The clock of a server counts in fractions of a millisecond.
    t.current.recordings.insert(recordingRow({ id: idOf(1), createdAt: at + 0.4 }));
    t.current.recordings.insert(recordingRow({ id: idOf(2), createdAt: at + 1 }));
    const shown: string = (await list('')).data[1].created_at;
    assert.equal(shown, '2026-01-02T00:00:00.123Z');
    assert.deepEqual(numbers(await list(`?created_after=${shown}`)), [2]);
    assert.deepEqual(numbers(await list(`?created_before=${shown}`)), []);
  });

  test('refuses wrong parameters with their name', async () => {
    for (const [query, code, detail] of [
      ['page_size=0', 'invalid_parameter', /page_size.*1 to 1000/],
      ['page_size=1001', 'invalid_parameter', /page_size/],
      ['page_size=ten', 'invalid_parameter', /page_size/],
      ['page_size=1&page_size=2', 'invalid_parameter', /page_size/],
      ['page_number=-1', 'invalid_parameter', /page_number/],
      ['page_number=1', 'page_token_required', /follow the links/],
      ['page_token=PAnonsense', 'page_token_is_invalid', /begin again/],
      ['page_token=XX', 'page_token_is_invalid', /begin again/],
      ['created_after=yesterday', 'invalid_parameter', /created_after.*ISO 8601/],
      ['created_before=2026-13-01', 'invalid_parameter', /created_before/],
      [`call_id=${'x'.repeat(201)}`, 'invalid_parameter', /call_id/],
    ] as const) {
      const response = await t.current.request('GET', `${REST}?${query}`, AUTH);
      assert.equal(response.statusCode, 422, query);
      const [error] = response.json().errors;
      assert.equal(error.code, code, query);
      assert.equal(error.status, '422');
      assert.match(error.detail, detail);
      assert.ok(error.title.length > 0);
    }
  });

  test('ignores parameters that it does not know', async () => {
    fill(1);
    assert.equal((await list('?whatever=1')).data.length, 1);
  });
});
