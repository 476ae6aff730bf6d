import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type LogFields, type Logger, silentLogger } from '../log/logger.ts';
import { RTP_HEADER_LENGTH, writeRtpHeader } from '../rtp/packet.ts';
import { BOB, openBench, sdp } from './sip-leg.test-helper.ts';

interface PlacedCall {
  readonly seconds: number;
  /** Of the caller's offer. */
  readonly direction?: string;
  /** How many the caller sends. */
  readonly packets?: number;
}

/** A call that is answered, lasts a while and is hung up. @returns warnings about it, and the port of its audio */
async function warningsOf(t: TestContext, { seconds, direction = 'sendrecv', packets = 0 }: PlacedCall) {
  const warned: { readonly fields: LogFields; readonly message: string }[] = [];
  const log: Logger = {
    ...silentLogger,
    warn: (fields, message) => void warned.push({ fields, message }),
  };
  const bench = await openBench(t, { log });
  const { clock } = bench;
  const alice = await bench.caller();
  const out = alice.dial(`sip:line@${BOB}`, { sdp: sdp(bench.port, '0 8 101', direction) });
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
    { seconds: 2 },
  ];
  for (const call of calls) {
    const { warned } = await warningsOf(t, call);
    assert.deepEqual(warned, [], JSON.stringify(call));
  }
});
