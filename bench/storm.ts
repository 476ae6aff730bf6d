/** More calls than the machine can set up, and what becomes of them and of those that are up (docs/performance.md). */
import { EACH_CORE } from '../test/support/server-process.ts';
import { Child } from './child.ts';
import { OptionError, readOptions, runCommand, wholeOption } from './command.ts';
import { percentile } from './figures.ts';
import { describeMachine } from './machine-name.ts';
import { stopAll, withServer, withStoppable } from './measure.ts';
import type { FromGenerator, GeneratorReport, GeneratorTask } from './messages.ts';
import type { RecordingsVerdict } from './recordings-check.ts';
import { IN_A_STORM } from './rows.ts';
import { Storm, type StormReport } from './storm-sipp.ts';

const HELP = `Usage: npm run bench:storm -- [options]

Keeps calls up that talk and are recorded, and lets SIPp offer many more that last a second, without media. Tells how
many of these were taken, how soon, and whether the others noticed. Linux only; needs SIPp (Debian: sip-tester).

  --talkers N    calls that talk, 1 to 1000 (100)
  --rates LIST   calls a second that are offered, 1 to 10000 each (400,800,1500,4000)
  --seconds N    for so long, 2 to 60 (8)
  --take-all     calls wait until they are taken (limits.refuse_when_overloaded: false)

Exit status: 0, or 1 when a call of the storm was neither taken nor refused, or did not end, or a recording of those
that talk is wrong; 2 for wrong options, 130 after Ctrl-C. Timing alone never fails.
`;

interface StormOptions {
  readonly talkers: number;
  readonly rates: readonly number[];
  readonly seconds: number;
  readonly takeAll: boolean;
}

interface Measured {
  readonly storm: StormReport;
  readonly talk: GeneratorReport;
  /** Calls that are up long after SIPp has gone. */
  readonly left: number;
  readonly verdict: RecordingsVerdict;
}

const TALKERS_PER_SECOND = 50;
const UP_WITHIN_MS = 60_000;
/** The code that calls run is compiled by then: these are not counted. */
const WARM_UP = { rate: 150, calls: 1000 };
/** The calls that talk settle before the storm, and listen on behind it. */
const AROUND_MS = 3000;
const CALL_MS = 1000;

await runCommand({ name: 'bench:storm', help: HELP, parse: parseStormOptions, run, stop: stopAll });

async function run(options: StormOptions): Promise<number> {
  console.log(describeMachine());
  console.log(
    '| Offered a second | Taken | Refused (503) | Neither | Sent again | INVITE to 200, median / p99 | Gaps that the others hear, p99 / p99.9 | Their recordings right |',
  );
  console.log(`|${' --- |'.repeat(8)}`);
  let failed = false;
  for (const rate of options.rates) {
    const { storm, talk, left, verdict } = await measure(options, rate);
    const { answersMs } = storm;
    const cells = [
      rate,
      storm.answered,
      storm.refused,
      storm.failed,
      storm.repeated,
      `${percentile(answersMs, 0.5).toFixed(0)} / ${percentile(answersMs, 0.99).toFixed(0)} ms`,
      `${talk.gaps.p99.toFixed(1)} / ${talk.gaps.p999.toFixed(1)} ms`,
      `${verdict.right} of ${options.talkers}`,
    ];
    console.log(`| ${cells.join(' | ')} |`);
    for (const problem of verdict.problems) console.error(`  ${problem}`);
    if (left !== 0) console.error(`  ${left} calls are still up 10 s after SIPp has gone`);
    failed ||= storm.failed > 0 || left !== 0 || verdict.right < options.talkers;
  }
  return failed ? 1 : 0;
}

function measure({ talkers, seconds, takeAll }: StormOptions, rate: number): Promise<Measured> {
  const calls = rate * seconds;
  const row = {
    ...IN_A_STORM,
    env: { ...EACH_CORE, OPENSWML_LIMITS_REFUSE_WHEN_OVERLOADED: String(!takeAll) },
  };
  return withServer({ idle: 'silence', profile: undefined }, talkers + calls, row, async (server) => {
    const port = server.sipPort;
    await withStoppable(await Storm.start({ port, ...WARM_UP, callMs: CALL_MS }), (warm) => warm.report());
    const task: GeneratorTask = {
      calls: talkers,
      rate: TALKERS_PER_SECOND,
      to: `sip:load@127.0.0.1:${port}`,
    };
    const { talk, storm } = await withStoppable(
      new Child<FromGenerator>('generator.ts', task),
      async (generator) => {
        await generator.next('up', UP_WITHIN_MS);
        await wait(AROUND_MS);
        const storm = await withStoppable(
          await Storm.start({ port, rate, calls, callMs: CALL_MS }),
          (running) => running.report(),
        );
        await wait(AROUND_MS);
        generator.send({ kind: 'end' });
        const { report } = await generator.next('report', UP_WITHIN_MS);
        return { talk: report, storm };
      },
    );
    const left = await server.callsLeft();
    return { storm, talk, left, verdict: await row.check(server, talk.calls) };
  });
}

/** @returns undefined when help is asked for @throws OptionError */
function parseStormOptions(args: readonly string[]): StormOptions | undefined {
  const values = readOptions(args, {
    talkers: { type: 'string', default: '100' },
    rates: { type: 'string', default: '400,800,1500,4000' },
    seconds: { type: 'string', default: '8' },
    'take-all': { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help === true) return undefined;
  if (values.rates === '') throw new OptionError('--rates: expected numbers of calls a second');
  return {
    talkers: wholeOption('talkers', values.talkers, 1, 1000),
    rates: values.rates.split(',').map((rate) => wholeOption('rates', rate, 1, 10_000)),
    seconds: wholeOption('seconds', values.seconds, 2, 60),
    takeAll: values['take-all'] === true,
  };
}

async function wait(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
