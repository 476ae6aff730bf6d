/** What looking for ports costs where few are free, with a system in memory that counts what it is asked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../media/test-signals.ts';
import { type DatagramIo, ignoreDatagram } from './datagrams.ts';
import { REST_MS } from './port-book.ts';
import { createRtpSockets, RtpPortError, type RtpSocket } from './sockets.ts';

const HOST = '127.0.0.1';
const TRIES = 16;
const TRIES_IN_TURN = 16;

function openSystem({ minPort = 20_000, maxPort = 20_399 } = {}) {
  const bound = new Set<number>();
  const system = {
    time: 1e6,
    binds: 0,
    /** By other programs. */
    taken: new Set<number>(),
    bound,
    fault: undefined as Error | undefined,
    sockets: (seed = 1) =>
      createRtpSockets({ io, minPort, maxPort, nowMs: () => system.time, random: seededRandom(seed) }),
  };
  const io: DatagramIo = {
    name: 'node',
    receive: () => {},
    close: () => {},
    bind: async (_address, port) => {
      system.binds++;
      if (system.fault !== undefined) throw system.fault;
      if (system.taken.has(port) || bound.has(port)) return undefined;
      bound.add(port);
      return { listener: ignoreDatagram, send: () => {}, close: () => bound.delete(port) };
    },
  };
  return system;
}

function even(min: number, max: number): number[] {
  return Array.from({ length: (max - min) / 2 }, (_, i) => min + 2 * i);
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function openAll(sockets: ReturnType<typeof createRtpSockets>, count: number): Promise<RtpSocket[]> {
  return await Promise.all(Array.from({ length: count }, () => sockets.open(HOST)));
}

test('where all pairs are in use, the next one is refused without asking the system', async () => {
  const system = openSystem();
  const sockets = system.sockets();
  const pairs = await openAll(sockets, 200);
  assert.equal(new Set(pairs.map(({ rtpPort }) => rtpPort)).size, 200);
  assert.equal(system.binds, 400);
  const refused = await Promise.allSettled(Array.from({ length: 500 }, () => sockets.open(HOST)));
  assert.equal(system.binds, 400);
  for (const { status } of refused) assert.equal(status, 'rejected');
  await assert.rejects(sockets.open(HOST), {
    name: 'RtpPortError',
    message: 'no free pair of RTP ports between 20000 and 20399 on 127.0.0.1: widen the range (rtp.ports)',
  });
});

test('a pair that was closed is there again, once, however often it is closed', async () => {
  const system = openSystem({ maxPort: 20_003 });
  const sockets = system.sockets();
  const [first] = await openAll(sockets, 2);
  first!.close();
  first!.close();
  await turn();
  const again = await sockets.open(HOST);
  assert.equal(again.rtpPort, first!.rtpPort);
  first!.close();
  await turn();
  await assert.rejects(sockets.open(HOST), RtpPortError);
});

test('ports of other programs are passed over, left alone for some time, and had when they are free', async () => {
  const system = openSystem();
  const theirs = even(20_000, 20_060);
  // Of some pairs they have the port of RTP, of others that of RTCP.
  for (const [i, port] of theirs.entries()) system.taken.add(port + (i % 2));
  const sockets = system.sockets();
  const pairs = await openAll(sockets, 170);
  for (const { rtpPort } of pairs) assert.ok(!theirs.includes(rtpPort));
  assert.equal(system.bound.size, 340, 'of a pair that cannot be had neither port is kept');
  await assert.rejects(sockets.open(HOST), /\(\d+ tried\)|127\.0\.0\.1: widen/);
  await assert.rejects(sockets.open(HOST), RtpPortError);
  const { binds } = system;
  system.taken.clear();
  await assert.rejects(sockets.open(HOST), RtpPortError);
  assert.equal(system.binds, binds, 'not tried again at each call');
  system.time += 2 * REST_MS;
  const others = await openAll(sockets, 30);
  assert.deepEqual(others.map(({ rtpPort }) => rtpPort).toSorted(), theirs);
});

test('one who finds only ports of others gives up soon, and many who look let the thread do other work', async () => {
  const system = openSystem({ maxPort: 27_999 });
  for (const port of even(20_000, 28_000)) system.taken.add(port);
  const sockets = system.sockets();
  await assert.rejects(sockets.open(HOST), /^RtpPortError: no free pair .* \(16 tried\): widen the range/);
  assert.equal(system.binds, TRIES);

  let most = 0;
  let done = false;
  const watch = async (): Promise<void> => {
    for (let before = system.binds; !done; before = system.binds) {
      await turn();
      most = Math.max(most, system.binds - before);
    }
  };
  const watched = watch();
  await Promise.allSettled(Array.from({ length: 100 }, () => sockets.open(HOST)));
  done = true;
  await watched;
  assert.equal(system.binds, 101 * TRIES);
  assert.ok(most <= TRIES_IN_TURN, `${most} in one turn`);
});

test('what is not the fault of the ports uses none of them up', async () => {
  const system = openSystem({ maxPort: 20_003 });
  const sockets = system.sockets();
  system.fault = new RtpPortError('too many open files');
  for (let i = 0; i < 10; i++) await assert.rejects(sockets.open(HOST), /too many open files/);
  system.fault = undefined;
  await openAll(sockets, 2);
});

test('two servers give different ports', async () => {
  const orders = await Promise.all(
    [1, 2].map(async (seed) => {
      const pairs = await openAll(openSystem().sockets(seed), 5);
      return pairs.map(({ rtpPort }) => rtpPort).join();
    }),
  );
  assert.notEqual(orders[0], orders[1]);
});
