import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { AUTH, BYTES, CREDENTIALS, ID, recordingRow, useTestServer } from './http-fixtures.ts';

const BASE = `/api/laml/2010-04-01/Accounts/${CREDENTIALS.projectId}`;
const t = useTestServer();

const get = (place: string, headers: Record<string, string> = AUTH) =>
  t.current.request('GET', `${BASE}${place}`, headers);
const idOf = (n: number): string => `c0ff0000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** One recording every six hours, from midnight on. */
function fill(count: number): void {
  for (let n = 0; n < count; n++) {
    t.current.recordings.insert(
      recordingRow({ id: idOf(n), createdAt: Date.UTC(2026, 0, 2, 6 * n), callId: `call-${n % 2}` }),
    );
  }
}

async function numbers(query: string): Promise<number[]> {
  const { recordings } = (await get(`/Recordings.json?${query}`)).json() as { recordings: { sid: string }[] };
  return recordings.map(({ sid }) => Number(sid.slice(-12)));
}

describe('the recordings of the compatibility API', () => {
  test('have its fields', async () => {
    t.current.add({ stereo: true });
    const response = await get(`/Recordings/${ID}.json`);
    assert.equal(response.statusCode, 200);
    assert.deepEqual(response.json(), {
      sid: ID,
      account_sid: CREDENTIALS.projectId,
      api_version: '2010-04-01',
      call_sid: 'call-1',
      conference_sid: null,
      channels: 2,
      channel: '2',
      date_created: 'Fri, 02 Jan 2026 00:00:00 +0000',
      date_updated: 'Fri, 02 Jan 2026 00:00:13 +0000',
      start_time: 'Fri, 02 Jan 2026 00:00:00 +0000',
      end_time: 'Fri, 02 Jan 2026 00:00:12 +0000',
      duration: 12,
      price: 0,
      price_unit: 'USD',
      source: 'RecordVerb',
      status: 'completed',
      error_code: null,
      trim: 'do-not-trim',
      encryption_details: null,
      uri: `${BASE}/Recordings/${ID}.json`,
      subresource_uris: {},
    });
  });

  test('that run have no length, and those that failed are absent with a code', async () => {
    t.current.add({ status: 'in-progress', startTime: undefined });
    const running = (await get(`/Recordings/${ID}.json`)).json();
    assert.deepEqual([running.status, running.duration, running.start_time], ['in-progress', 0, null]);
    t.current.recordings.update(t.current.recordings.get(ID)!, { status: 'failed' });
    const failed = (await get(`/Recordings/${ID}.json`)).json();
    assert.deepEqual([failed.status, failed.error_code], ['absent', 'recording_failed']);
  });

  test('are listed by page, at both places where that API is looked for', async () => {
    fill(5);
    for (const base of [BASE, BASE.replace('/api/laml', '')]) {
      const pages: number[] = [];
      for (let place = `${base}/Recordings.json?PageSize=2&CallSid=call-0`; place !== null; ) {
        const page = (await t.current.request('GET', place, AUTH)).json();
        assert.ok(page.uri.startsWith(`${base}/Recordings.json?Page=${page.page}&PageSize=2`), page.uri);
        assert.equal(page.recordings[0].uri, `${base}/Recordings/${page.recordings[0].sid}.json`);
        pages.push(page.recordings.length);
        place = page.next_page_uri;
      }
      assert.deepEqual(pages, [2, 1]);
    }
  });

  test('are filtered by day, by time, by call, and by conferences, of which there are none', async () => {
    fill(9);
    for (const [query, expected] of [
      ['DateCreated=2026-01-03', [7, 6, 5, 4]],
      ['DateCreated%3E=2026-01-03T06:00:00Z', [8, 7, 6]],
      ['DateCreated>=2026-01-03T06:00:00Z&DateCreated<=2026-01-04', [7, 6]],
      ['DateCreated=2026-01-03&DateCreated%3C=2026-01-03T12:00:00Z', [5, 4]],
      ['CallSid=call-1&DateCreated=2026-01-02', [3, 1]],
      ['ConferenceSid=x', []],
    ] as const) {
      assert.deepEqual(await numbers(query), expected, query);
    }
    const { recordings } = (await get('/Calls/call-1/Recordings.json')).json();
    assert.equal(recordings.length, 4);
    assert.equal((await get('/Calls/call-1/Recordings.json?CallSid=call-0')).json().recordings.length, 0);
    assert.equal((await get(`/Calls/call-1/Recordings/${idOf(1)}.json`)).statusCode, 200);
    assert.equal((await get(`/Calls/call-1/Recordings/${idOf(2)}.json`)).statusCode, 404);
  });

  test('are files without an extension, or with that of the stored format', async () => {
    t.current.add();
    for (const tail of ['', '.wav']) {
      const response = await get(`/Recordings/${ID}${tail}`, {});
      assert.equal(response.statusCode, 200, tail);
      assert.equal(response.body, BYTES);
      assert.equal(response.headers['content-type'], 'audio/wav');
    }
    assert.match((await get(`/Recordings/${ID}.mp3`, {})).json().message, /stored as wav/);
    for (const tail of ['', '.wav']) {
      assert.equal((await get(`/Calls/call-1/Recordings/${ID}${tail}`, {})).body, BYTES);
      assert.equal((await get(`/Calls/call-2/Recordings/${ID}${tail}`, {})).statusCode, 404, tail);
    }
    t.current.protect = true;
    assert.equal((await get(`/Recordings/${ID}`, {})).statusCode, 401);
    assert.equal((await get(`/Recordings/${ID}`)).body, BYTES);
  });

  test('are deleted with their file, once, and not while they run', async () => {
    const { path: file } = t.current.add({ status: 'paused' });
    const remove = () => t.current.request('DELETE', `${BASE}/Recordings/${ID}.json`, AUTH);
    const refused = await remove();
    assert.equal(refused.statusCode, 422);
    assert.match(refused.json().message, /still running/);
    t.current.recordings.update(t.current.recordings.get(ID)!, { status: 'completed' });
    assert.equal((await remove()).statusCode, 204);
    assert.equal(existsSync(path.join(t.current.directory, file)), false);
    assert.equal((await remove()).statusCode, 404);
  });

  test('are deleted by clients that send the type of a form with an empty body (.NET)', async () => {
    t.current.add();
    const headers = { ...AUTH, 'content-type': 'application/x-www-form-urlencoded', 'content-length': '0' };
    const deleted = await t.current.request('DELETE', `${BASE}/Recordings/${ID}.json`, headers);
    assert.equal(deleted.statusCode, 204);
    assert.equal((await get(`/Recordings/${ID}.json`)).statusCode, 404);
  });

  test('are found however the URL spells the way to them', async () => {
    t.current.add();
    const place = `${BASE.replace('Accounts', '%41ccounts')}/Recordings`;
    const one = await t.current.request('GET', `${place}/${ID}.json`, AUTH);
    assert.deepEqual([one.statusCode, one.json().uri], [200, `${BASE}/Recordings/${ID}.json`]);
    assert.equal((await t.current.request('GET', `${place}.json`, AUTH)).json().recordings.length, 1);
  });

  test('tell errors as clients of that API read them', async () => {
    for (const [place, headers, status, code] of [
      [`/Recordings/${ID}.json`, AUTH, 404, 20_404],
      ['/Recordings/nonsense.json', AUTH, 404, 20_404],
      ['/Recordings.json', {}, 401, 20_003],
      [`/Recordings/${ID}.json`, {}, 401, 20_003],
      ['/Recordings.json?PageSize=0', AUTH, 422, 20_422],
      ['/Recordings.json?DateCreated=yesterday', AUTH, 422, 20_422],
    ] as const) {
      const response = await get(place, headers);
      assert.equal(response.statusCode, status, place);
      const body = response.json();
      assert.deepEqual([body.status, body.code, typeof body.message], [status, code, 'string']);
    }
    const asJson = { ...AUTH, 'content-type': 'application/json' };
    const malformed = await t.current.request('DELETE', `${BASE}/Recordings/${ID}.json`, asJson, '{');
    assert.deepEqual(malformed.json(), {
      code: 20_400,
      message: 'Bad Request',
      more_info: '',
      status: 400,
      error: 'Bad Request',
    });
    const foreign = BASE.replace(CREDENTIALS.projectId, idOf(1));
    for (const place of ['/Recordings.json', `/Recordings/${ID}.json`, `/Recordings/${ID}`]) {
      t.current.recordings.delete(ID);
      t.current.add();
      assert.equal((await t.current.request('GET', `${foreign}${place}`, AUTH)).statusCode, 404, place);
    }
  });
});
