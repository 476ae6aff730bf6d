import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { test as nodeTest, type TestContext } from 'node:test';
import { freeUdpRange } from '../../test/support/ports.ts';
import { seededRandom } from '../media/test-signals.ts';
import type { DatagramIo } from './datagrams.ts';
import { nodeDatagrams } from './node-datagrams.ts';
import {
  createRtpSockets as createSockets,
  RtpPortError,
  type RtpSocket,
  type RtpSockets,
  type RtpSocketsOptions,
} from './sockets.ts';
import { openUring } from './uring/uring.test-helper.ts';

type Create = (options: Omit<RtpSocketsOptions, 'nowMs'>) => RtpSockets;

const HOST = '127.0.0.1';
const uring = openUring();

/** All of these rules hold for either way to the system. */
function test(rule: string, body: (t: TestContext, create: Create) => Promise<void> | void): void {
  nodeTest(`${rule} (node)`, (t) => body(t, by(nodeDatagrams)));
  nodeTest(`${rule} (io_uring)`, { skip: uring.refused }, (t) => body(t, by(uring.datagrams)));
}

function by(io: DatagramIo): Create {
  return (options) => createSockets({ ...options, nowMs: () => performance.now(), io });
}

test('a pair is an even port and the odd one above it, and both carry datagrams', async (_t, createRtpSockets) => {
  const sockets = createRtpSockets({ minPort: 41_001, maxPort: 41_400, random: () => 0.5 });
  const [a, b] = [await sockets.open(HOST), await sockets.open(HOST)];
  assert.equal(a.rtpPort % 2, 0);
  assert.notEqual(a.rtpPort, b.rtpPort);
  const heard = new Promise<string[]>((resolve) => {
    const got: string[] = [];
    const note = (what: string) => (bytes: Uint8Array, address: string, port: number) => {
      got.push(`${what} ${Buffer.from(bytes)} from ${address}:${port}`);
      if (got.length === 2) resolve(got.sort());
    };
    b.onPacket = note('rtp');
    b.onRtcp = note('rtcp');
  });
  a.send(Buffer.from('xhello'), 1, 5, b.rtpPort, HOST);
  a.sendRtcp(Buffer.from('report'), 0, 6, b.rtpPort + 1, HOST);
  assert.deepEqual(await heard, [
    `rtcp report from ${HOST}:${a.rtpPort + 1}`,
    `rtp hello from ${HOST}:${a.rtpPort}`,
  ]);
  a.close();
  b.close();
});

test('a pair of which one port is in use is passed over', async (_t, createRtpSockets) => {
  const minPort = await freeUdpRange(4);
  const taken = createSocket('udp4');
  await new Promise<void>((resolve) => taken.bind(minPort + 1, HOST, resolve));
  const sockets = createRtpSockets({ minPort, maxPort: minPort + 3, random: () => 0 });
  const pair = await sockets.open(HOST);
  assert.equal(pair.rtpPort, minPort + 2);
  pair.close();
  taken.close();
});

test('a full range is one clear error', async (_t, createRtpSockets) => {
  const minPort = await freeUdpRange(2);
  const sockets = createRtpSockets({ minPort, maxPort: minPort + 1, random: () => 0 });
  const only = await sockets.open(HOST);
  await assert.rejects(
    sockets.open(HOST),
    (error) =>
      error instanceof RtpPortError &&
      error.message.includes(`between ${minPort} and ${minPort + 1} on 127.0.0.1`),
  );
  only.close();
});

test('a long stretch of ports in use by others does not make the range count as full', async (t, createRtpSockets) => {
  // Below those that other tests take.
  const others = createRtpSockets({ minPort: 7_000, maxPort: 7_599, random: () => 0 });
  for (let i = 0; i < 260; i++) {
    const taken = await others.open(HOST);
    t.after(() => taken.close());
  }
  const sockets = createRtpSockets({ minPort: 7_000, maxPort: 8_999, random: seededRandom(1) });
  for (let i = 0; i < 10; i++) {
    const pair = await sockets.open(HOST);
    t.after(() => pair.close());
    assert.ok(pair.rtpPort > 7_000 + 2 * 259);
  }
});

test('every pair of a range is had before the range is full', async (t, createRtpSockets) => {
  const minPort = await freeUdpRange(24);
  const sockets = createRtpSockets({ minPort, maxPort: minPort + 23, random: () => 0.3 });
  const ports = new Set<number>();
  for (let i = 0; i < 12; i++) {
    const pair = await sockets.open(HOST);
    t.after(() => pair.close());
    ports.add(pair.rtpPort);
  }
  assert.equal(ports.size, 12);
  await assert.rejects(sockets.open(HOST), RtpPortError);
});

test('a pair that was closed is really free in the next turn, be it looked at in a batch or not', async (_t, createRtpSockets) => {
  const minPort = await freeUdpRange(2);
  const sockets = createRtpSockets({ minPort, maxPort: minPort + 1, random: () => 0.3 });
  for (let i = 0; i < 20; i++) {
    const pair = await sockets.open(HOST);
    if (i % 2 === 1) pair.joinBatch?.({ look: i % 4 });
    if (i % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
    pair.close();
    await new Promise((resolve) => setImmediate(resolve));
  }
});

test('an address that is not ours is one clear error', async (_t, createRtpSockets) => {
  const sockets = createRtpSockets({ minPort: 41_700, maxPort: 41_800, random: () => 0 });
  await assert.rejects(sockets.open('192.0.2.77'), RtpPortError);
});

test('sending to nobody and closing twice do no harm', async (_t, createRtpSockets) => {
  const sockets = createRtpSockets({ minPort: 41_900, maxPort: 41_950, random: () => 0 });
  const pair = await sockets.open(HOST);
  for (let i = 0; i < 5; i++) {
    pair.send(Buffer.from('x'), 0, 1, 9, HOST);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  pair.close();
  pair.close();
  pair.send(Buffer.from('x'), 0, 1, 9, HOST);
});

test('what cannot be sent is dropped and harms nothing', async (_t, createRtpSockets) => {
  const sockets = createRtpSockets({ minPort: 41_960, maxPort: 41_980, random: () => 0 });
  const [a, b] = [await sockets.open(HOST), await sockets.open(HOST)];
  const heard = new Promise<string>((resolve) => {
    b.onPacket = (bytes) => resolve(Buffer.from(bytes).toString());
  });
  a.send(Buffer.from('a'), 0, 1, b.rtpPort, 'phone.example.com');
  a.send(Buffer.from('b'), 0, 1, b.rtpPort, '::1');
  a.send(Buffer.from('c'), 0, 1, 0, HOST);
  a.send(Buffer.from('d'), 0, 1, 65_536, HOST);
  a.send(Buffer.from('e'), 0, 1, b.rtpPort, HOST);
  assert.equal(await heard, 'e');
  a.close();
  b.close();
});

test('a socket for both families speaks to IPv4 peers in plain IPv4 addresses', async (t, createRtpSockets) => {
  const sockets = createRtpSockets({ minPort: 42_000, maxPort: 42_020, random: () => 0 });
  const four = await sockets.open(HOST);
  t.after(() => four.close());
  const both = await sockets.open('::').catch(() => undefined);
  if (both === undefined) {
    t.skip('this machine has no IPv6');
    return;
  }
  t.after(() => both.close());
  const came = (socket: RtpSocket) =>
    new Promise<string>((resolve) => {
      socket.onPacket = (_bytes, address, port) => resolve(`${address}:${port}`);
    });
  const there = came(both);
  four.send(Buffer.from('x'), 0, 1, both.rtpPort, HOST);
  assert.equal(await there, `${HOST}:${four.rtpPort}`);
  const back = came(four);
  both.send(Buffer.from('x'), 0, 1, four.rtpPort, HOST);
  assert.equal(await back, `${HOST}:${both.rtpPort}`);
});

test('many that open at once get a pair each', async (_t, createRtpSockets) => {
  const sockets = createRtpSockets({ minPort: 42_030, maxPort: 42_080, random: () => 0.3 });
  const pairs = await Promise.all(Array.from({ length: 12 }, () => sockets.open(HOST)));
  assert.equal(new Set(pairs.map((pair) => pair.rtpPort)).size, 12);
  for (const pair of pairs) pair.close();
});

test('a range without a pair is refused at once', (_t, createRtpSockets) => {
  assert.throws(
    () => createRtpSockets({ minPort: 5001, maxPort: 5002, random: () => 0 }),
    /at least one even-odd pair/,
  );
});
