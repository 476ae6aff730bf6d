/**
 * The vendor's clients, pointed at our base URL. Its compatibility client is on the registry and runs here as it is.
 * Its TypeScript SDK (@signalwire/sdk) is not: `SdkClient` asks, pages and reads as its RestClient 2.0.5 does.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, test } from 'node:test';
import { RestClient } from '@signalwire/compatibility-api';
import { CREDENTIALS, useTestServer } from './http-fixtures.ts';

interface Recording {
  readonly id: string;
  readonly duration: number;
  readonly state: string;
  readonly url: string;
}

interface Page {
  readonly data: readonly Recording[];
  readonly links: { readonly next?: string };
}

class SdkError extends Error {
  readonly statusCode: number;
  readonly body: unknown;

  constructor(statusCode: number, body: unknown) {
    super(`${statusCode}`);
    this.statusCode = statusCode;
    this.body = body;
  }
}

/** `recordings` of the SDK: list, get, delete, and the walk through pages. */
class SdkClient {
  readonly #baseUrl: string;
  readonly #authorization: string;

  constructor(baseUrl: string, project: string, token: string) {
    this.#baseUrl = baseUrl;
    this.#authorization = `Basic ${Buffer.from(`${project}:${token}`).toString('base64')}`;
  }

  async request<T>(method: string, place: string): Promise<T> {
    const response = await fetch(`${this.#baseUrl}${place}`, {
      method,
      headers: {
        Authorization: this.#authorization,
        Accept: 'application/json',
        'User-Agent': '@signalwire/sdk-ts/2.0.0',
      },
    });
    const text = await response.text();
    if (!response.ok) throw new SdkError(response.status, JSON.parse(text));
    return (response.status === 204 || text === '' ? {} : JSON.parse(text)) as T;
  }

  async *walk(query: string): AsyncGenerator<Recording> {
    for (let place: string | undefined = `/api/relay/rest/recordings${query}`; place !== undefined; ) {
      const page: Page = await this.request<Page>('GET', place);
      yield* page.data;
      const next: string | undefined = page.links.next;
      const { pathname, search } = new URL(next ?? '', this.#baseUrl);
      place = next?.startsWith('http') ? pathname + search : next;
    }
  }

  /** As the SDK for Python does it: only the query of `next`, on the path of before. */
  async *walkByQuery(query: string): AsyncGenerator<Recording> {
    const seen = new Set<string>();
    for (let rest = query; !seen.has(rest); ) {
      seen.add(rest);
      const page: Page = await this.request<Page>('GET', `/api/relay/rest/recordings${rest}`);
      yield* page.data;
      if (page.links.next === undefined) return;
      rest = new URL(page.links.next, this.#baseUrl).search;
    }
  }
}

const t = useTestServer();
let baseUrl: string;

beforeEach(async () => {
  for (let n = 0; n < 7; n++) {
    t.current.add({
      id: `c0ff0000-0000-4000-8000-00000000000${n}`,
      createdAt: 1_767_312_000_000 + n * 1_000,
      callId: `call-${n % 2}`,
    });
  }
  const { port } = await t.current.server.listen();
  baseUrl = `http://127.0.0.1:${port}`;
});

const numbers = (ids: readonly string[]): number[] => ids.map((id) => Number(id.slice(-12)));

describe("the vendor's SDK", () => {
  const sdk = (token = CREDENTIALS.apiToken): SdkClient =>
    new SdkClient(baseUrl, CREDENTIALS.projectId, token);

  test('lists, filters and walks through pages, in both ways that it knows', async () => {
    for (const walk of ['walk', 'walkByQuery'] as const) {
      const ids: string[] = [];
      for await (const { id } of sdk()[walk]('?page_size=2')) ids.push(id);
      assert.deepEqual(numbers(ids), [6, 5, 4, 3, 2, 1, 0]);
      const filtered: string[] = [];
      for await (const { id } of sdk()[walk]('?page_size=1&call_id=call-1')) filtered.push(id);
      assert.deepEqual(numbers(filtered), [5, 3, 1]);
    }
  });

  test('gets one, reads the fields of its samples, downloads it, and deletes it', async () => {
    const [first] = (await sdk().request<Page>('GET', '/api/relay/rest/recordings')).data;
    const place = `/api/relay/rest/recordings/${first!.id}`;
    const recording = await sdk().request<Recording>('GET', place);
    assert.deepEqual([recording.id, recording.duration, recording.state], [first!.id, 12, 'completed']);
    const file = await fetch(new URL(new URL(recording.url).pathname, baseUrl));
    assert.equal((await file.arrayBuffer()).byteLength, 16);
    assert.deepEqual(await sdk().request('DELETE', place), {});
    await assert.rejects(sdk().request('GET', place), { statusCode: 404, body: { error: 'Not Found' } });
  });

  test('is told of wrong credentials as it reads errors', async () => {
    await assert.rejects(sdk('wrong').request('GET', '/api/relay/rest/recordings'), {
      statusCode: 401,
      body: { error: 'Unauthorized' },
    });
  });
});

describe("the vendor's compatibility client", () => {
  const client = (token = CREDENTIALS.apiToken) => {
    const made = RestClient(CREDENTIALS.projectId, token, { signalwireSpaceUrl: 'localhost' });
    // It knows only https, which a proxy in front of us speaks.
    made.api.baseUrl = baseUrl;
    return made;
  };

  test('lists all pages, and those of a call', async () => {
    const all = await client().recordings.list({ pageSize: 3 });
    assert.deepEqual(numbers(all.map(({ sid }) => sid)), [6, 5, 4, 3, 2, 1, 0]);
    assert.ok(all[0]!.dateCreated instanceof Date);
    assert.equal(all[0]!.dateCreated.getTime(), 1_767_312_006_000);
    const ofCall = await client().recordings.list({ callSid: 'call-1', limit: 2 });
    assert.deepEqual(numbers(ofCall.map(({ sid }) => sid)), [5, 3]);
    const recent = await client().recordings.list({ dateCreatedAfter: new Date(1_767_312_004_000) });
    assert.deepEqual(numbers(recent.map(({ sid }) => sid)), [6, 5]);
    const [own] = await client().calls('call-0').recordings.list();
    assert.equal(own?.callSid, 'call-0');
  });

  test('fetches one and removes it', async () => {
    const [row] = t.current.recordings.list({ limit: 1 });
    const recording = await client().recordings(row!.id).fetch();
    assert.deepEqual(
      [recording.sid, recording.status, String(recording.duration), recording.channels],
      [row!.id, 'completed', '12', 1],
    );
    assert.equal(await client().recordings(row!.id).remove(), true);
    assert.equal(existsSync(path.join(t.current.directory, row!.path)), false);
    await assert.rejects(client().recordings(row!.id).fetch(), { status: 404, code: 20_404 });
  });

  test('is told of wrong credentials as it reads errors', async () => {
    await assert.rejects(client('wrong').recordings.list(), {
      status: 401,
      code: 20_003,
      message: 'Unauthorized',
    });
  });
});
