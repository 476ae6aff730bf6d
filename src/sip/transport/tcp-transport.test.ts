import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../time/virtual-clock.ts';
import { DEFAULT_SIP_LIMITS, type SipLimits } from '../limits.ts';
import type { Flow } from './flow.ts';
import { MemoryNetwork } from './memory-network.ts';
import type { Network, StreamSocket } from './network.ts';
import { TcpTransport } from './tcp-transport.ts';

const LISTENER = { protocol: 'tcp', host: '10.0.0.2', port: 5060 } as const;
const MESSAGE = 'OPTIONS sip:bob@10.0.0.2 SIP/2.0\r\nContent-Length: 0\r\n\r\n';

/** A transport at 10.0.0.2:5060, what it reports, and a peer's end of a connection to it. */
async function bench(limits: Partial<SipLimits> = {}, seen = (network: Network): Network => network) {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  const messages: string[] = [];
  const flows: Flow[] = [];
  const log: string[] = [];
  const transport = new TcpTransport(
    seen(network.host('10.0.0.2')),
    clock,
    { ...DEFAULT_SIP_LIMITS, ...limits },
    {
      message: (data, flow) => {
        messages.push(data.toString());
        flows.push(flow);
      },
      malformed: (error, flow) => {
        log.push(`malformed ${error.status}`);
        flow.send(Buffer.from('refused'), () => {});
      },
      closed: () => log.push('closed'),
      refused: (address, why) => log.push(`${why} ${address}`),
    },
  );
  await transport.listen(LISTENER);
  const dial = async (from = '10.0.0.1') => {
    const received: string[] = [];
    const peer = { socket: undefined as unknown as StreamSocket, received, closed: false };
    network.host(from).connectStream('10.0.0.2', 5060, (result) => {
      assert.ok(!(result instanceof Error));
      peer.socket = result;
      result.handle({
        data: (data) => received.push(data.toString()),
        closed: () => {
          peer.closed = true;
        },
      });
    });
    await clock.advance(20);
    return peer;
  };
  return {
    clock,
    network,
    transport,
    messages,
    flows,
    log,
    dial,
    finish: async () => {
      await transport.close();
      await clock.advance(100);
      assert.equal(transport.connections, 0);
      assert.equal(network.openStreams, 0);
      assert.equal(clock.pendingTimers, 0);
    },
  };
}

test('Messages are cut out of the stream however it is chopped, and answered on the same connection', async () => {
  const { clock, messages, flows, dial, finish } = await bench();
  const peer = await dial();
  for (const byte of Buffer.from(MESSAGE + MESSAGE)) peer.socket.write(Buffer.from([byte]));
  await clock.advance(20);
  assert.deepEqual(messages, [MESSAGE, MESSAGE]);
  flows[0]!.send(Buffer.from('answer'), () => assert.fail('not sent'));
  await clock.advance(20);
  assert.deepEqual(peer.received, ['answer']);
  await finish();
});

test('A double CRLF is answered with one, and is not a message', async () => {
  const { clock, messages, dial, finish } = await bench();
  const peer = await dial();
  peer.socket.write(Buffer.from('\r\n\r\n'));
  await clock.advance(20);
  assert.deepEqual(peer.received, ['\r\n']);
  assert.deepEqual(messages, []);
  await finish();
});

test('A keep-alive that comes in two pieces is no message that is not finished', async () => {
  const { clock, transport, dial, finish } = await bench();
  const peer = await dial();
  peer.socket.write(Buffer.from(`${MESSAGE}\r\n\r`));
  await clock.advance(20);
  peer.socket.write(Buffer.from('\n'));
  await clock.advance(20_000);
  assert.deepEqual(peer.received, ['\r\n']);
  assert.equal(transport.connections, 1);
  await finish();
});

test('A connection that says nothing, or does not finish a message, is closed after 10 s', async () => {
  const { clock, transport, log, dial, finish } = await bench();
  const silent = await dial();
  const slow = await dial('10.0.0.3');
  slow.socket.write(Buffer.from(MESSAGE + MESSAGE.slice(0, 20)));
  await clock.advance(4000);
  slow.socket.write(Buffer.from(MESSAGE.slice(20, 21)));
  assert.equal(transport.connections, 2);
  await clock.advance(12_000);
  assert.ok(silent.closed && slow.closed);
  assert.deepEqual(log.sort(), ['closed', 'closed', 'slow 10.0.0.1', 'slow 10.0.0.3']);
  await finish();
});

test('An idle connection is closed, unless a call holds it', async () => {
  const { clock, flows, log, dial, finish } = await bench({ connectionIdleMs: 60_000 });
  const idle = await dial();
  const held = await dial('10.0.0.3');
  idle.socket.write(Buffer.from(MESSAGE));
  await clock.advance(20);
  held.socket.write(Buffer.from(MESSAGE));
  await clock.advance(20);
  flows[1]!.retain();
  await clock.advance(70_000);
  assert.ok(idle.closed);
  assert.ok(!held.closed);
  flows[1]!.release();
  await clock.advance(50_000);
  assert.ok(!held.closed, 'the time runs from the end of the call');
  await clock.advance(20_000);
  assert.ok(held.closed);
  assert.deepEqual(log.sort(), ['closed', 'closed', 'idle 10.0.0.1', 'idle 10.0.0.3']);
  await finish();
});

test('Connections past the limit, in all or of one address, are closed at once', async () => {
  const { transport, log, dial, finish } = await bench({ maxConnections: 3, maxConnectionsPerAddress: 2 });
  await dial();
  await dial();
  const third = await dial();
  assert.ok(third.closed);
  await dial('10.0.0.3');
  const fifth = await dial('10.0.0.4');
  assert.ok(fifth.closed);
  assert.equal(transport.connections, 3);
  assert.deepEqual(log, ['full 10.0.0.1', 'full 10.0.0.4']);
  await finish();
});

test('A stream that is no SIP is answered if it can be, and closed', async () => {
  const { clock, log, dial, finish } = await bench();
  const peer = await dial();
  peer.socket.write(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
  await clock.advance(20);
  assert.deepEqual(log, ['malformed 400', 'closed']);
  assert.ok(peer.closed);
  await finish();
});

test('Attempts to one peer share a connection, which later ones find open', async () => {
  const { clock, network, transport, finish } = await bench();
  const accepted: StreamSocket[] = [];
  await network.host('10.0.0.9').listenStream('10.0.0.9', 5060, (socket) => {
    accepted.push(socket);
    socket.handle({ data: () => {}, closed: () => {} });
  });
  const results: (Flow | Error)[] = [];
  transport.connect('10.0.0.9', 5060, (result) => results.push(result));
  transport.connect('10.0.0.9', 5060, (result) => results.push(result));
  await clock.advance(20);
  transport.connect('10.0.0.9', 5060, (result) => results.push(result));
  assert.equal(accepted.length, 1);
  assert.equal(results.length, 3);
  assert.ok(results[0] === results[1] && results[1] === results[2]);
  await finish();
});

test('An attempt that is the last connection allowed is shared as well', async () => {
  const { clock, network, transport, finish } = await bench({ maxConnections: 1 });
  await network.host('10.0.0.9').listenStream('10.0.0.9', 5060, (socket) => {
    socket.handle({ data: () => {}, closed: () => {} });
  });
  const results: (Flow | Error)[] = [];
  transport.connect('10.0.0.9', 5060, (result) => results.push(result));
  transport.connect('10.0.0.9', 5060, (result) => results.push(result));
  await clock.advance(20);
  assert.equal(results.length, 2);
  assert.ok(!(results[0] instanceof Error));
  assert.equal(results[0], results[1]);
  await finish();
});

test('An IPv6 address is the same in each spelling, and has one connection', async () => {
  const { clock, network, transport, finish } = await bench();
  await network.host('2001:db8::9').listenStream('2001:db8::9', 5060, (socket) => {
    socket.handle({ data: () => {}, closed: () => {} });
  });
  const results: (Flow | Error)[] = [];
  transport.connect('2001:db8::9', 5060, (result) => results.push(result));
  await clock.advance(20);
  transport.connect('2001:0DB8:0:0:0:0:0:9', 5060, (result) => results.push(result));
  assert.equal(results.length, 2);
  assert.equal(results[0], results[1]);
  await finish();
});

test('A connection that we have finished is not used again, though its peer has not closed its end', async () => {
  const { clock, network, transport, log, finish } = await bench();
  const accepted: StreamSocket[] = [];
  await network.host('10.0.0.9').listenStream('10.0.0.9', 5060, (socket) => {
    accepted.push(socket);
    socket.handle({ data: () => {}, closed: () => {} });
  });
  const results: (Flow | Error)[] = [];
  transport.connect('10.0.0.9', 5060, (result) => results.push(result));
  await clock.advance(20);
  accepted[0]!.write(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
  // In the instant in which that comes, before its end is noticed.
  clock.after(5, () => {
    assert.deepEqual(log, ['malformed 400']);
    transport.connect('10.0.0.9', 5060, (result) => results.push(result));
  });
  await clock.advance(50);
  assert.equal(accepted.length, 2);
  const [first, second] = results;
  assert.ok(first !== undefined && !(first instanceof Error) && first.closed);
  assert.ok(second !== undefined && !(second instanceof Error) && !second.closed);
  await finish();
});

/** A network in memory whose peers never close their ends: a connection ends when it is destroyed. */
function withoutEnds(network: Network): Network {
  const open = new Set<StreamSocket>();
  const waiting: (() => void)[] = [];
  return {
    ...network,
    listenStream: async (host, port, connected) => {
      const server = await network.listenStream(host, port, (socket) => {
        open.add(socket);
        connected({
          local: socket.local,
          remote: socket.remote,
          pendingBytes: 0,
          handle: (handlers) => socket.handle(handlers),
          write: (data) => socket.write(data),
          end: () => {},
          destroy: () => {
            socket.destroy();
            open.delete(socket);
            if (open.size === 0) for (const done of waiting.splice(0)) done();
          },
        });
      });
      return {
        local: server.local,
        // As the system's: when its last connection is gone.
        close: async () => {
          await server.close();
          if (open.size > 0) await new Promise<void>((done) => waiting.push(done));
        },
      };
    },
  };
}

test('A peer that does not close its end is put out: 10 s behind what was no SIP, 1 s behind our end', async () => {
  const { clock, network, transport, log, dial, finish } = await bench({}, withoutEnds);
  const nonsense = await dial();
  nonsense.socket.write(Buffer.from(`${MESSAGE}GET / HTTP/1.1\r\nHost: x\r\n\r\n`));
  await clock.advance(20);
  assert.deepEqual(log, ['malformed 400']);
  assert.equal(transport.connections, 1);
  await clock.advance(16_000);
  assert.equal(transport.connections, 0);
  await dial('10.0.0.3');
  let isClosed = false;
  void transport.close().then(() => {
    isClosed = true;
  });
  await clock.advance(900);
  assert.ok(!isClosed);
  await clock.advance(200);
  assert.ok(isClosed);
  assert.equal(network.openStreams, 0);
  await finish();
});

test('A refused or unanswered connection is an error, once', async () => {
  const { clock, network, transport, finish } = await bench({ connectMs: 3000 });
  const results: string[] = [];
  const note = (result: Flow | Error): void => {
    results.push(result instanceof Error ? result.message : 'connected');
  };
  transport.connect('10.0.0.9', 5060, note);
  await clock.advance(20);
  assert.match(results[0]!, /ECONNREFUSED/);
  network.reachable = () => false;
  transport.connect('10.0.0.9', 5060, note);
  await clock.advance(2900);
  assert.equal(results.length, 1);
  await clock.advance(200);
  assert.match(results[1]!, /no TCP connection to 10\.0\.0\.9 5060 within 3000 ms/);
  assert.equal(results.length, 2);
  await finish();
});

test('A connection of ours is kept alive with a double CRLF, one of the peer is not', async () => {
  const { clock, network, transport, dial, messages, finish } = await bench({ keepAliveMs: 30_000 });
  const received: string[] = [];
  await network.host('10.0.0.9').listenStream('10.0.0.9', 5060, (socket) => {
    socket.handle({ data: (data) => received.push(data.toString()), closed: () => {} });
  });
  transport.connect('10.0.0.9', 5060, () => {});
  const peer = await dial();
  peer.socket.write(Buffer.from(MESSAGE));
  await clock.advance(100_000);
  assert.deepEqual(received, ['\r\n\r\n', '\r\n\r\n', '\r\n\r\n']);
  assert.deepEqual(peer.received, []);
  assert.equal(messages.length, 1);
  await finish();
});

test('A peer that has answered keep-alives and then does so no more is gone', async () => {
  const { clock, network, transport, log, finish } = await bench({ keepAliveMs: 30_000 });
  await network.host('10.0.0.9').listenStream('10.0.0.9', 5060, (socket) => {
    socket.handle({
      data: (data) => {
        if (data.toString() === '\r\n\r\n') socket.write(Buffer.from('\r\n'));
      },
      closed: () => {},
    });
  });
  transport.connect('10.0.0.9', 5060, () => {});
  await clock.advance(100_000);
  assert.equal(transport.connections, 1);
  network.stall = true;
  await clock.advance(50_000);
  assert.equal(transport.connections, 0);
  assert.deepEqual(log, ['silent 10.0.0.9', 'closed']);
  await finish();
});

test('What is sent on a connection that is gone fails', async () => {
  const { clock, network, flows, dial, log, finish } = await bench();
  const peer = await dial();
  peer.socket.write(Buffer.from(MESSAGE));
  await clock.advance(20);
  network.cutStreams();
  await clock.advance(20);
  assert.deepEqual(log, ['closed']);
  assert.ok(flows[0]!.closed);
  let failure: Error | undefined;
  flows[0]!.send(Buffer.from('x'), (error) => {
    failure = error;
  });
  await clock.advance(1);
  assert.match(failure!.message, /closed/);
  await finish();
});

test('A peer that does not read is put out before it fills the memory', async () => {
  const { clock, network, flows, dial, finish } = await bench({ maxPendingBytes: 1000 });
  const peer = await dial();
  peer.socket.write(Buffer.from(MESSAGE));
  await clock.advance(20);
  network.stall = true;
  const failures: string[] = [];
  for (let i = 0; i < 5; i++) flows[0]!.send(Buffer.alloc(400), (error) => failures.push(error.message));
  await clock.advance(20);
  assert.deepEqual(failures, [
    'the peer does not read',
    'the connection is closed',
    'the connection is closed',
  ]);
  assert.ok(peer.closed);
  await finish();
});

test('Closing ends attempts that are under way', async () => {
  const { network, transport, finish } = await bench();
  network.reachable = () => false;
  const results: (Flow | Error)[] = [];
  transport.connect('10.0.0.9', 5060, (result) => results.push(result));
  await finish();
  assert.match((results[0] as Error).message, /closed/);
  transport.connect('10.0.0.9', 5060, (result) => results.push(result));
  assert.match((results[1] as Error).message, /closed/);
});
