/** The process that plays all callers: signalling by the project's own SIP stack, packets by its own sockets. */
import { silentLogger } from '../src/log/logger.ts';
import type { SipEndpoint } from '../src/sip/api.ts';
import { createSipEndpoint } from '../src/sip/endpoint.ts';
import { RealClock } from '../src/time/real-clock.ts';
import { Caller } from './caller.ts';
import { Histogram } from './histogram.ts';
import { Lines } from './lines.ts';
import {
  type FromGenerator,
  type GeneratorReport,
  type GeneratorTask,
  HANGUPS_PER_SECOND,
  hangUpLimitMs,
  type ToGenerator,
} from './messages.ts';
import { Pacer } from './pacer.ts';
import { putPacket, putPacketWithPauses } from './speech.ts';

const clock = new RealClock();

process.on('disconnect', () => process.exit(0));
const task = JSON.parse(process.argv[2] ?? '{}') as GeneratorTask;
await run(task);

async function run({ calls, rate, to, ports, endAfterMs, pauses }: GeneratorTask): Promise<void> {
  const gaps = new Histogram();
  const lateness = new Histogram();
  const endpoint = await openEndpoint(calls);
  const lines = new Lines(clock);
  const callers: Caller[] = [];
  const put = pauses === true ? putPacketWithPauses : putPacket;
  for (let number = 0; number < calls; number++)
    callers.push(await Caller.open({ number, lines, gaps, put }));
  const ended = endRequested();
  const pacer = endAfterMs === undefined ? new Pacer(lines, lateness) : undefined;
  for (const { talker } of callers) pacer?.add(talker);
  const startedAt = performance.now();
  const finished = callers.map(async (caller, number) => {
    await wait(startedAt + (number * 1000) / rate - performance.now());
    if (to === undefined) caller.talkTo(ports![number]!);
    else caller.dial(endpoint, to, endAfterMs === undefined);
    await caller.settled;
    if (endAfterMs === undefined) return;
    await wait(endAfterMs);
    await caller.hangup();
  });
  await Promise.all(finished);
  tell({ kind: 'up' });
  await ended;
  if (endAfterMs === undefined) await Promise.race([hangUpInTurn(callers), wait(hangUpLimitMs(calls))]);
  pacer?.stop();
  const report: GeneratorReport = {
    calls: callers.map((caller) => caller.report),
    gaps: { count: gaps.count, p99: gaps.percentile(0.99), p999: gaps.percentile(0.999) },
    latenessP99: lateness.percentile(0.99),
  };
  tell({ kind: 'report', report });
}

/** One after the other, each talking to its end, so that recordings end where the speech does. */
async function hangUpInTurn(callers: readonly Caller[]): Promise<void> {
  const hungUp = callers.map(async (caller, number) => {
    await wait((number * 1000) / HANGUPS_PER_SECOND);
    await caller.hangup();
  });
  await Promise.all(hungUp);
}

async function openEndpoint(calls: number): Promise<SipEndpoint> {
  const endpoint = createSipEndpoint({
    clock,
    log: silentLogger,
    userAgent: 'OpenSWML-load-test',
    listeners: [{ protocol: 'udp', host: '127.0.0.1', port: 0 }],
    onInvite: (call) => call.refuse(486),
    limits: { maxCalls: calls + 10 },
  });
  await endpoint.start();
  return endpoint;
}

function endRequested(): Promise<void> {
  return new Promise((resolve) => {
    process.once('message', (message: ToGenerator) => {
      if (message.kind === 'end') resolve();
    });
  });
}

function tell(message: FromGenerator): void {
  process.send?.(message);
}

async function wait(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}
