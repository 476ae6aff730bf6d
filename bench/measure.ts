/** Runs of the load test: a server under calls, and a bare receiver under the same packets. */
import path from 'node:path';

import { EACH_CORE, ServerProcess } from '../test/support/server-process.ts';
import { Child } from './child.ts';
import { type Figures, percentile } from './figures.ts';
import {
  type FromGenerator,
  type FromReceiver,
  type GeneratorReport,
  type GeneratorTask,
  hangUpLimitMs,
} from './messages.ts';
import { type LoadOptions, nameOfLoad } from './options.ts';
import { cpuPercent, type Usage, usageOf } from './process-usage.ts';
import { finishedFiles } from './recordings-check.ts';
import { type LoadRow, PLAIN } from './rows.ts';

export interface RunResult {
  readonly figures: Figures;
  readonly problems: readonly string[];
}

/** Processes of the run under way, for Ctrl-C. */
interface Stoppable {
  stop(): Promise<unknown>;
}

const START_WITHIN_MS = 30_000;
/** For calls that are never answered, and for hanging up. */
const SLACK_MS = 60_000;
/** Set-ups without media: how long each call is up. */
const SETUP_CALL_MS = 1000;
/** The bare receiver that set-ups are compared with. */
const SETUP_FLOOR_CALLS = 100;
const SETUP_FLOOR_SECONDS = 5;
const SETUP_FLOOR_SETTLE_SECONDS = 2;
const SERVER_ROOM = 10;
/** Most that `limits.max_calls` may be. */
const MOST_CALLS = 100_000;

const running = new Set<Stoppable>();

/** Ends every process of the run under way. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((one) => one.stop()));
}

/** Calls with media: cost, memory, pace, and the recordings; beside the floor of the same minute. */
export async function measureLoad(options: LoadOptions): Promise<RunResult> {
  return measureCalls(options, PLAIN, await measureFloor(options));
}

/** The same for any row. @param floor of as many calls, by {@link measureFloor} */
export async function measureCalls(options: LoadOptions, row: LoadRow, floor: number): Promise<RunResult> {
  const { calls, rate, hold, settle } = options;
  return withServer(options, calls, row, async (server) => {
    await wait(options.rest * 1000);
    const before = usageOf(server.pid);
    const pauses = row.pauses === true;
    const task = { calls, rate, pauses, to: `sip:load@127.0.0.1:${server.sipPort}` };
    const { report, from, to } = await generate(task, server.pid, settle, hold);
    await server.callsOver();
    const verdict = await row.check(server, report.calls);
    const cpu = cpuPercent(from, to) / calls;
    return {
      problems: verdict.problems,
      figures: {
        ...signalling(report),
        load: nameOfLoad(options),
        files: verdict.files,
        right: verdict.right,
        exact: verdict.exact,
        cpuPercent: cpu,
        floorPercent: floor,
        ratio: cpu / floor,
        setupCpuMs: 0,
        residentMb: to.residentBytes / 2 ** 20,
        mbPerCall: (to.residentBytes - before.residentBytes) / 2 ** 20 / calls,
        gapP99Ms: report.gaps.p99,
        gapP999Ms: report.gaps.p999,
        latenessP99Ms: report.latenessP99,
      },
    };
  });
}

/** Set-ups without media: each call is up for a second and leaves an empty recording. */
export async function measureSetups(options: LoadOptions, rate: number): Promise<RunResult> {
  const calls = rate * options.hold;
  const floor = await measureFloor({
    calls: SETUP_FLOOR_CALLS,
    hold: SETUP_FLOOR_SECONDS,
    settle: SETUP_FLOOR_SETTLE_SECONDS,
  });
  return withServer(options, calls, PLAIN, async (server) => {
    await wait(options.rest * 1000);
    const before = usageOf(server.pid);
    const to = `sip:load@127.0.0.1:${server.sipPort}`;
    const { report, to: after } = await generate(
      { calls, rate, to, endAfterMs: SETUP_CALL_MS },
      server.pid,
      0,
      0,
    );
    await server.callsOver();
    return {
      problems: report.calls.flatMap(({ number, problem }) =>
        problem === undefined ? [] : [`call ${number}: ${problem}`],
      ),
      figures: {
        ...signalling(report),
        load: `${rate} set-ups a second without media`,
        files: finishedFiles(server.dataFolder).length,
        right: 0,
        exact: 0,
        cpuPercent: 0,
        floorPercent: floor,
        ratio: 0,
        setupCpuMs: (after.cpuMs - before.cpuMs) / calls,
        residentMb: after.residentBytes / 2 ** 20,
        mbPerCall: (after.residentBytes - before.residentBytes) / 2 ** 20 / calls,
        gapP99Ms: 0,
        gapP999Ms: 0,
        latenessP99Ms: 0,
      },
    };
  });
}

type FloorOptions = Pick<LoadOptions, 'calls' | 'hold' | 'settle'>;

/** Share of one core for each call of a process that receives the packets and does nothing, %. */
export async function measureFloor({ calls, hold, settle }: FloorOptions): Promise<number> {
  return withStoppable(new Child<FromReceiver>('receiver.ts', { calls }), async (receiver) => {
    const { ports } = await receiver.next('listening', START_WITHIN_MS);
    const { from, to } = await generate({ calls, rate: 1000, ports }, receiver.pid, settle, hold);
    return cpuPercent(from, to) / calls;
  });
}

/** Lets the generator work; `from` and `to` frame `holdS` with everything up, `settleS` behind the last answer. */
async function generate(
  task: GeneratorTask,
  pid: number,
  settleS: number,
  holdS: number,
): Promise<{ readonly report: GeneratorReport; readonly from: Usage; readonly to: Usage }> {
  return withStoppable(new Child<FromGenerator>('generator.ts', task), async (generator) => {
    await generator.next('up', (task.calls / task.rate) * 1000 + SLACK_MS);
    await wait(settleS * 1000);
    const from = usageOf(pid);
    await wait(holdS * 1000);
    const to = usageOf(pid);
    generator.send({ kind: 'end' });
    const { report } = await generator.next('report', hangUpLimitMs(task.calls) + SLACK_MS);
    return { report, from, to };
  });
}

function signalling(report: GeneratorReport) {
  const answers = report.calls.flatMap(({ answerMs }) => (answerMs === undefined ? [] : [answerMs]));
  return {
    calls: report.calls.length,
    answered: answers.length,
    answerMedianMs: percentile(answers, 0.5),
    answerP99Ms: percentile(answers, 0.99),
  };
}

/** What `limits.max_calls` is where so many calls come; of more than it may be, most are over by then. */
export function callLimit(calls: number): number {
  return Math.min(MOST_CALLS, calls + SERVER_ROOM);
}

/** Runs `work` beside a server with the defaults, which ends with it. */
export async function withServer<T>(
  { idle, profile }: Pick<LoadOptions, 'idle' | 'profile'>,
  calls: number,
  row: LoadRow,
  work: (server: ServerProcess) => Promise<T>,
): Promise<T> {
  const server = await ServerProcess.start({
    document: row.document,
    measured: true,
    args: ['--log-level', 'info'],
    env: {
      ...EACH_CORE,
      // As by default.
      OPENSWML_WARM_UP: 'true',
      OPENSWML_RTP_IDLE_MEDIA: idle,
      OPENSWML_LIMITS_MAX_CALLS: String(callLimit(calls)),
      // Below those that the system gives to the callers, above those that tests choose, and enough for all.
      OPENSWML_RTP_PORTS: '20000-31999',
      ...row.env,
      ...(profile !== undefined && {
        NODE_OPTIONS: `--cpu-prof --cpu-prof-interval=500 --cpu-prof-dir=${path.resolve(profile)}`,
      }),
    },
  });
  return withStoppable({ stop: () => server.dispose() }, () => work(server));
}

/** Runs `work`, and ends `one` with it, or with Ctrl-C. */
export async function withStoppable<One extends Stoppable, T>(
  one: One,
  work: (one: One) => Promise<T>,
): Promise<T> {
  running.add(one);
  try {
    return await work(one);
  } finally {
    running.delete(one);
    await one.stop();
  }
}

async function wait(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}
