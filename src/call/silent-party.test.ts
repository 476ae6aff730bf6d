import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type LogFields, type Logger, silentLogger } from '../log/logger.ts';
import { type NegotiatedMedia, NO_STATISTICS } from '../mediaworker/protocol.ts';
import { RTP_HEADER_LENGTH, writeRtpHeader } from '../rtp/packet.ts';
import { openLeg } from './leg.test-helper.ts';
import { ALICE, BOB, openBench, sdp } from './sip-leg.test-helper.ts';

const AGREED: NegotiatedMedia = {
  codec: 'PCMU',
  payloadType: 0,
  remoteAddress: ALICE,
  remotePort: 4000,
  remoteRtcpPort: 4001,
  direction: 'sendrecv',
  ptimeMs: 20,
};

interface PlacedCall {
  readonly seconds: number;
  /** Of the caller's offer. */
  readonly direction?: string;
  /** Of the caller's offer, where it listens. */
  readonly address?: string;
  /** How many the caller sends. */
  readonly packets?: number;
}

function noting() {
  const warned: { readonly fields: LogFields; readonly message: string }[] = [];
  const log: Logger = {
    ...silentLogger,
    warn: (fields, message) => void warned.push({ fields, message }),
  };
  return { warned, log };
}

/** A call that is answered, lasts a while and is hung up. @returns warnings about it, and the port of its audio */
async function warningsOf(t: TestContext, call: PlacedCall) {
  const { seconds, direction = 'sendrecv', address = ALICE, packets = 0 } = call;
  const { warned, log } = noting();
  const bench = await openBench(t, { log });
  const { clock } = bench;
  const alice = await bench.caller();
  const offer = sdp(bench.port, '0 8 101', direction).replace(`c=IN IP4 ${ALICE}`, `c=IN IP4 ${address}`);
  const out = alice.dial(`sip:line@${BOB}`, { sdp: offer });
  await clock.advance(100);
  await bench.leg.answer();
  await clock.advance(50);
  const port = Number(/m=audio (\d+)/.exec(out.sdp[0]!)?.[1]);
  const packet = new Uint8Array(RTP_HEADER_LENGTH + 160).fill(0x90);
  for (let sent = 0; sent < packets; sent++) {
    writeRtpHeader(packet, 0, sent === 0, sent, sent * 160, 42);
    bench.ear.send(packet, 0, packet.length, port, BOB);
    await clock.advance(20);
  }
  await clock.advance(seconds * 1000);
  void out.call.hangup();
  await clock.advance(100);
  await bench.finish();
  return { warned, port };
}

test('a call from whose party no packet came is told, with the address where they should have come', async (t) => {
  const { warned, port } = await warningsOf(t, { seconds: 6 });
  assert.deepEqual(
    warned.map(({ fields }) => fields),
    [{ address: BOB, rtp_port: port }],
  );
  assert.match(warned[0]!.message, /^no audio came from the party/);
});

test('a call that was heard, that was on hold, or that was over at once is nothing to tell', async (t) => {
  const calls: readonly PlacedCall[] = [
    { seconds: 6, packets: 10 },
    { seconds: 6, direction: 'recvonly' },
    { seconds: 6, direction: 'inactive' },
    // As RFC 2543 puts a call on hold.
    { seconds: 6, address: '0.0.0.0' },
    { seconds: 2 },
  ];
  for (const call of calls) {
    const { warned } = await warningsOf(t, call);
    assert.deepEqual(warned, [], JSON.stringify(call));
  }
});

test('a call is as long as it lasted, though its media need longer for their files', async (t) => {
  const warningsBehind = async (seconds: number): Promise<number> => {
    const { warned, log } = noting();
    const { leg, host, clock, emit } = openLeg(t, {
      log,
      onMedia: (media) => media.send({ type: 'configure', media: AGREED }),
    });
    host.closes = false;
    await leg.answer();
    await clock.advance(seconds * 1000);
    const over = leg.hangup();
    await clock.advance(10_000);
    emit({ type: 'closed', statistics: { ...NO_STATISTICS, codec: 'PCMU' } });
    await over;
    return warned.length;
  };
  assert.deepEqual([await warningsBehind(2), await warningsBehind(6)], [0, 1]);
});
