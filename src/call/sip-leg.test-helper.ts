/** A SIP leg over networks in memory, with real media sessions and a caller, for tests. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { Party } from '../../test/sip/party.ts';
import { silentLogger } from '../log/logger.ts';
import { seededRandom } from '../media/test-signals.ts';
import { LocalMediaHost } from '../mediaworker/local-host.ts';
import { createMemoryRtpNetwork } from '../rtp/memory-network.ts';
import { parseRtp, RtpHeader } from '../rtp/packet.ts';
import type { IncomingCallHandler } from '../sip/api.ts';
import { createSipEndpoint } from '../sip/endpoint.ts';
import { MemoryNetwork } from '../sip/transport/memory-network.ts';
import { openService } from './leg.test-helper.ts';
import type { MediaLeg } from './media-leg.ts';
import { createSipLeg, type SipLegOptions } from './sip-leg.ts';

export const ALICE = '10.0.0.1';
export const BOB = '10.0.0.2';

/** An offer or answer of one audio stream. */
export function sdp(port: number, formats = '0 8 101', direction = 'sendrecv'): string {
  return [
    'v=0',
    `o=- 1 1 IN IP4 ${ALICE}`,
    's=-',
    `c=IN IP4 ${ALICE}`,
    't=0 0',
    `m=audio ${port} RTP/AVP ${formats}`,
    'a=rtpmap:101 telephone-event/8000',
    `a=${direction}`,
    '',
  ].join('\r\n');
}

/** Bob's endpoint and media, which we are, and Alice's machine, over networks in memory. */
export async function openBob(t: TestContext, onInvite: IncomingCallHandler) {
  const parts = openService(t);
  const { clock, service } = parts;
  const network = new MemoryNetwork(clock);
  const rtp = createMemoryRtpNetwork(clock, { delayMs: 5 });
  const media = new LocalMediaHost({
    clock,
    log: silentLogger,
    random: seededRandom(3),
    openSocket: (address) => rtp.open(address),
  });
  const endpoint = createSipEndpoint({
    clock,
    log: silentLogger,
    userAgent: 'test/bob',
    network: network.host(BOB),
    listeners: [{ protocol: 'udp', host: BOB, port: 5060 }],
    onInvite,
  });
  await endpoint.start();
  /** What all legs of Bob have in common. */
  const site = {
    nodeId: 'node',
    projectId: 'project',
    spaceId: 'space',
    media,
    rtpBindAddress: BOB,
    advertisedAddress: undefined,
    codecs: ['PCMU', 'PCMA'],
    idleMedia: 'silence',
    sounds: { load: () => ({ kind: 'made', sound: { kind: 'silence', durationMs: 200 } }) },
    recordings: service,
    eventChannel: undefined,
    clock,
    log: silentLogger,
  } satisfies Partial<SipLegOptions>;
  return {
    ...parts,
    network,
    rtp,
    endpoint,
    site,
    async newAlice(): Promise<Party> {
      const party = new Party('alice', {
        clock,
        network: network.host(ALICE),
        listeners: [{ protocol: 'udp', host: ALICE, port: 5060 }],
      });
      await party.start();
      return party;
    },
    /** Ends all, and asserts that neither calls nor sessions nor timers are left. */
    async finish(legs: readonly MediaLeg[], parties: readonly Party[]): Promise<void> {
      const closed = Promise.all([endpoint.close(), ...parties.map((party) => party.endpoint.close())]);
      await clock.advance(60_000);
      await closed;
      for (const leg of legs) assert.equal(leg.info.call_state, 'ended');
      assert.equal(endpoint.stats.calls, 0);
      // A session that is still open would have its ticker run.
      assert.equal(clock.pendingTimers, 0, 'timers left');
    },
  };
}

/** @param own takes the place of what legs have in common */
export async function openBench(
  t: TestContext,
  own: Partial<Pick<SipLegOptions, 'codecs' | 'sounds' | 'log'>> = {},
) {
  const legs: MediaLeg[] = [];
  const digits: unknown[] = [];
  const bob = await openBob(t, (call) => {
    const callId = `call-${legs.length}`;
    const onEvent: SipLegOptions['onEvent'] = ({ kind, data }) =>
      kind === 'digit' && digits.push(data['digit']);
    legs.push(createSipLeg({ ...bob.site, ...own, call, callId, onEvent }));
  });
  const { clock, store, outbox, dataDir, network, rtp } = bob;
  // Where the caller hears us.
  const ear = await rtp.open(ALICE);
  const heard = { packets: 0, payloadType: -1 };
  const header = new RtpHeader();
  ear.onPacket = (bytes) => {
    assert.equal(parseRtp(bytes, header), 'ok');
    heard.packets++;
    heard.payloadType = header.payloadType;
  };
  const callers: Party[] = [];
  return {
    clock,
    network,
    rtp,
    legs,
    digits,
    heard,
    store,
    outbox,
    dataDir,
    ear,
    port: ear.rtpPort,
    get leg(): MediaLeg {
      return legs.at(-1) ?? assert.fail('no call came');
    },
    async caller(): Promise<Party> {
      const party = await bob.newAlice();
      callers.push(party);
      return party;
    },
    /** Ends all, and asserts that neither calls nor sessions nor timers are left. */
    finish: () => bob.finish(legs, callers),
  };
}
