/** The process of all callers of the soak: keeps a number of calls up, each to its own end, and tells of each. */
import { silentLogger } from '../../src/log/logger.ts';
import type { IncomingSipCall, SipEndpoint } from '../../src/sip/api.ts';
import { createSipEndpoint } from '../../src/sip/endpoint.ts';
import { SdpNegotiation } from '../../src/sip/sdp/negotiation.ts';
import { RealClock } from '../../src/time/real-clock.ts';
import { Caller } from '../caller.ts';
import { Histogram } from '../histogram.ts';
import { Lines } from '../lines.ts';
import { Pacer } from '../pacer.ts';
import { HOST, Talker } from '../talker.ts';
import { liveCall, type CallSite } from './call-life.ts';
import { chooseKind, type KindName } from './kinds.ts';
import type { CallersTask, FromCallers, ToCallers } from './messages.ts';

/** Of those who are called: marks that no caller of the time has, for they never come into a left channel. */
const CALLED_NUMBER = 0;
/** New calls a second until all are up. */
const RAMP_PER_SECOND = 20;

const task = JSON.parse(process.argv[2] ?? '{}') as CallersTask;
const gaps = new Histogram();
const lateness = new Histogram();
const clock = new RealClock();
const sockets = new Lines(clock);
const pacer = new Pacer(sockets, lateness);
const endpoint = createSipEndpoint({
  clock,
  log: silentLogger,
  userAgent: 'OpenSWML-soak',
  listeners: [{ protocol: 'udp', host: HOST, port: 0 }],
  onInvite: (call) => void answer(call),
  limits: { maxCalls: task.calls * 2 + 100 },
});
let next = 0;
let finishing = false;
let lines: Promise<unknown> = Promise.resolve();

process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToCallers) => {
  if (message.kind === 'each') {
    const site = siteOf(message.host);
    lines = Promise.all(task.kinds.map((kind) => one(site, kind, task.shortest))).then(done);
  } else if (message.kind === 'start') {
    const site = siteOf(message.host);
    lines = Promise.all(Array.from({ length: task.calls }, (_, line) => keepUp(site, line))).then(done);
  } else {
    finishing = true;
  }
});
const [listener] = await endpoint.start();
tell({ kind: 'listening', port: listener!.port });

/** One call after the other on one line. */
async function keepUp(site: CallSite, line: number): Promise<void> {
  await wait((line * 1000) / RAMP_PER_SECOND);
  while (!finishing) {
    const talk = task.shortest + Math.random() * (task.longest - task.shortest);
    await one(site, chooseKind(task.kinds, Math.random()), talk);
  }
}

async function one(site: CallSite, kind: KindName, talkSeconds: number): Promise<void> {
  const number = next++;
  const caller = await Caller.open({ number, lines: sockets, gaps });
  const startedAt = performance.now();
  pacer.add(caller.talker);
  await liveCall(site, caller, kind, talkSeconds * 1000);
  pacer.remove(caller.talker);
  caller.talker.close();
  tell({
    kind: 'over',
    call: { ...caller.report, kind, worstLateMs: pacer.worstSince(startedAt) },
  });
}

/** The called side of `bridge`: answers, and talks until the other side hangs up. */
async function answer(call: IncomingSipCall): Promise<void> {
  const talker = await Talker.open({ number: CALLED_NUMBER, lines: sockets, gaps });
  const local = { address: HOST, rtpPort: talker.port, codecs: ['PCMU'] } as const;
  const negotiation = new SdpNegotiation(local, '1');
  const over = (): void => {
    pacer.remove(talker);
    talker.close();
  };
  call.handle({
    offer: (sdp) => negotiation.answer(sdp).sdp,
    makeOffer: () => negotiation.offer(),
    answer: () => {},
    info: () => {},
    ended: over,
  });
  const { sdp, media } = negotiation.answer(call.offer ?? '');
  call.accept(sdp);
  talker.talkTo(media.remotePort);
  pacer.add(talker);
}

function siteOf(host: string): CallSite {
  return { endpoint: endpoint satisfies SipEndpoint, host };
}

function done(): void {
  tell({ kind: 'done', latenessP99: lateness.percentile(0.99), gapP999: gaps.percentile(0.999) });
  void lines;
}

function tell(message: FromCallers): void {
  process.send?.(message);
}

async function wait(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
