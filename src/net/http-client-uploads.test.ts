import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { until } from '../../test/support/until.ts';
import { client, clientWithHeldTime, closeAfterTests, failsWith, HELD, serve } from './http-fixtures.ts';
import type { StreamBody } from './stream-body.ts';

closeAfterTests();

const PIECE = Buffer.alloc(64 * 1024, 'piece');

function body(
  pieces: number,
  beforeEach: () => Promise<void> | void = () => {},
): StreamBody & { taken: number } {
  const made = {
    length: pieces * PIECE.length,
    taken: 0,
    async *open() {
      made.taken = 0;
      for (let n = 0; n < pieces; n++) {
        await beforeEach();
        made.taken++;
        yield PIECE;
      }
    },
  };
  return made;
}

const sha256 = (pieces: number): string => {
  const hash = createHash('sha256');
  for (let n = 0; n < pieces; n++) hash.update(PIECE);
  return hash.digest('hex');
};

describe('HTTP client: streamed bodies', () => {
  it('arrive whole, with their length, and are not held in memory', async () => {
    let length: string | undefined;
    const port = await serve(async (request, response) => {
      length = request.headers['content-length'];
      const hash = createHash('sha256');
      for await (const chunk of request) hash.update(chunk as Buffer);
      response.end(hash.digest('hex'));
    });
    const sent = body(500);
    const answer = await client().fetch({ url: `http://127.0.0.1:${port}/`, method: 'PUT', upload: sent });
    assert.equal(answer.body.toString(), sha256(500));
    assert.equal(length, String(sent.length));
  });

  it('wait for a server that takes them slowly', async () => {
    let taken = 0;
    const port = await serve((request, response) => {
      request.pause();
      const look = setInterval(() => {
        if (sent.taken === 0 || sent.taken > taken) {
          taken = sent.taken;
          return;
        }
        clearInterval(look);
        request.resume();
      }, 100);
      request.on('end', () => response.end('done'));
    });
    const sent = body(2000);
    const answer = await client().fetch({
      url: `http://127.0.0.1:${port}/`,
      method: 'PUT',
      upload: sent,
      timeouts: { readMs: 120_000, totalMs: 300_000 },
    });
    assert.equal(answer.body.toString(), 'done');
    assert.ok(taken > 0 && taken < 1500, `${taken} pieces were taken ahead`);
  });

  it('may take longer than the read deadline, as long as something moves', async () => {
    const port = await serve((request, response) => {
      request.resume();
      request.on('end', () => response.end('done'));
    });
    const { http, clock } = clientWithHeldTime();
    const slow = body(8, () => clock.advance(0.9 * HELD.readMs));
    const answer = await http.fetch({ url: `http://127.0.0.1:${port}/`, method: 'PUT', upload: slow });
    assert.equal(answer.body.toString(), 'done');
    assert.ok(clock.monotonic() > 7 * HELD.readMs);
  });

  it('fail when the server takes no more and does not answer', async () => {
    const { promise: arrived, resolve } = Promise.withResolvers<void>();
    const port = await serve((request) => {
      request.pause();
      resolve();
    });
    const { http, expire } = clientWithHeldTime();
    const sent = body(2000);
    const failed = assert.rejects(
      http.fetch({ url: `http://127.0.0.1:${port}/`, method: 'PUT', upload: sent }),
      failsWith('timeout_read', 'unsafe', /no more of the body was taken/),
    );
    await arrived;
    await until(() => sent.taken > 0);
    await expire(failed);
    assert.ok(sent.taken < 2000, 'the server has taken all');
  });

  it('are answered early when they are refused', async () => {
    const port = await serve((_, response) => {
      response.writeHead(403, { connection: 'close' });
      response.end('no');
    });
    const answer = await client().fetch({
      url: `http://127.0.0.1:${port}/`,
      method: 'PUT',
      upload: body(2000),
    });
    assert.deepEqual([answer.status, answer.body.toString()], [403, 'no']);
  });

  it('fail with the source, and leave the connection to nobody', async () => {
    const port = await serve((request) => request.resume());
    const broken = body(4, () => {
      if (broken.taken === 2) throw new Error('the file has gone');
    });
    const sending = client().fetch({ url: `http://127.0.0.1:${port}/`, method: 'PUT', upload: broken });
    await assert.rejects(sending, failsWith('connection_lost', 'unsafe', /the file has gone/));
  });

  it('are sent anew behind a redirect that keeps the method', async () => {
    const port = await serve((request, response) => {
      if (request.url === '/') {
        request.resume();
        response.writeHead(307, { location: '/there' }).end();
        return;
      }
      const hash = createHash('sha256');
      request.on('data', (chunk) => hash.update(chunk));
      request.on('end', () => response.end(hash.digest('hex')));
    });
    const answer = await client().fetch({ url: `http://127.0.0.1:${port}/`, method: 'PUT', upload: body(3) });
    assert.equal(answer.body.toString(), sha256(3));
  });
});
