/**
 * The load test: N callers leave a recording each, on one machine with the server, and what that costs.
 * `npm run bench -- --help` lists the options; docs/performance.md tells what comes of it.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { packageVersion } from '../src/server/version.ts';
import { runCommand } from './command.ts';
import { type Baseline, describeComparison, ratiosOf } from './compare.ts';
import { describeFigures, hasFailed, medians } from './figures.ts';
import { describeMachine } from './machine-name.ts';
import { measureLoad, measureSetups, type RunResult, stopAll } from './measure.ts';
import { HELP, type LoadOptions, parseOptions } from './options.ts';

/** A generator that is later than a packet lasts does not send what it was asked to. */
const TRUSTED_LATENESS_MS = 20;
const BASELINE = path.join(import.meta.dirname, 'baseline.json');

await runCommand({ name: 'bench', help: HELP, parse: parseOptions, run, stop: stopAll });

async function run(options: LoadOptions): Promise<number> {
  console.log(describeMachine());
  const results: RunResult[] = [];
  for (let number = 1; number <= options.runs; number++) {
    const { setups } = options;
    const result = await (setups === undefined ? measureLoad(options) : measureSetups(options, setups));
    results.push(result);
    for (const problem of result.problems) console.error(`  ${problem}`);
    if (options.runs > 1) console.log(`run ${number}: ${describeFigures(result.figures)}`);
  }
  const figures = medians(results.map((result) => result.figures));
  const baseline = readBaseline();
  const ratios = ratiosOf(figures);
  console.log(describeFigures(figures));
  const kept = baseline[figures.load];
  if (kept !== undefined) console.log(describeComparison(ratios, kept, describeMachine()));
  else if (!options.save) {
    const loads = Object.keys(baseline).map((load) => `"${load}"`);
    console.log(`nothing is kept of this load to compare with, but of ${loads.join(', ')}; --save keeps it`);
  }
  if (figures.latenessP99Ms > TRUSTED_LATENESS_MS) {
    console.error(
      `bench: packets left up to ${figures.latenessP99Ms.toFixed(0)} ms late: this machine is too busy for these figures to be trusted`,
    );
  }
  if (options.save) {
    const saved = { machine: describeMachine(), version: packageVersion(), ratios };
    writeFileSync(BASELINE, `${JSON.stringify({ ...baseline, [figures.load]: saved }, null, 2)}\n`);
  }
  const problems = results.flatMap((result) => result.problems);
  return hasFailed(figures, problems, options.setups === undefined) ? 1 : 0;
}

function readBaseline(): Baseline {
  return existsSync(BASELINE) ? (JSON.parse(readFileSync(BASELINE, 'utf8')) as Baseline) : {};
}
