import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../time/virtual-clock.ts';
import { createMemoryRtpNetwork, type MemoryRtpNetworkOptions } from './memory-network.ts';

interface Arrival {
  readonly number: number;
  readonly atMs: number;
}

/** Sends 1000 datagrams 20 ms apart, each with its number, from one socket to another. */
async function send(options: MemoryRtpNetworkOptions): Promise<Arrival[]> {
  const clock = new VirtualClock();
  const network = createMemoryRtpNetwork(clock, options);
  const [one, two] = [await network.open('10.0.0.1'), await network.open('10.0.0.2')];
  const arrivals: Arrival[] = [];
  two.onPacket = (bytes, address, port) => {
    assert.deepEqual([address, port], ['10.0.0.1', one.rtpPort]);
    arrivals.push({ number: (bytes[0]! << 8) | bytes[1]!, atMs: clock.monotonic() });
  };
  const bytes = Buffer.alloc(4);
  for (let number = 0; number < 1000; number++) {
    bytes.set([0xff, number >> 8, number & 0xff, 0xff]);
    one.send(bytes, 1, 2, two.rtpPort, '10.0.0.2');
    // What was sent is not changed by what the sender does with its buffer.
    bytes.fill(0xee);
    await clock.advance(20);
  }
  await clock.advance(1000);
  return arrivals;
}

describe('createMemoryRtpNetwork', () => {
  it('delivers everything at once and in order when nothing is set', async () => {
    const arrivals = await send({});
    assert.deepEqual(
      arrivals,
      Array.from({ length: 1000 }, (_, number) => ({ number, atMs: number * 20 })),
    );
  });

  it('delays each datagram by its time', async () => {
    const arrivals = await send({ delayMs: 35 });
    assert.ok(arrivals.every(({ number, atMs }) => atMs === number * 20 + 35));
    assert.equal(arrivals.length, 1000);
  });

  it('jitters within bounds and so reorders', async () => {
    const arrivals = await send({ delayMs: 10, jitterMs: 50 });
    assert.equal(arrivals.length, 1000);
    assert.ok(arrivals.every(({ number, atMs }) => atMs >= number * 20 + 10 && atMs <= number * 20 + 60));
    assert.ok(arrivals.some(({ number }, index) => index > 0 && number < arrivals[index - 1]!.number));
  });

  it('loses and duplicates the shares asked for, the same ones in each run', async () => {
    const lossy = await send({ loss: 0.1 });
    assert.ok(lossy.length > 850 && lossy.length < 950, `${lossy.length}`);
    const doubled = await send({ duplication: 0.1 });
    assert.ok(doubled.length > 1050 && doubled.length < 1150, `${doubled.length}`);
    assert.deepEqual(await send({ loss: 0.1, jitterMs: 5 }), await send({ loss: 0.1, jitterMs: 5 }));
    assert.deepEqual(await send({ loss: 1 }), []);
  });

  it('changes its conditions on the way', async () => {
    const clock = new VirtualClock();
    const network = createMemoryRtpNetwork(clock, { delayMs: 5 });
    const socket = await network.open('10.0.0.1');
    let received = 0;
    socket.onRtcp = () => {
      received++;
    };
    network.set({ loss: 1 });
    assert.deepEqual(network.conditions, { loss: 1, delayMs: 5, jitterMs: 0, duplication: 0 });
    socket.sendRtcp(new Uint8Array(8), 0, 8, socket.rtpPort + 1, '10.0.0.1');
    network.set({ loss: 0 });
    socket.sendRtcp(new Uint8Array(8), 0, 8, socket.rtpPort + 1, '10.0.0.1');
    await clock.advance(10);
    assert.equal(received, 1);
    assert.deepEqual(network.counts, { sent: 2, delivered: 1 });
  });

  it('gives each socket its own even port, and delivers nothing to a closed one', async () => {
    const clock = new VirtualClock();
    const network = createMemoryRtpNetwork(clock, { delayMs: 5 });
    const [one, two] = [await network.open('10.0.0.1'), await network.open('10.0.0.1')];
    assert.equal(one.rtpPort % 2, 0);
    assert.notEqual(one.rtpPort, two.rtpPort);
    two.onPacket = () => assert.fail('it is closed');
    one.send(new Uint8Array(1), 0, 1, two.rtpPort, '10.0.0.1');
    two.close();
    two.close();
    await clock.advance(10);
    two.send(new Uint8Array(1), 0, 1, one.rtpPort, '10.0.0.1');
    assert.deepEqual(network.counts, { sent: 1, delivered: 0 });
  });
});
