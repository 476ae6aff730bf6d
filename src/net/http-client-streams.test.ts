import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import {
  client,
  clientWithHeldTime,
  closeAfterTests,
  failsWith,
  HELD,
  serve,
  serveRaw,
} from './http-fixtures.ts';

closeAfterTests();

describe('HTTP client: streams', () => {
  it('hand out the beginning while the server still has the rest', async () => {
    let finish: (() => void) | undefined;
    const port = await serve((_, response) => {
      response.write('first');
      finish = () => response.end('second');
    });
    const stream = await client().stream({ url: `http://127.0.0.1:${port}/` });
    const pieces: string[] = [];
    for await (const chunk of stream.body) {
      pieces.push(chunk.toString());
      if (pieces.length === 1) finish?.();
    }
    assert.deepEqual(pieces, ['first', 'second']);
  });

  it('do not download what nobody reads', async () => {
    let written = 0;
    let blocked: (() => void) | undefined;
    const stalled = new Promise<void>((resolve) => {
      blocked = resolve;
    });
    const port = await serve((_, response) => {
      const more = (): void => {
        for (;;) {
          written += 65_536;
          if (written > 64 * 1024 * 1024) return;
          if (!response.write(Buffer.alloc(65_536))) break;
        }
        const quiet = setTimeout(() => blocked?.(), 200);
        response.once('drain', () => {
          clearTimeout(quiet);
          more();
        });
      };
      more();
    });
    const stream = await client().stream({ url: `http://127.0.0.1:${port}/` });
    const reader = stream.body[Symbol.asyncIterator]();
    await reader.next();
    await stalled;
    assert.ok(written < 64 * 1024 * 1024, `${written} bytes were taken by nobody`);
    await reader.return?.();
  });

  it('are handed out in few pieces, also where the server sends each byte as one', async () => {
    const bytes = 20_000;
    const port = await serveRaw((socket) => {
      socket.once('data', () => {
        const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
        socket.end(`${head}${'1\r\nx\r\n'.repeat(bytes)}0\r\n\r\n`);
      });
    });
    const stream = await client().stream({ url: `http://127.0.0.1:${port}/` });
    let pieces = 0;
    let size = 0;
    for await (const piece of stream.body) {
      assert.match(piece.toString(), /^x+$/);
      pieces++;
      size += piece.length;
    }
    assert.equal(size, bytes);
    assert.ok(pieces < bytes / 20, `${pieces} pieces`);
  });

  describe('whose connection ends while their reader is slow', () => {
    /** Sends so much that it is held up at the very end, then ends the connection by `end`. */
    const stream = async (headers: string, end: (socket: Socket) => void) => {
      const closed = Promise.withResolvers<void>();
      const port = await serveRaw((socket) => {
        socket.once('close', () => closed.resolve());
        socket.once('data', () => {
          socket.write(`HTTP/1.1 200 OK\r\n${headers}\r\n${'x'.repeat(60_000)}`);
          // By itself, so that it is read as one piece, with nothing behind it.
          setTimeout(() => socket.write('x'.repeat(10_000)), 100);
          setTimeout(() => end(socket), 200);
        });
      });
      const { body } = await client().stream({ url: `http://127.0.0.1:${port}/` });
      await closed.promise;
      // The other side may hear of it a little later.
      await new Promise((resolve) => setTimeout(resolve, 100));
      return body;
    };
    const sizeOf = async (body: AsyncIterable<Buffer>): Promise<number> => {
      let size = 0;
      for await (const piece of body) size += piece.length;
      return size;
    };

    for (const [how, headers] of [
      ['with a length, from a server that keeps none', 'Content-Length: 70000\r\nConnection: close\r\n'],
      ['with a length, from a server that keeps it for a while', 'Content-Length: 70000\r\n'],
      ['that last until then', 'Connection: close\r\n'],
    ] as const) {
      it(`are whole: ${how}`, async () => {
        assert.equal(await sizeOf(await stream(headers, (socket) => socket.end())), 70_000);
      });
    }

    it('fail where something is missing, once what has come is read', async () => {
      for (const end of [(socket: Socket) => socket.end(), (socket: Socket) => socket.resetAndDestroy()]) {
        const body = await stream('Content-Length: 80000\r\nConnection: close\r\n', end);
        await assert.rejects(sizeOf(body), { name: 'HttpError', retry: 'unsafe' });
      }
    });
  });

  it('fail with the read deadline only while somebody waits', async () => {
    let writeMore: (() => void) | undefined;
    const port = await serve((_, response) => {
      response.write('x');
      writeMore = () => response.write('y');
    });
    const { http, clock, expire } = clientWithHeldTime({ timeouts: { totalMs: 2 * HELD.readMs } });
    const stream = await http.stream({ url: `http://127.0.0.1:${port}/` });
    const reader = stream.body[Symbol.asyncIterator]();
    assert.equal((await reader.next()).value?.toString(), 'x');
    await clock.advance(3 * HELD.readMs);
    writeMore?.();
    assert.equal((await reader.next()).value?.toString(), 'y');
    await expire(assert.rejects(reader.next(), failsWith('timeout_read', 'unsafe')));
  });

  it('close the connection when their reader breaks off, cancels or aborts', async () => {
    const closed: Promise<unknown>[] = [];
    const port = await serve((_, response) => {
      closed.push(once(response, 'close'));
      response.write('x');
    });
    const url = `http://127.0.0.1:${port}/`;
    const broken = await client().stream({ url });
    for await (const chunk of broken.body) {
      assert.equal(chunk.toString(), 'x');
      break;
    }
    const cancelled = await client().stream({ url });
    cancelled.cancel();
    const controller = new AbortController();
    const aborted = await client().stream({ url, signal: controller.signal });
    controller.abort();
    await assert.rejects(
      async () => {
        for await (const _ of aborted.body);
      },
      failsWith('aborted', 'never'),
    );
    await Promise.all(closed);
    assert.equal(closed.length, 3);
  });

  it('refuse a body over the limit', async () => {
    const port = await serve((_, response) =>
      response.setHeader('transfer-encoding', 'chunked').end('123456'),
    );
    const stream = await client().stream({ url: `http://127.0.0.1:${port}/`, maxBodyBytes: 5 });
    await assert.rejects(
      async () => {
        for await (const _ of stream.body);
      },
      failsWith('too_large', 'never'),
    );
  });
});
