import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../media/test-signals.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { MemorySockets, type NetworkConditions } from './memory-sockets.ts';

async function sendNumbers(count: number, conditions: Partial<NetworkConditions>) {
  const clock = new VirtualClock();
  const network = new MemorySockets({ clock, random: seededRandom(7), conditions });
  const [a, b] = [await network.open('10.0.0.1'), await network.open('10.0.0.2')];
  const got: { readonly number: number; readonly ms: number; readonly from: string }[] = [];
  b.onPacket = (bytes, address, port) =>
    got.push({ number: bytes[0]!, ms: clock.monotonic(), from: `${address}:${port}` });
  const buffer = new Uint8Array(3);
  for (let i = 0; i < count; i++) {
    // One buffer for all: what is on its way must be a copy.
    buffer[1] = i;
    a.send(buffer, 1, 1, b.rtpPort, '10.0.0.2');
    await clock.advance(20);
  }
  await clock.advance(1000);
  return { clock, network, a, b, got };
}

test('a datagram arrives once, after the delay, from the port that it was sent from', async () => {
  const { got, a } = await sendNumbers(3, { delayMs: 30 });
  assert.deepEqual(
    got.map(({ number, ms }) => [number, ms]),
    [
      [0, 30],
      [1, 50],
      [2, 70],
    ],
  );
  assert.equal(got[0]!.from, `10.0.0.1:${a.rtpPort}`);
});

test('loss and duplicates take their share, jitter reorders, and a seed repeats it all', async () => {
  const conditions = { loss: 0.1, duplicates: 0.1, jitterMs: 80 };
  const { got } = await sendNumbers(200, conditions);
  const numbers = got.map(({ number }) => number);
  const distinct = new Set(numbers).size;
  assert.ok(distinct >= 165 && distinct <= 192, `${distinct} of 200 arrived`);
  assert.ok(numbers.length - distinct >= 8, `${numbers.length - distinct} duplicates`);
  assert.notDeepEqual(
    numbers,
    numbers.toSorted((x, y) => x - y),
  );
  assert.deepEqual((await sendNumbers(200, conditions)).got, got);
});

test('RTCP has a port of its own', async () => {
  const { clock, a, b, got } = await sendNumbers(0, {});
  const reports: number[] = [];
  b.onRtcp = (_bytes, _address, port) => reports.push(port);
  a.sendRtcp(new Uint8Array(4), 0, 4, b.rtpPort + 1, '10.0.0.2');
  await clock.advance(10);
  assert.deepEqual(reports, [a.rtpPort + 1]);
  assert.deepEqual(got, []);
});

test('a closed socket neither sends nor receives, and what is sent to nobody is lost', async () => {
  const { clock, network, a, b, got } = await sendNumbers(0, {});
  a.send(new Uint8Array(1), 0, 1, b.rtpPort, '10.0.0.2');
  b.close();
  b.close();
  a.send(new Uint8Array(1), 0, 1, b.rtpPort, '10.0.0.2');
  a.close();
  a.send(new Uint8Array(1), 0, 1, b.rtpPort, '10.0.0.2');
  await clock.advance(100);
  assert.deepEqual(got, []);
  assert.equal(network.openSockets, 0);
  assert.equal(clock.pendingTimers, 0);
});
