import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DocumentRequest } from '../engine/document-source.ts';
import { silentLogger } from '../log/logger.ts';
import { client, closeAfterTests, serve } from '../net/http-fixtures.ts';
import { isSignatureValid } from '../net/signature.ts';
import { DocumentFetcher } from './document-fetcher.ts';

const TEXT = 'sections:\n  main:\n    - hangup: {}\n';
closeAfterTests();

interface Asked {
  readonly condition: string | undefined;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

type Answer = (asked: Asked) => {
  status?: number;
  text?: string;
  headers?: Record<string, string | string[]>;
};

/** A web server and a fetcher that asks it. */
async function site(answer: Answer, signingKey?: string) {
  const asked: Asked[] = [];
  const port = await serve((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { headers } = request;
      asked.push({ condition: headers['if-none-match'], body: Buffer.concat(chunks).toString(), headers });
      const { status = 200, text = '', headers: own = {} } = answer(asked.at(-1)!);
      response.writeHead(status, own).end(text);
    });
  });
  const fetcher = new DocumentFetcher({ http: client(), log: silentLogger, signingKey });
  const url = `http://127.0.0.1:${port}/swml`;
  const load = (change: Partial<DocumentRequest> = {}) =>
    fetcher.load({
      url,
      method: 'POST',
      kind: 'calling',
      payload: { call: { call_id: `c${asked.length}` } },
      signal: new AbortController().signal,
      ...change,
    });
  return { url, asked, fetcher, load };
}

/** A server that answers 304 to its own tag, whatever the method. */
const tagged =
  (text: () => string, tag: () => string): Answer =>
  ({ condition }) => {
    const headers = { etag: tag() };
    return condition === tag() ? { status: 304, headers } : { text: text(), headers };
  };

describe('a document that comes again', () => {
  test('is asked for with its entity tag by every call, each with its own payload, and not taken apart again', async () => {
    const { asked, load } = await site(
      tagged(
        () => TEXT,
        () => '"v1"',
      ),
    );
    const [first, second] = [await load(), await load()];
    assert.deepEqual(
      asked.map(({ condition, body }) => [condition, body]),
      [
        [undefined, '{"call":{"call_id":"c0"}}'],
        ['"v1"', '{"call":{"call_id":"c1"}}'],
      ],
    );
    assert.equal(second.text, TEXT);
    assert.ok(first.document !== undefined);
    assert.equal(second.document, first.document);
  });

  test('is a new one when the server has a new one', async () => {
    let version = 1;
    const { load } = await site(
      tagged(
        () => `${TEXT}# ${version}\n`,
        () => `W/"v${version}"`,
      ),
    );
    const first = await load();
    version = 2;
    const second = await load();
    assert.notEqual(second.document, first.document);
    assert.equal(second.text, `${TEXT}# 2\n`);
    assert.equal((await load()).document, second.document);
  });

  test('is not taken apart again either when a server without entity tags sends the same text', async () => {
    const { asked, load } = await site(() => ({ text: TEXT }));
    const [first, second] = [await load(), await load()];
    assert.deepEqual(
      asked.map(({ condition }) => condition),
      [undefined, undefined],
    );
    assert.equal(second.document, first.document);
  });

  test('is kept for each URL, method and kind apart', async () => {
    const { url, asked, load } = await site(
      tagged(
        () => TEXT,
        () => '"v1"',
      ),
    );
    await load();
    await load({ url: `${url}?b` });
    await load({ method: 'GET' });
    const message = await load({ kind: 'messaging' });
    assert.ok(asked.every(({ condition }) => condition === undefined));
    assert.equal(message.document, undefined, 'hangup is no method of messages');
  });

  test('is the one that is kept also where 304 tells its length (RFC 9110 8.6)', async () => {
    const { asked, load } = await site(({ condition }) => {
      const headers = { etag: '"v1"', 'content-length': String(TEXT.length) };
      return condition === '"v1"' ? { status: 304, headers } : { text: TEXT, headers };
    });
    const [first, second] = [await load(), await load()];
    assert.deepEqual(
      asked.map(({ condition }) => condition),
      [undefined, '"v1"'],
    );
    assert.ok(first.document !== undefined);
    assert.equal(second.document, first.document);
  });

  for (const control of ['private, no-store', ['private', 'no-store']]) {
    test(`is not kept when the server forbids it (${JSON.stringify(control)})`, async () => {
      const { asked, load } = await site(() => ({
        text: TEXT,
        headers: { etag: '"v1"', 'cache-control': control },
      }));
      await load();
      await load();
      assert.equal(asked[1]?.condition, undefined);
    });
  }

  test('is asked for without a condition at a server that answers 412 to one (RFC 9110 13.1.2), from then on', async () => {
    const { asked, load } = await site(({ condition }) =>
      condition === undefined ? { text: TEXT, headers: { etag: '"v1"' } } : { status: 412 },
    );
    const [first, second, third] = [await load(), await load(), await load()];
    assert.deepEqual(
      asked.map(({ condition }) => condition),
      [undefined, '"v1"', undefined, undefined],
    );
    assert.equal(second.document, first.document);
    assert.equal(third.document, first.document);
  });

  test('is not taken for the one of the same tag to which its URL led before (RFC 9110 8.8.3)', async () => {
    const other = `# another one\n${TEXT}`;
    let place = '/day';
    const asked: string[] = [];
    const port = await serve((request, response) => {
      const { url = '', headers } = request;
      const condition = headers['if-none-match'];
      if (url === '/swml') return response.writeHead(302, { location: place }).end();
      asked.push(`${url} ${condition}`);
      if (condition === '"1"') return response.writeHead(304).end();
      return response.writeHead(200, { etag: '"1"' }).end(url === '/day' ? TEXT : other);
    });
    const fetcher = new DocumentFetcher({ http: client(), log: silentLogger, signingKey: undefined });
    const load = async () => {
      const { signal } = new AbortController();
      const url = `http://127.0.0.1:${port}/swml`;
      return (await fetcher.load({ url, method: 'GET', kind: 'calling', payload: {}, signal })).text;
    };
    assert.deepEqual([await load(), await load()], [TEXT, TEXT]);
    place = '/night';
    assert.deepEqual([await load(), await load()], [other, other]);
    assert.deepEqual(asked, [
      '/day undefined',
      '/day "1"',
      '/night "1"',
      '/night undefined',
      '/night undefined',
    ]);
  });

  test('with a mistake stays a text with a mistake, and its server is asked again', async () => {
    let text = 'sections: {main: [hangap]}';
    const { load } = await site(
      tagged(
        () => text,
        () => `"${text.length}"`,
      ),
    );
    assert.equal((await load()).document, undefined);
    assert.equal((await load()).document, undefined);
    text = TEXT;
    assert.ok((await load()).document !== undefined);
  });
});

test('a tag that could not be sent back is not sent back', async () => {
  for (const etag of ['v1', '"a b"', `"${'x'.repeat(300)}"`]) {
    const { asked, load } = await site(() => ({ text: TEXT, headers: { etag } }));
    await load();
    await load();
    assert.equal(asked[1]?.condition, undefined, etag);
  }
});

test('warnings about a document are logged when it is new, not for every call', async () => {
  const warned: string[] = [];
  const log = { ...silentLogger, warn: (_: object, message: string) => void warned.push(message) };
  const { fetcher, url } = await site(() => ({ text: 'sections: {main: [hangup: {colour: red}]}' }));
  const request = {
    url,
    method: 'POST',
    kind: 'calling',
    payload: {},
    signal: new AbortController().signal,
  } as const;
  await fetcher.fetch(request, log);
  await fetcher.fetch(request, log);
  assert.equal(warned.length, 1);
  assert.match(warned[0]!, /"hangup" has no property "colour"/);
});

test('document.md 2.4, no SHA-256 header: a fetch for a message bears the older signature alone, over the URL with its userinfo', async () => {
  const { url, asked, load } = await site(() => ({ text: 'reply: hi' }), 'PSK1');
  const configured = url.replace('//', '//ann:pw@');
  await load({ kind: 'messaging', url: `${configured}#rt=10000`, payload: { message: {} } });
  const { headers, body } = asked[0]!;
  assert.equal(headers['x-signalwire-sha256-signature'], undefined);
  const signature = String(headers['x-signalwire-signature']);
  assert.ok(isSignatureValid('PSK1', configured, body, signature));
  assert.ok(!isSignatureValid('PSK1', url, body, signature));
});
