/** Two SIP endpoints joined by a network in memory on one virtual clock, for tests of whole calls. */
import assert from 'node:assert/strict';
import type { SipListener } from '../../src/sip/api.ts';
import { MemoryNetwork } from '../../src/sip/transport/memory-network.ts';
import { VirtualClock } from '../../src/time/virtual-clock.ts';
import { Party, type PartyOptions } from './party.ts';

export interface VirtualPair {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  readonly alice: Party;
  readonly bob: Party;
  /** First line and CSeq method of each datagram sent, in order, e.g. `alice INVITE`, `bob 200 INVITE`. */
  readonly trace: string[];
  /** Closes both and asserts that nothing of them is left. */
  finish(): Promise<void>;
}

const ALICE = '10.0.0.1';
const BOB = '10.0.0.2';

export async function virtualPair(
  options: { readonly alice?: Partial<PartyOptions>; readonly bob?: Partial<PartyOptions> } = {},
): Promise<VirtualPair> {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  const party = (name: string, host: string, more: Partial<PartyOptions> = {}): Party =>
    new Party(name, {
      clock,
      network: network.host(host),
      listeners: (['udp', 'tcp'] as const).map((protocol): SipListener => ({ protocol, host, port: 5060 })),
      ...more,
    });
  const alice = party('alice', ALICE, options.alice);
  const bob = party('bob', BOB, options.bob);
  await alice.start();
  await bob.start();
  const trace: string[] = [];
  network.sent = ({ from, data }) => {
    trace.push(`${from.address === ALICE ? 'alice' : 'bob'} ${summary(data)}`);
  };
  return {
    clock,
    network,
    alice,
    bob,
    trace,
    finish: async () => {
      const closed = Promise.all([alice.endpoint.close(), bob.endpoint.close()]);
      await clock.advance(60_000);
      await closed;
      assert.equal(clock.pendingTimers, 0, 'timers left');
      assert.equal(network.openStreams, 0, 'streams left');
      for (const { endpoint } of [alice, bob]) {
        const { calls, serverTransactions, clientTransactions, connections } = endpoint.stats;
        assert.deepEqual([calls, serverTransactions, clientTransactions, connections], [0, 0, 0, 0]);
      }
      for (const witness of [...alice.calls, ...bob.calls]) {
        const ends = witness.events.filter((event) => event.startsWith('ended'));
        assert.equal(ends.length, 1, `ended once: ${witness.events}`);
        assert.ok(witness.events.at(-1)!.startsWith('ended'), `ended last: ${witness.events}`);
      }
    },
  };
}

/** `INVITE`, `200 INVITE` … */
export function summary(data: Uint8Array): string {
  const text = Buffer.from(data).toString('latin1');
  const [, status] = /^SIP\/2\.0 (\d{3})/.exec(text) ?? [];
  const method = /^CSeq: *\d+ +(\S+)/m.exec(text)?.[1] ?? '?';
  return status === undefined ? text.slice(0, text.indexOf(' ')) : `${status} ${method}`;
}
