import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { VirtualClock } from '../time/virtual-clock.ts';
import {
  client,
  clientWithHeldTime,
  closeAfterTests,
  closedPort,
  failsWith,
  serve,
  serveRaw,
} from './http-fixtures.ts';
import type { HttpTimeouts } from './http-url.ts';

closeAfterTests();

describe('HTTP client: failures and limits', () => {
  it('knows that a refused connection reached nobody', async () => {
    const port = await closedPort();
    await assert.rejects(
      client().fetch({ url: `http://127.0.0.1:${port}/` }),
      failsWith('connection', 'safe', /ECONNREFUSED/),
    );
  });

  it('gives up when there is no connection in time', async () => {
    await assert.rejects(
      client({ resolve: () => new Promise(() => {}) }).fetch({ url: 'http://slow.test/#ot=100' }),
      failsWith('timeout_connect', 'safe', /within 100 ms/),
    );
  });

  it('has a connection for each of many calls that hold one, and for what is asked beside them', async () => {
    const calls = 200;
    const held: ServerResponse[] = [];
    const port = await serve((request, response) => {
      if (request.url === '/beside') {
        response.end();
        return;
      }
      response.writeHead(200);
      response.write('the beginning');
      held.push(response);
    });
    const http = client();
    const url = `http://127.0.0.1:${port}`;
    // Each as a sound that plays: its headers are there, and the rest of it is taken piece by piece.
    const playing = await Promise.all(
      Array.from({ length: calls }, () => http.stream({ url: `${url}/sound` })),
    );
    assert.equal(held.length, calls);
    assert.equal((await http.fetch({ url: `${url}/beside` })).status, 200);
    for (const { cancel } of playing) cancel();
  });

  it('gives up on a server that accepts and says nothing', async () => {
    const port = await serveRaw(() => {});
    await assert.rejects(
      client().fetch({ url: `http://127.0.0.1:${port}/#rt=100` }),
      failsWith('timeout_read', 'unsafe', /no answer within 100 ms/),
    );
  });

  it('gives up on a body that stalls', async () => {
    const port = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('12345');
    });
    const { http, answered, expire } = clientWithHeldTime();
    const given = assert.rejects(
      http.fetch({ url: `http://127.0.0.1:${port}/` }),
      failsWith('timeout_read', 'unsafe', /body within 60000 ms/),
    );
    await answered;
    await expire(given);
  });

  const short: readonly Partial<HttpTimeouts>[] = [{ readMs: 5_000 }, { totalMs: 5_000 }];
  for (const timeouts of short) {
    it(`takes an answer that lay unread behind a standstill of this thread: ${Object.keys(timeouts).join()}`, async () => {
      const { promise: asked, resolve } = Promise.withResolvers<ServerResponse>();
      const port = await serve((_, response) => resolve(response));
      const { http, clock } = clientWithHeldTime();
      const monotonic = clock.monotonic.bind(clock);
      let stoodStillMs = 0;
      clock.monotonic = () => monotonic() + stoodStillMs;
      const answer = http.fetch({ url: `http://127.0.0.1:${port}/`, timeouts });
      const response = await asked;
      // The timer comes first, and late.
      stoodStillMs = 10_000;
      await clock.advance(5_000);
      response.end('here');
      assert.equal(String((await answer).body), 'here');
    });
  }

  it('gives up on a slow drip that keeps every single deadline', async () => {
    let dripping: NodeJS.Timeout | undefined;
    const port = await serve((_, response) => {
      response.writeHead(200);
      dripping = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(dripping));
    });
    await assert.rejects(
      client().fetch({ url: `http://127.0.0.1:${port}/#tt=300` }),
      failsWith('timeout_total', 'unsafe', /within 300 ms/),
    );
  });

  it('ends what stalls even while virtual time stands still', async () => {
    const port = await serveRaw(() => {});
    const clock = new VirtualClock();
    const start = clock.now();
    await assert.rejects(
      client({ clock }).fetch({ url: `http://127.0.0.1:${port}/#rt=100` }),
      failsWith('timeout_read', 'unsafe'),
    );
    assert.equal(clock.now(), start);
    assert.equal(clock.pendingTimers, 0);
  });

  it('tells a broken connection from one that was never made', async () => {
    const reset = await serveRaw((socket) => socket.once('data', () => socket.resetAndDestroy()));
    await assert.rejects(
      client().fetch({ url: `http://127.0.0.1:${reset}/` }),
      failsWith('connection_lost', 'unsafe'),
    );
    const cut = await serveRaw((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')),
    );
    await assert.rejects(
      client().fetch({ url: `http://127.0.0.1:${cut}/` }),
      failsWith('connection_lost', 'unsafe'),
    );
  });

  it('says that an answer is not HTTP', async () => {
    const port = await serveRaw((socket) => socket.once('data', () => socket.end('220 mail.test ESMTP\r\n')));
    await assert.rejects(
      client().fetch({ url: `http://127.0.0.1:${port}/` }),
      failsWith('protocol', 'unsafe'),
    );
  });

  it('says that TLS could not be agreed', async () => {
    const port = await serve((_, response) => response.end());
    await assert.rejects(client().fetch({ url: `https://127.0.0.1:${port}/` }), failsWith('tls', 'safe'));
  });

  it('refuses headers without end', async () => {
    const port = await serveRaw((socket) =>
      socket.once('data', () =>
        socket.write(`HTTP/1.1 200 OK\r\n${'X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(2000)}`),
      ),
    );
    await assert.rejects(
      client().fetch({ url: `http://127.0.0.1:${port}/` }),
      failsWith('too_large', 'never'),
    );
  });

  it('refuses a body over the limit, announced or not, and can cut it instead', async () => {
    const port = await serve((request, response) => {
      const body = Buffer.alloc(5000, 'x');
      if (request.url === '/announced') response.setHeader('content-length', body.length);
      else response.setHeader('transfer-encoding', 'chunked');
      response.end(body);
    });
    const http = client({ defaults: { maxBodyBytes: 4999 } });
    for (const path of ['announced', 'chunked']) {
      const url = `http://127.0.0.1:${port}/${path}`;
      await assert.rejects(http.fetch({ url }), failsWith('too_large', 'never', /limit of 4999 bytes/));
      const cut = await http.fetch({ url, onTooLarge: 'cut' });
      assert.equal(cut.body.length, 4999);
      assert.equal(cut.truncated, true);
      const whole = await http.fetch({ url, maxBodyBytes: 5000 });
      assert.equal(whole.body.length, 5000);
      assert.equal(whole.truncated, false);
    }
  });

  it('stops reading a body without end', async () => {
    const port = await serve((_, response) => {
      const more = (): void => {
        while (response.write(Buffer.alloc(65_536)));
        response.once('drain', more);
      };
      more();
    });
    await assert.rejects(
      client().fetch({ url: `http://127.0.0.1:${port}/`, maxBodyBytes: 1_000_000 }),
      failsWith('too_large', 'never'),
    );
  });

  it('refuses a compressed body, which it did not ask for', async () => {
    const port = await serve((request, response) => {
      assert.equal(request.headers['accept-encoding'], 'identity');
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
    });
    await assert.rejects(
      client().fetch({ url: `http://127.0.0.1:${port}/` }),
      failsWith('unsupported_encoding', 'never', /gzip/),
    );
  });

  for (const encodings of [['aws-chunked'], ['utf-8'], ['']])
    it(`takes a body that is said to be encoded, but is not, as it is: ${encodings}`, async () => {
      const port = await serve((_request, response) => {
        response.setHeader('content-encoding', encodings).end('as it is');
      });
      const response = await client().fetch({ url: `http://127.0.0.1:${port}/` });
      assert.equal(response.body.toString(), 'as it is');
    });

  for (const encodings of [['aws-chunked,gzip'], ['', 'br']])
    it(`refuses a body that is compressed beside what it is said to be: ${JSON.stringify(encodings)}`, async () => {
      const port = await serve((_request, response) => {
        response.setHeader('content-encoding', encodings).end('x');
      });
      await assert.rejects(
        client().fetch({ url: `http://127.0.0.1:${port}/` }),
        failsWith('unsupported_encoding', 'never', /gzip|br/),
      );
    });

  it('takes a compressed body as it came for a caller that asks for that', async () => {
    const port = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
    });
    const response = await client().fetch({ url: `http://127.0.0.1:${port}/`, onEncoded: 'take' });
    assert.equal(response.status, 200);
    assert.equal(response.body.toString(), 'x');
  });

  for (const head of [
    '304 Not Modified\r\nContent-Length: 42',
    '304 Not Modified\r\nTransfer-Encoding: chunked',
    '204 No Content\r\nContent-Encoding: gzip',
  ])
    it(`takes an answer without a body as whole, whatever it tells of one: ${head.replace('\r\n', ', ')}`, async () => {
      const port = await serveRaw((socket) =>
        socket.once('data', () => socket.write(`HTTP/1.1 ${head}\r\n\r\n`)),
      );
      const response = await client().fetch({ url: `http://127.0.0.1:${port}/` });
      assert.deepEqual([response.status, response.body.length], [Number(head.slice(0, 3)), 0]);
      assert.equal(response.truncated, false);
    });

  it('stops when its caller gives up, before and during the request', async () => {
    const controller = new AbortController();
    const port = await serveRaw((socket) => socket.once('data', () => controller.abort()));
    const url = `http://127.0.0.1:${port}/`;
    await assert.rejects(client().fetch({ url, signal: AbortSignal.abort() }), failsWith('aborted', 'never'));
    const pending = client().fetch({ url, signal: controller.signal });
    await assert.rejects(pending, failsWith('aborted', 'never'));
  });

  it('sends nothing any more behind its end, whether it has sent anything before or not', async () => {
    let requests = 0;
    const port = await serve((_, response) => {
      requests++;
      response.end('x');
    });
    const url = `http://127.0.0.1:${port}/`;
    for (const sendsBefore of [false, true]) {
      const http = client();
      if (sendsBefore) await http.fetch({ url });
      await http.close();
      await assert.rejects(http.fetch({ url }), failsWith('aborted', 'never'));
    }
    assert.equal(requests, 1);
  });

  it('ends what is under way when it is closed', async () => {
    const http = client();
    const port = await serveRaw((socket) => socket.once('data', () => void http.close()));
    const pending = http.fetch({ url: `http://127.0.0.1:${port}/` });
    await assert.rejects(pending, failsWith('aborted', 'never'));
  });
});
