import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { validateRequest } from '@signalwire/web-api';
import type { HttpClient } from '../net/http-client.ts';
import { client, clientWithHeldTime, closeAfterTests } from '../net/http-fixtures.ts';
import { isSignatureValid } from '../net/signature.ts';
import { RealClock } from '../time/real-clock.ts';
import type { CallbackRow } from './callback-table.ts';
import { HttpSender, parseRetryAfter } from './http-sender.ts';

interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const KEY = 'PSK_test';
const BODY = JSON.stringify({
  event_type: 'calling.call.record',
  timestamp: 1.5,
  project_id: 'p',
  space_id: 's',
  params: { call_id: 'c', record: { audio: { format: 'wav' } } },
});
const signal = new AbortController().signal;

closeAfterTests();

describe('sending a callback by HTTP', () => {
  const clock = new RealClock();
  let server: Server;
  let origin: string;
  let http: HttpClient;
  let received: Received[];
  let reply: (response: ServerResponse) => void;

  before(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        received.push({ method: request.method!, url: request.url!, headers: request.headers, body });
        reply(response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    http = client();
  });

  beforeEach(() => {
    received = [];
    reply = (response) => response.end();
  });

  after(async () => {
    server.closeAllConnections();
    server.close();
  });

  const callback = (change: Partial<CallbackRow> = {}): CallbackRow => ({
    id: 7,
    idempotencyKey: '3f1f6a7e-0000-4000-8000-000000000000',
    url: `${origin}/status?call=1`,
    method: 'POST',
    operationId: 'o',
    eventType: 'calling.call.record',
    body: BODY,
    state: 'sending',
    attempts: 3,
    deadlineAt: 0,
    dueAt: undefined,
    createdAt: 0,
    updatedAt: 0,
    httpStatus: undefined,
    error: undefined,
    ...change,
  });
  const sender = (options: { signingKey?: string; httpsOnly?: boolean } = {}): HttpSender =>
    new HttpSender({ http, clock, ...options });
  const answer =
    (status: number, headers: Record<string, string> = {}, body = '') =>
    (response: ServerResponse): void =>
      void response.writeHead(status, headers).end(body);

  test('posts the envelope as JSON, with the key of the callback and the number of the attempt', async () => {
    assert.deepEqual(await sender().send(callback(), signal), { type: 'accepted', status: 200 });
    const [request] = received;
    assert.equal(request?.method, 'POST');
    assert.equal(request?.url, '/status?call=1');
    assert.equal(request?.body, BODY);
    assert.equal(request?.headers['content-type'], 'application/json');
    assert.equal(request?.headers['idempotency-key'], '3f1f6a7e-0000-4000-8000-000000000000');
    assert.equal(request?.headers['x-openswml-attempt'], '3');
    assert.equal(request?.headers['x-signalwire-signature'], undefined);
  });

  test('signs URL and body with both algorithms, leaving out userinfo and fragment', async () => {
    const url = `${origin.replace('//', '//user:pass@')}/status#rt=10000`;
    await sender({ signingKey: KEY }).send(callback({ url }), signal);
    const { headers } = received[0]!;
    assert.equal(headers.authorization, `Basic ${Buffer.from('user:pass').toString('base64')}`);
    for (const name of ['x-signalwire-signature', 'x-signalwire-sha256-signature']) {
      assert.ok(isSignatureValid(KEY, `${origin}/status`, BODY, String(headers[name])), name);
    }
  });

  test('the check that the vendor gives to receivers accepts what we sign, and nothing that was changed', async () => {
    const sender = new HttpSender({ http, clock, signingKey: KEY });
    await sender.send(
      callback({ url: `${origin.replace('//', '//user:secret@')}/status?call=1&b=%20%C3%BC#rt=10000` }),
      signal,
    );
    const [request] = received;
    const signature = String(request!.headers['x-signalwire-signature']);
    const url = origin + request!.url;
    assert.equal(validateRequest(KEY, signature, url, request!.body), true);
    assert.equal(validateRequest('PSK_other', signature, url, request!.body), false);
    assert.equal(validateRequest(KEY, signature, `${url}0`, request!.body), false);
    assert.equal(validateRequest(KEY, signature, url, request!.body.replace('"wav"', '"mp3"')), false);
  });

  test('flattens the event into the query of a GET, signed with an empty body', async () => {
    await sender({ signingKey: KEY }).send(callback({ method: 'GET' }), signal);
    const [request] = received;
    assert.equal(
      request?.url,
      '/status?call=1&event_type=calling.call.record&timestamp=1.5&project_id=p&space_id=s' +
        '&params.call_id=c&params.record.audio.format=wav',
    );
    assert.equal(request?.body, '');
    assert.equal(request?.headers['content-type'], undefined);
    assert.ok(
      isSignatureValid(KEY, origin + request?.url, '', String(request?.headers['x-signalwire-signature'])),
    );
  });

  test('a line end or a blank behind the URL is no part of it, nor of what is signed', async () => {
    const verifies = ({ url, headers }: Received, body: string): boolean =>
      isSignatureValid(KEY, origin + url, body, String(headers['x-signalwire-signature']));
    for (const end of ['\n', ' ']) {
      received = [];
      const url = `${origin}/status${end}`;
      for (const method of ['POST', 'GET'] as const)
        await sender({ signingKey: KEY }).send(callback({ url, method }), signal);
      const [post, get] = received;
      assert.equal(post?.url, '/status');
      assert.ok(verifies(post!, BODY));
      assert.match(String(get?.url), /^\/status\?event_type=/);
      assert.ok(verifies(get!, ''));
    }
  });

  for (const status of [200, 201, 202, 204, 299]) {
    test(`takes ${status} for delivered`, async () => {
      reply = answer(status);
      assert.deepEqual(await sender().send(callback(), signal), { type: 'accepted', status });
    });
  }

  for (const status of [400, 401, 403, 404, 410, 422]) {
    test(`takes ${status} for a refusal that no repetition changes`, async () => {
      reply = answer(status);
      const error = `the receiver answered ${status}`;
      assert.deepEqual(await sender().send(callback(), signal), { type: 'refused', status, error });
    });
  }

  for (const status of [408, 425, 429, 500, 502, 503, 504]) {
    test(`takes ${status} for a failure that may pass, with the wait that the receiver asks for`, async () => {
      reply = answer(status, { 'Retry-After': '17' });
      const error = `the receiver answered ${status}`;
      assert.deepEqual(await sender().send(callback(), signal), {
        type: 'failed',
        status,
        error,
        retryAfterMs: 17_000,
      });
    });
  }

  test('a large reply is not read', async () => {
    reply = answer(200, {}, 'x'.repeat(1_000_000));
    assert.equal((await sender().send(callback(), signal)).type, 'accepted');
  });

  test('a reply whose body does not come, or breaks off, counts by its status', async () => {
    const breakOff = (response: ServerResponse): void => void response.destroy();
    for (const end of [() => {}, breakOff]) {
      for (const [status, type] of [
        [200, 'accepted'],
        [404, 'refused'],
      ] as const) {
        const { http, answered, expire } = clientWithHeldTime();
        let replied: ServerResponse | undefined;
        reply = (response) => {
          replied = response;
          response.writeHead(status).write('working on');
        };
        const sending = new HttpSender({ http, clock }).send(callback(), signal).then((result) => {
          assert.deepEqual([result.type, 'status' in result && result.status], [type, status]);
        });
        await answered;
        end(replied!);
        if (end === breakOff) await sending;
        else await expire(sending);
      }
    }
  });

  test('a compressed reply is none of our business', async () => {
    reply = answer(202, { 'Content-Encoding': 'gzip' }, 'x');
    assert.deepEqual(await sender().send(callback(), signal), { type: 'accepted', status: 202 });
  });

  test('a receiver that closes the connection, or is not there, may come back', async () => {
    reply = (response) => response.destroy();
    assert.equal((await sender().send(callback(), signal)).type, 'failed');
    const result = await sender().send(callback({ url: 'http://127.0.0.1:9/' }), signal);
    assert.equal(result.type, 'failed');
    assert.equal('status' in result && result.status !== undefined, false);
  });

  test('a receiver that does not answer in time may come back', async () => {
    reply = () => {};
    const result = await sender().send(callback({ url: `${origin}/#rt=100` }), signal);
    assert.equal(result.type, 'failed');
    assert.match('error' in result ? result.error : '', /no answer within 100 ms/);
  });

  test('the error of a GET tells nothing of the event, which is in its URL', async () => {
    const params = { state: 'streaming', url: 'wss://a.example/?token=s3cret' };
    const body = JSON.stringify({ event_type: 'calling.call.stream', params });
    const errorOf = async (url: string): Promise<string> => {
      const result = await sender().send(callback({ method: 'GET', body, url }), signal);
      return 'error' in result ? result.error : '';
    };
    reply = () => {};
    assert.equal(
      await errorOf(`${origin}/status?call=1#rt=100`),
      `${origin}/status?…: no answer within 100 ms`,
    );
    assert.match(received[0]!.url, /s3cret/);
    reply = answer(302, { Location: 'ftp://a.example/?params.url=s3cret' });
    assert.doesNotMatch(await errorOf(`${origin}/status`), /s3cret/);
    reply = (response) => answer(302, { Location: received.at(-1)!.url })(response);
    assert.equal(await errorOf(`${origin}/status`), `${origin}/status?…: more than 3 redirects`);
  });

  test('an address that is not allowed and a URL that is none are refused', async () => {
    for (const url of ['http://10.0.0.1/', 'http://169.254.169.254/', 'ftp://example.com/', 'nonsense']) {
      assert.equal((await sender().send(callback({ url }), signal)).type, 'refused', url);
    }
  });

  test('plain http is refused when only https is allowed', async () => {
    assert.equal((await sender({ httpsOnly: true }).send(callback(), signal)).type, 'refused');
    assert.deepEqual(received, []);
  });

  test('an abort interrupts', async () => {
    const controller = new AbortController();
    reply = () => controller.abort();
    assert.deepEqual(await sender().send(callback(), controller.signal), { type: 'interrupted' });
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');

  test('is a number of seconds or a date', () => {
    assert.equal(parseRetryAfter('0', now), 0);
    assert.equal(parseRetryAfter(' 120 ', now), 120_000);
    assert.equal(parseRetryAfter(['5', '6'], now), 5_000);
    assert.equal(parseRetryAfter('Thu, 01 Jan 2026 00:01:00 GMT', now), 60_000);
    assert.equal(parseRetryAfter('Wed, 31 Dec 2025 00:00:00 GMT', now), 0);
    assert.equal(parseRetryAfter('Thu Jan  1 00:01:00 2026', now), 60_000);
  });

  test('is nothing when it is neither', () => {
    for (const value of [undefined, '', 'soon', '-5', '1.5', '1e9', '2026-01-01', '99999999999']) {
      assert.equal(parseRetryAfter(value, now), undefined, String(value));
    }
  });
});
