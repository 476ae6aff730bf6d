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
  let next = 0;
  const ports = new SparePorts({
    pairs: 4,
    open: async () => {
      if (next === (options.free ?? 100)) throw new Error('no free pair of RTP ports');
      return pair(10_000 + 2 * next++, closed);
    },
    tell: (rtpPorts) => told.push(rtpPorts),
  });
  return { ports, told, closed };
}

test('pairs are bound ahead and told together; new ones once half of them are gone', async () => {
  const { ports, told } = spares();
  await ports.fill();
  assert.deepEqual(told, [[10_000, 10_002, 10_004, 10_006]]);
  assert.equal(ports.take(10_002)?.rtpPort, 10_002);
  await ports.fill();
  assert.equal(told.length, 1);
  assert.equal(ports.take(10_000)?.rtpPort, 10_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(told.slice(1), [[10_008, 10_010]]);
});

test('a pair is handed over once, and one that was never told not at all', async () => {
  const { ports } = spares();
  await ports.fill();
  assert.equal(ports.take(10_000)?.rtpPort, 10_000);
  assert.equal(ports.take(10_000), undefined);
  assert.equal(ports.take(20_000), undefined);
});

test('where the range is used up, those that could be bound are told', async () => {
  const { ports, told } = spares({ free: 3 });
  await ports.fill();
  assert.deepEqual(told, [[10_000, 10_002, 10_004]]);
});

test('closing frees what nobody took', async () => {
  const { ports, closed } = spares();
  await ports.fill();
  ports.take(10_004);
  ports.close();
  assert.deepEqual(closed, [10_000, 10_002, 10_006]);
});

test('the threads together keep an eighth of the range ready at most, and nothing of a small one', () => {
  assert.equal(sparePairs({ min: 10_000, max: 20_000 }, 2), 64);
  assert.equal(sparePairs({ min: 10_000, max: 10_319 }, 2), 10);
  assert.equal(sparePairs({ min: 10_000, max: 10_009 }, 2), 0);
});
