import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RtpSocket } from '../rtp/sockets.ts';
import { SparePorts, sparePairs } from './spare-ports.ts';

function pair(rtpPort: number, closed: number[]): RtpSocket {
  return {
    rtpPort,
    onPacket: () => {},
    onRtcp: () => {},
    send: () => {},
    sendRtcp: () => {},
    close: () => closed.push(rtpPort),
  };
}

function spares(options: { readonly free?: number } = {}) {
  const told: (readonly number[])[] = [];
  const closed: number[] = [];
  const opened: RtpSocket[] = [];
  const failed: unknown[] = [];
  let next = 0;
  const ports = new SparePorts({
    pairs: 4,
    open: async () => {
      if (next === (options.free ?? 100)) throw new Error('no free pair of RTP ports');
      const socket = pair(10_000 + 2 * next++, closed);
      opened.push(socket);
      return socket;
    },
    nowMs: () => 0,
    tell: (rtpPorts) => told.push(rtpPorts),
    onNone: (cause) => failed.push(cause),
  });
  const take = (rtpPort: number): RtpSocket | undefined => {
    let taken: RtpSocket | undefined;
    ports.take(rtpPort, (socket) => {
      taken = socket;
    });
    return taken;
  };
  return { ports, take, told, closed, opened, failed };
}

test('pairs are bound ahead and told together; new ones once half of them are gone', async () => {
  const { ports, take, told } = spares();
  await ports.fill();
  assert.deepEqual(told, [[10_000, 10_002, 10_004, 10_006]]);
  assert.equal(take(10_002)?.rtpPort, 10_002);
  await ports.fill();
  assert.equal(told.length, 1);
  assert.equal(take(10_000)?.rtpPort, 10_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(told.slice(1), [[10_008, 10_010]]);
});

test('a pair is handed over once, and one that was never told not at all', async () => {
  const { ports, take } = spares();
  await ports.fill();
  assert.equal(take(10_000)?.rtpPort, 10_000);
  assert.equal(take(10_000), undefined);
  assert.equal(take(20_000), undefined);
});

test('what comes to a pair before its session has it follows it there', async () => {
  const { ports, opened } = spares();
  await ports.fill();
  opened[0]!.onPacket(Uint8Array.of(7), '127.0.0.1', 4000);
  const heard: number[] = [];
  ports.take(10_000, (socket) => {
    socket.onPacket = (bytes) => heard.push(bytes[0]!);
  });
  assert.deepEqual(heard, [7]);
});

test('where the range is used up, those that could be bound are told', async () => {
  const { ports, told } = spares({ free: 3 });
  await ports.fill();
  assert.deepEqual(told, [[10_000, 10_002, 10_004]]);
});

test('that not one can be bound is told once, and not where they are used up later', async () => {
  const none = spares({ free: 0 });
  await none.ports.fill();
  await none.ports.fill();
  assert.match(String(none.failed), /no free pair/);
  assert.equal(none.failed.length, 1);
  const four = spares({ free: 4 });
  await four.ports.fill();
  for (const port of [10_000, 10_002, 10_004, 10_006]) four.take(port);
  await four.ports.fill();
  assert.deepEqual(four.failed, []);
});

test('closing frees what nobody took', async () => {
  const { ports, take, closed } = spares();
  await ports.fill();
  take(10_004);
  ports.close();
  assert.deepEqual(closed, [10_000, 10_002, 10_006]);
});

test('the threads together keep an eighth of the range ready at most, and nothing of a small one', () => {
  assert.equal(sparePairs({ min: 10_000, max: 20_000 }, 2), 64);
  assert.equal(sparePairs({ min: 10_000, max: 10_319 }, 2), 10);
  assert.equal(sparePairs({ min: 10_000, max: 10_009 }, 2), 0);
});
