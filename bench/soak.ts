/** The soak: calls that come and go for a long time, and whether the server holds more and more (docs/soak.md). */
import { writeFileSync } from 'node:fs';

import { EACH_CORE, ServerProcess } from '../test/support/server-process.ts';
import { runCommand } from './command.ts';
import { Child } from './child.ts';
import { describeFindings, findLeaks, type Finding, type TakenReading } from './soak/figures.ts';
import { CALLED_USER, soakDocument } from './soak/kinds.ts';
import { Ledger } from './soak/ledger.ts';
import type { CallersTask, FromCallers, ToCallers } from './soak/messages.ts';
import { HELP, parseSoakOptions, type SoakOptions } from './soak/options.ts';
import { openFiles, type Reading, readServer } from './soak/probe.ts';
import { Receivers } from './soak/receivers.ts';
import { HOST } from './talker.ts';

/** Of the time that the calls are kept up, what is left out of the trends: caches fill, code is compiled. */
const WARM_UP_SHARE = 0.2;
/** For the last calls to end. */
const LAST_CALLS_MS = 60_000;
/** For callbacks to be delivered that were refused twice, retention to sweep, pools to let go of idle connections. */
const SETTLE_MS = 75_000;
const READY_MS = 20_000;
/** Different ones. */
const MAX_COMPLAINTS = 50;

const open: (() => Promise<unknown>)[] = [];

await runCommand({ name: 'soak', help: HELP, parse: parseSoakOptions, run: soak, stop: closeAll });

async function soak(options: SoakOptions): Promise<number> {
  const { minutes, calls, shortest, longest, kinds, keep } = options;
  const ledger = new Ledger();
  const receivers = await Receivers.start((end) => ledger.recordingOver(end));
  open.push(() => receivers.stop());
  const task: CallersTask = { calls, shortest, longest, kinds };
  const callers = new Child<FromCallers, ToCallers>('soak/callers.ts', task);
  open.push(() => callers.stop());
  callers.onMessage((message) => {
    if (message.kind !== 'over') return false;
    ledger.callOver(message.call);
    return true;
  });
  const { port } = await callers.next('listening', READY_MS);
  const document = soakDocument((name) => receivers.urlOf(name), `sip:${CALLED_USER}@${HOST}:${port}`);
  const server = await ServerProcess.start({
    document: JSON.stringify(document),
    measured: true,
    args: ['--log-level', 'info'],
    env: {
      ...EACH_CORE,
      OPENSWML_LIMITS_MAX_CALLS: String(calls * 2 + 100),
      OPENSWML_RECORDING_RETENTION_MAX_COUNT: String(keep),
      OPENSWML_RTP_PORTS: '20000-31999',
      // Full before the trends begin: callers who are told their own number would fill the default for an hour.
      OPENSWML_SPEECH_SYNTHESIS_CACHE_MB: '2',
      OPENSWML_SPEECH_SYNTHESIS_DISK_MB: '4',
    },
  });
  open.push(() => server.dispose());
  const host = `${server.host}:${server.sipPort}`;
  const complaints = new Map<string, number>();

  console.log('every kind of call once, before anything counts');
  callers.send({ kind: 'each', host });
  await callers.next('done', shortest * 1000 + LAST_CALLS_MS);
  await wait(SETTLE_MS);
  const before = await look(server, complaints);
  const filesBefore = openFiles(server);

  console.log(`${calls} calls for ${minutes} minutes`);
  callers.send({ kind: 'start', host });
  const readings = await watch(options, server, complaints, ledger);
  console.log('no new calls');
  callers.send({ kind: 'finish' });
  const done = await callers.next('done', longest * 1000 + LAST_CALLS_MS);
  await wait(SETTLE_MS);
  await ledger.settle();
  const after = await look(server, complaints);
  const filesAfter = openFiles(server);
  const exitCode = await server.stop();

  const warm = readings.filter(({ at }) => at >= minutes * 60 * WARM_UP_SHARE);
  const findings = findLeaks(before, warm, after);
  const problems = [
    ...ledger.problems,
    ...ledger.missing(),
    ...(exitCode === 0 ? [] : [`the server left with ${exitCode}`]),
  ];
  report({ options, findings, problems, complaints, ledger, done, after, refused: receivers.refused });
  if (options.save !== undefined) {
    const all = {
      options,
      before,
      readings,
      after,
      totals: ledger.totals,
      findings,
      problems,
      complaints: [...complaints],
      filesBefore,
      filesAfter,
    };
    writeFileSync(options.save, `${JSON.stringify(all, null, 1)}\n`);
  }
  return problems.length > 0 || findings.some(({ leak }) => leak !== undefined) ? 1 : 0;
}

/** Looks at the server again and again while the calls are kept up. */
async function watch(
  { minutes, interval }: SoakOptions,
  server: ServerProcess,
  complaints: Map<string, number>,
  ledger: Ledger,
): Promise<readonly TakenReading[]> {
  const readings: TakenReading[] = [];
  const startedAt = performance.now();
  for (let next = interval; next <= minutes * 60; next += interval) {
    await wait(startedAt + next * 1000 - performance.now());
    const values = await look(server, complaints);
    const at = (performance.now() - startedAt) / 1000;
    readings.push({ at, values });
    const { resident = 0, heapMain = 0, calls = 0, fdUdp = 0, callbackQueue = 0, framesLate = 0 } = values;
    const { right, wrong, unjudged } = ledger.totals;
    console.log(
      `${at.toFixed(0).padStart(5)} s  ${calls} calls  ${resident.toFixed(0)} MB, heap ${heapMain.toFixed(0)} MB  ` +
        `${fdUdp} UDP  ${callbackQueue} callbacks  ${framesLate} late frames  ` +
        `recordings: ${right} right, ${wrong} wrong, ${unjudged} not judged`,
    );
  }
  return readings;
}

/** Reads everything, and keeps of the log only what the server complains of. */
async function look(server: ServerProcess, complaints: Map<string, number>): Promise<Reading> {
  for (const { msg, error } of server.complaints()) {
    const line = error === undefined ? String(msg) : `${String(msg)}: ${String(error)}`;
    if (complaints.has(line) || complaints.size < MAX_COMPLAINTS) {
      complaints.set(line, (complaints.get(line) ?? 0) + 1);
    }
  }
  server.log.length = 0;
  return readServer(server);
}

function report(found: {
  readonly options: SoakOptions;
  readonly findings: readonly Finding[];
  readonly problems: readonly string[];
  readonly complaints: ReadonlyMap<string, number>;
  readonly ledger: Ledger;
  readonly done: Extract<FromCallers, { readonly kind: 'done' }>;
  readonly after: Reading;
  readonly refused: number;
}): void {
  const { findings, problems, complaints, ledger, done, after } = found;
  const { calls, byKind, awaited, right, exact, lateEnds, unjudged, wrong } = ledger.totals;
  const kinds = Object.entries(byKind).map(([kind, count]) => `${count} ${kind}`);
  const { frames = 0, framesLate = 0, callsRefused = 0, cpuSeconds = 0 } = after;
  console.log(`\n${describeFindings(findings)}\n`);
  console.log(`calls         ${calls}: ${kinds.join(', ')}; ${callsRefused} refused`);
  console.log(
    `recordings    ${awaited} awaited: ${right} right (${exact} to the sample, ${lateEnds} with silence at the end until the BYE was seen), ${wrong} wrong, ${unjudged} not judged, for their callers were late`,
  );
  console.log(`callbacks     ${found.refused} refused with 500 and sent again`);
  console.log(`late frames   ${framesLate} of ${frames}`);
  console.log(
    `callers       late by ${done.latenessP99.toFixed(1)} ms (p99); gap of packets back ${done.gapP999.toFixed(1)} ms (p99.9)`,
  );
  console.log(`processor     ${cpuSeconds.toFixed(0)} s`);
  console.log('complaints    lines of the log at warn or above:');
  for (const [line, count] of complaints) console.log(`  ${count} × ${line}`);
  for (const problem of problems) console.error(`  ${problem}`);
  const leaks = findings.filter(({ leak }) => leak !== undefined);
  for (const { figure, leak } of leaks) console.error(`leak: ${figure.name} ${leak}`);
  console.log(leaks.length === 0 && problems.length === 0 ? 'nothing leaks, all is right' : 'failed');
}

async function closeAll(): Promise<void> {
  for (const close of open.splice(0).reverse()) await close();
}

async function wait(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}
