/** The life of one call of the soak, by its kind. */
import { createSocket } from 'node:dgram';
import { randomBytes } from 'node:crypto';

import type { SipEndpoint } from '../../src/sip/api.ts';
import type { Caller } from '../caller.ts';
import { KINDS, type KindName } from './kinds.ts';

export interface CallSite {
  readonly endpoint: SipEndpoint;
  /** The server, `address:port`. */
  readonly host: string;
}

/** An answered call is hung up within this time after its answer. */
const ABANDON_WITHIN_MS = 200;
/** The document waits for five seconds before it answers. */
const CANCEL_WITHIN_MS = 4000;
const LISTEN_MS = 4000;
/** For calls that the server ends. */
const PATIENCE_MS = 30_000;
const GARBAGE_EVERY_MS = 300;

/** Calls, does what the kind does for about `talkMs`, and resolves when the call is over. Never throws. */
export async function liveCall(
  { endpoint, host }: CallSite,
  caller: Caller,
  kind: KindName,
  talkMs: number,
): Promise<void> {
  const { does } = KINDS[kind];
  caller.dial(endpoint, `sip:${kind}@${host}`, does !== 'silent');
  if (does === 'cancel') {
    await Promise.race([caller.over, wait(Math.random() * CANCEL_WITHIN_MS)]);
    return caller.hangup();
  }
  await caller.settled;
  if (does === 'silent') {
    await Promise.race([caller.over, wait(PATIENCE_MS)]);
  } else if (does === 'abandon') {
    await wait(Math.random() * ABANDON_WITHIN_MS);
  } else if (does === 'press') {
    await Promise.race([caller.over, wait(talkMs)]);
    // No key would go out in a call that is over.
    await Promise.race([caller.over, caller.press('#')]);
    await Promise.race([caller.over, wait(Math.random() * LISTEN_MS)]);
  } else {
    const garbage = does === 'garbage' ? throwGarbage(caller, host) : undefined;
    await Promise.race([caller.over, wait(talkMs)]);
    garbage?.stop();
  }
  await caller.hangup();
}

/** Bytes that are no RTP, RTP with nothing behind it, and SIP that is none, again and again. */
function throwGarbage(caller: Caller, host: string): { stop(): void } {
  const sip = createSocket('udp4');
  const [address, port] = host.split(':') as [string, string];
  const timer = setInterval(() => {
    const size = 1 + Math.floor(Math.random() * 200);
    const bytes = randomBytes(size);
    // Version 2 would be RTP of somebody else, which is a matter of the latch and not of bad packets.
    bytes[0]! &= 0x3f;
    caller.talker.throwIn(bytes);
    caller.talker.throwIn(Buffer.of(0x80));
    sip.send(Buffer.from(`BYE ${bytes.toString('latin1')}`), Number(port), address);
    sip.send(Buffer.from('INVITE sip:nobody SIP/2.0\r\nVia: none\r\n\r\n'), Number(port), address);
  }, GARBAGE_EVERY_MS);
  sip.on('error', () => {});
  return {
    stop: () => {
      clearInterval(timer);
      sip.close();
    },
  };
}

async function wait(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
