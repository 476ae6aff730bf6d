import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { createConnection } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { Party } from '../../test/sip/party.ts';
import { RealClock } from '../time/real-clock.ts';
import type { SipListener } from './api.ts';
import { ListenError, listenError } from './errors.ts';
import { freePort } from '../../test/support/ports.ts';
import { until } from '../../test/support/until.ts';

const FAST = { t1: 50, t2: 200, t4: 200 };

async function party(name: string, listeners: readonly SipListener[]): Promise<Party> {
  const one = new Party(name, { clock: new RealClock(), listeners, timers: FAST });
  await one.start();
  return one;
}

for (const [protocol, host] of [
  ['udp', '127.0.0.1'],
  ['tcp', '127.0.0.1'],
  ['udp', '::1'],
  ['tcp', '::1'],
] as const) {
  test(`A call over ${protocol} on ${host}: set-up, change, INFO, BYE`, async (t) => {
    let alice: Party;
    let bob: Party;
    try {
      alice = await party('alice', [{ protocol, host, port: 0 }]);
      bob = await party('bob', [{ protocol, host, port: 0 }]);
    } catch (error) {
      if (host === '::1' && error instanceof ListenError && error.code === 'not_ours') {
        t.skip('this machine has no IPv6');
        return;
      }
      throw error;
    }
    assert.ok(bob.bound[0]!.port > 0);
    const out = alice.dial(bob.uri(0, `;transport=${protocol}`));
    await until(() => bob.last?.events.includes('confirmed'));
    assert.deepEqual(out.events, ['confirmed']);
    await bob.last.call.reinvite('offer of bob');
    assert.deepEqual(await out.call.sendInfo('application/dtmf', '5'), { status: 200 });
    await out.call.hangup();
    assert.deepEqual(bob.last.events, ['confirmed', 'answer', 'info application/dtmf 5', 'ended remote bye']);
    assert.equal(bob.endpoint.stats.malformed + alice.endpoint.stats.malformed, 0);
    if (protocol === 'tcp')
      assert.deepEqual(
        [alice, bob].map(({ endpoint }) => endpoint.stats.connections),
        [1, 1],
      );
    await Promise.all([alice.endpoint.close(), bob.endpoint.close()]);
  });
}

test('A dual-stack listener takes IPv4 callers by their IPv4 address', async (t) => {
  let bob: Party;
  try {
    bob = await party('bob', [
      { protocol: 'udp', host: '::', port: 0 },
      { protocol: 'tcp', host: '::', port: 0 },
    ]);
  } catch (error) {
    if (error instanceof ListenError && error.code === 'not_ours') {
      t.skip('this machine has no IPv6');
      return;
    }
    throw error;
  }
  const alice = await party('alice', [{ protocol: 'udp', host: '127.0.0.1', port: 0 }]);
  let source: string | undefined;
  let local: string | undefined;
  bob.onCall = (call) => {
    source = call.source.address;
    local = call.localAddress;
    call.accept('answer of bob');
  };
  for (const [index, transport] of ['udp', 'tcp'].entries()) {
    const { port } = bob.bound[index]!;
    const out = alice.dial(`sip:bob@127.0.0.1:${port};transport=${transport}`);
    await until(() => bob.calls[index]?.events.includes('confirmed') === true);
    assert.deepEqual([source, local], ['127.0.0.1', '127.0.0.1']);
    await bob.last.call.hangup();
    await until(() => out.end !== undefined);
  }
  await Promise.all([alice.endpoint.close(), bob.endpoint.close()]);
});

test('An address that is taken, not ours, or no address is a ListenError with the cure', async () => {
  const taken = createSocket('udp4');
  taken.bind(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address();
  const attempt = (listeners: readonly SipListener[]): Promise<Party> => party('bob', listeners);
  await assert.rejects(attempt([{ protocol: 'udp', host: '127.0.0.1', port }]), (error) => {
    assert.ok(error instanceof ListenError);
    assert.equal(error.code, 'in_use');
    assert.match(error.message, new RegExp(`udp 127\\.0\\.0\\.1:${port}.*another program.*another port`));
    return true;
  });
  await assert.rejects(
    attempt([{ protocol: 'tcp', host: '192.0.2.1', port: 0 }]),
    (error) => error instanceof ListenError && error.code === 'not_ours',
  );
  await assert.rejects(
    attempt([{ protocol: 'udp', host: 'localhost', port: 0 }]),
    /"localhost" is not a numeric address; use 0\.0\.0\.0/,
  );
  await assert.rejects(
    attempt([{ protocol: 'udp', host: '127.0.0.1', port: 70_000 }]),
    (error) => error instanceof ListenError && error.code === 'invalid',
  );
  taken.close();
});

test('An address that another listener of ours has is told so, and that one of IPv6 has IPv4, too', async () => {
  const port = await freePort();
  const listener = { protocol: 'udp', host: '127.0.0.1', port } as const;
  await assert.rejects(party('bob', [listener, listener]), (error) => {
    assert.ok(error instanceof ListenError);
    assert.equal(error.code, 'in_use');
    assert.match(error.message, new RegExp(`our own listener on udp 127\\.0\\.0\\.1:${port} has it; leave`));
    return true;
  });
  const inUse = Object.assign(new Error('bind EADDRINUSE'), { code: 'EADDRINUSE' });
  const told = (host: string, protocol: 'udp' | 'tcp' = 'udp'): string =>
    listenError({ ...listener, host }, inUse, [{ protocol, host: '0.0.0.0', port }]).message;
  assert.match(told('::'), /our own listener on udp 0\.0\.0\.0:\d+ has it, and \[::\] takes IPv4 as well/);
  assert.match(told('10.0.0.5'), /our own listener on udp 0\.0\.0\.0:\d+ has it; leave/);
  for (const other of [told('::1'), told('::', 'tcp')]) assert.match(other, /another program/);
});

test('When one listener cannot be opened, those before it are closed again', async () => {
  const port = await freePort();
  const first = await party('first', [{ protocol: 'tcp', host: '127.0.0.1', port }]);
  await assert.rejects(
    party('second', [
      { protocol: 'udp', host: '127.0.0.1', port },
      { protocol: 'tcp', host: '127.0.0.1', port },
    ]),
    /in use|another program/,
  );
  const third = await party('third', [{ protocol: 'udp', host: '127.0.0.1', port }]);
  await Promise.all([first.endpoint.close(), third.endpoint.close()]);
});

test('A connection that is reset while it is answered harms nobody', async () => {
  const bob = await party('bob', [{ protocol: 'tcp', host: '127.0.0.1', port: 0 }]);
  const { port } = bob.bound[0]!;
  for (let i = 0; i < 20; i++) {
    const socket = createConnection(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(
      `OPTIONS sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK${i}\r\n` +
        `From: <sip:x@y>;tag=${i}\r\nTo: <sip:z@y>\r\nCall-ID: ${i}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`,
    );
    socket.resetAndDestroy();
  }
  await until(() => bob.endpoint.stats.connections === 0);
  const alice = await party('alice', [{ protocol: 'udp', host: '127.0.0.1', port: 0 }]);
  const out = alice.dial(bob.uri(0, ';transport=tcp'));
  await until(() => out.events.includes('confirmed'));
  await Promise.all([alice.endpoint.close(), bob.endpoint.close()]);
});

test('Our address towards loopback is loopback', async () => {
  const bob = await party('bob', [{ protocol: 'udp', host: '0.0.0.0', port: 0 }]);
  assert.equal(bob.endpoint.localAddressFor('127.0.0.1'), '127.0.0.1');
  await bob.endpoint.close();
});
