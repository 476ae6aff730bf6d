import assert from 'node:assert/strict';
import { Socket } from 'node:dgram';
import { test } from 'node:test';
import { VirtualClock } from '../../time/virtual-clock.ts';
import { NodeNetwork } from './node-network.ts';

/** An address that the default route leads to. */
const PEER = '203.0.113.9';
const DOCKER = '172.17.0.1';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Our address towards the peer once what was asked of the system is known. */
async function seen(network: NodeNetwork, clock: VirtualClock): Promise<string> {
  await clock.advance(10_000);
  network.localAddressFor(PEER);
  await settled();
  return network.localAddressFor(PEER);
}

test('A default route that comes behind the start, and an address that changes, are told to peers', async () => {
  const clock = new VirtualClock();
  let ours: string | undefined;
  const network = new NodeNetwork(clock, {
    interfaces: () =>
      [DOCKER, ours]
        .filter((address) => address !== undefined)
        .map((address) => ({ address, prefix: 24, internal: false })),
    routeTo: async (remote) => (remote.includes(':') ? undefined : ours),
  });
  assert.equal(await seen(network, clock), DOCKER);
  ours = '192.168.1.10';
  assert.equal(await seen(network, clock), '192.168.1.10');
  ours = '192.168.1.99';
  assert.equal(await seen(network, clock), '192.168.1.99');
});

test('An address is not taken for that of the default route once no interface has it', async () => {
  const clock = new VirtualClock();
  let ours = ['192.168.1.10', DOCKER];
  const network = new NodeNetwork(clock, {
    interfaces: () => ours.map((address) => ({ address, prefix: 24, internal: false })),
    // Too many open files, say: nobody can tell.
    routeTo: async (remote) => (ours.length < 2 || remote.includes(':') ? undefined : ours[0]),
  });
  assert.equal(await seen(network, clock), '192.168.1.10');
  ours = [DOCKER];
  assert.equal(await seen(network, clock), DOCKER);
});

test('Where the system does not tell its interfaces, peers are told the address of the default route', async () => {
  const clock = new VirtualClock();
  const network = new NodeNetwork(clock, {
    interfaces: () => {
      throw new Error('uv_interface_addresses returned EAFNOSUPPORT');
    },
    routeTo: async (remote) => (remote.includes(':') ? '2001:db8::7' : '192.168.1.10'),
  });
  assert.equal(await seen(network, clock), '192.168.1.10');
  assert.equal(network.localAddressFor('2001:db8:9::1'), '2001:db8::7');
});

test('Without a default route nobody is told that we are at all addresses', async (t) => {
  t.mock.method(
    Socket.prototype,
    'connect',
    function (this: Socket, _port: number, address: string, done: (error: Error) => void): void {
      const all = address.includes(':') ? '::' : '0.0.0.0';
      this.bind(0, all, () => done(new Error('connect ENETUNREACH')));
    },
  );
  const clock = new VirtualClock();
  const network = new NodeNetwork(clock, {
    interfaces: () => {
      throw new Error('nobody knows');
    },
  });
  network.localAddressFor(PEER);
  // Waits for what is asked of the system.
  await clock.advance(1);
  assert.equal(network.localAddressFor(PEER), '127.0.0.1');
  assert.equal(network.localAddressFor('2001:db8:9::1'), '::1');
});

test('A name is looked up once for all who ask at the same time, and anew behind that', async () => {
  const answers: PromiseWithResolvers<readonly { readonly address: string }[]>[] = [];
  const network = new NodeNetwork(new VirtualClock(), {
    lookup: () => {
      answers.push(Promise.withResolvers());
      return answers.at(-1)!.promise;
    },
  });
  const both = [network.lookup('pbx.example'), network.lookup('pbx.example')];
  const failed = assert.rejects(network.lookup('gateway.example'), /no name server/);
  assert.equal(answers.length, 2);
  answers[0]!.resolve([{ address: '10.0.0.1' }]);
  answers[1]!.reject(new Error('no name server'));
  assert.deepEqual(await Promise.all(both), [['10.0.0.1'], ['10.0.0.1']]);
  await failed;
  const again = network.lookup('gateway.example');
  answers[2]!.resolve([{ address: '10.0.0.2' }]);
  assert.deepEqual(await again, ['10.0.0.2']);
});
