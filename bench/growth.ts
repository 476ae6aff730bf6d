/** How the cost of a call grows with the number of calls, for several kinds of recording (docs/performance.md). */
import { writeFileSync } from 'node:fs';

import { idleOption, OptionError, readOptions, runCommand, wholeOption } from './command.ts';
import type { Figures } from './figures.ts';
import { describeMachine } from './machine-name.ts';
import { measureCalls, measureFloor, stopAll } from './measure.ts';
import { DEFAULT_REST_S, DEFAULT_SETTLE_S } from './options.ts';
import { type LoadRow, ROWS } from './rows.ts';

const HELP = `Usage: npm run bench:growth -- [options]

Measures the same load with more and more calls, and for several kinds of recording, and prints a table. Linux only.

  --rows LIST    of ${ROWS.map(({ name }) => name).join(',')} (all of them)
  --sizes LIST   numbers of calls, 1 to 5000 each (100,300,600,1000,1500)
  --hold S       seconds measured with all calls up, 2 to 600 (15)
  --settle S     seconds before that, 0 to 600 (10)
  --warm N       in its place: seconds of all calls together, 0 to 100000. Code is compiled when it has run often enough,
                 and few calls take longer for that: so each size begins to count behind as much talk
  --rest S       seconds from the server's start to its first call, 0 to 600 (5)
  --rate N       new calls a second, 1 to 1000 (50)
  --idle WHAT    what the server sends back: silence, or none (silence)
  --minutes N    nothing new is begun after so long, 1 to 600 (45)
  --save FILE    write all figures to FILE, as JSON

A row ends with the first number of calls that this machine cannot carry: fewer than 99 of 100 recordings right.
Exit status: 0, or 1 when a recording was wrong, 2 for wrong options, 130 after Ctrl-C. Timing alone never fails.
`;

interface GrowthOptions {
  readonly rows: readonly LoadRow[];
  readonly sizes: readonly number[];
  readonly hold: number;
  readonly settle: number;
  /** Seconds of talk of all calls together, in the place of `settle`. */
  readonly warm: number | undefined;
  readonly rest: number;
  readonly rate: number;
  readonly idle: 'silence' | 'none';
  readonly minutes: number;
  readonly save: string | undefined;
}

interface Measured {
  readonly row: string;
  readonly what: string;
  readonly figures: Figures;
  readonly problems: readonly string[];
}

/** Less than this share of right recordings, and the machine cannot carry so many calls. */
const CARRIED = 0.99;

await runCommand({ name: 'bench:growth', help: HELP, parse: parseGrowthOptions, run, stop: stopAll });

async function run(options: GrowthOptions): Promise<number> {
  console.log(describeMachine());
  const measured = await grow(options);
  console.log(`\n${describeGrowth(measured)}`);
  const wrong = measured.filter(({ figures }) => figures.right < figures.calls);
  for (const { row, figures, problems } of wrong) {
    for (const problem of problems) console.error(`  ${row}, ${figures.calls} calls: ${problem}`);
  }
  return wrong.length > 0 ? 1 : 0;
}

/** Size by size, so that all rows of one size stand beside one floor. */
async function grow({
  rows,
  sizes,
  hold,
  settle: settleAlways,
  warm,
  rest,
  rate,
  idle,
  minutes,
  save,
}: GrowthOptions): Promise<Measured[]> {
  const measured: Measured[] = [];
  const ended = new Set<LoadRow>();
  const endAt = performance.now() + minutes * 60_000;
  for (const calls of sizes) {
    const going = rows.filter((row) => !ended.has(row));
    if (going.length === 0 || performance.now() > endAt) break;
    const settle = warm === undefined ? settleAlways : Math.round(warm / calls);
    const floor = await measureFloor({ calls, hold, settle });
    for (const row of going) {
      if (performance.now() > endAt) break;
      const load = {
        calls,
        rate,
        hold,
        settle,
        rest,
        idle,
        setups: undefined,
        runs: 1,
        save: false,
        profile: undefined,
      };
      const { figures, problems } = await measureCalls(load, row, floor);
      measured.push({ row: row.name, what: row.what, figures, problems });
      console.log(describeLine(measured.at(-1)!, measured));
      if (figures.right < calls * CARRIED) ended.add(row);
      if (save !== undefined) {
        const kept = { machine: describeMachine(), hold, rate, idle, measured };
        writeFileSync(save, `${JSON.stringify(kept, null, 1)}\n`);
      }
    }
  }
  return measured;
}

/** A table in Markdown, row by row. */
function describeGrowth(measured: readonly Measured[]): string {
  const names = [...new Set(measured.map(({ row }) => row))];
  return [
    '| Row | Calls | CPU for each call | Against the first size | Times the bare receiver | Memory | Memory for each call | Right | To the sample | Gap of packets back, p99.9 | INVITE to 200, p99 | Generator late, p99 |',
    `|${' --- |'.repeat(12)}`,
    ...names.flatMap((name) =>
      measured.filter(({ row }) => row === name).map((one) => describeLine(one, measured)),
    ),
  ].join('\n');
}

function describeLine({ row, figures }: Measured, all: readonly Measured[]): string {
  const first = all.find((one) => one.row === row)!.figures;
  const cells = [
    row,
    figures.calls,
    `${figures.cpuPercent.toFixed(3)} %`,
    `× ${(figures.cpuPercent / first.cpuPercent).toFixed(2)}`,
    figures.ratio.toFixed(2),
    `${figures.residentMb.toFixed(0)} MB`,
    `${figures.mbPerCall.toFixed(3)} MB`,
    `${figures.right} of ${figures.calls}`,
    figures.exact,
    `${figures.gapP999Ms.toFixed(1)} ms`,
    `${figures.answerP99Ms.toFixed(0)} ms`,
    `${figures.latenessP99Ms.toFixed(1)} ms`,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** @returns undefined when help is asked for @throws OptionError */
function parseGrowthOptions(args: readonly string[]): GrowthOptions | undefined {
  const values = readOptions(args, {
    rows: { type: 'string', default: ROWS.map(({ name }) => name).join(',') },
    sizes: { type: 'string', default: '100,300,600,1000,1500' },
    hold: { type: 'string', default: '15' },
    settle: { type: 'string', default: DEFAULT_SETTLE_S },
    warm: { type: 'string' },
    rest: { type: 'string', default: DEFAULT_REST_S },
    rate: { type: 'string', default: '50' },
    idle: { type: 'string', default: 'silence' },
    minutes: { type: 'string', default: '45' },
    save: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help === true) return undefined;
  return {
    rows: values.rows.split(',').map((name) => {
      const row = ROWS.find((candidate) => candidate.name === name);
      if (row !== undefined) return row;
      throw new OptionError(`--rows ${name}: expected some of ${ROWS.map((one) => one.name).join(',')}`);
    }),
    sizes: values.sizes.split(',').map((size) => wholeOption('sizes', size, 1, 5000)),
    hold: wholeOption('hold', values.hold, 2, 600),
    settle: wholeOption('settle', values.settle, 0, 600),
    warm: values.warm === undefined ? undefined : wholeOption('warm', values.warm, 0, 100_000),
    rest: wholeOption('rest', values.rest, 0, 600),
    rate: wholeOption('rate', values.rate, 1, 1000),
    idle: idleOption(values.idle),
    minutes: wholeOption('minutes', values.minutes, 1, 600),
    save: values.save,
  };
}
