import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';

import { documentFile } from '../../testing/files/check-document.ts';
import type { TestCase } from '../../testing/files/load.ts';
import { readExpression } from '../../testing/partial.ts';
import { RealClock } from '../../time/real-clock.ts';
import { EXIT, fileError, UsageError } from '../errors.ts';
import { onInterrupt } from '../interrupts.ts';
import type { CommandContext } from '../program.ts';
import { findTestFiles, loadTests } from '../test/find-files.ts';
import { junitReport } from '../test/junit.ts';
import { jsonReport, TestReport, type TestRun } from '../test/report.ts';
import { runAll } from '../test/run-all.ts';
import { saveResult } from '../test/save.ts';
import { watchPlaces } from '../test/watch.ts';

interface TestFlags {
  readonly watch?: true;
  readonly json?: true;
  readonly junit?: string;
  readonly realtime?: true;
  readonly save?: string;
  readonly filter?: string;
}

const EXAMPLES = `
Examples:
  openswml test voicemail.test.yaml
  openswml test tests/ --filter "hangs up" --save out
  openswml test tests/ --junit report.xml
  openswml test tests/ --watch

A test file names a document, says what the caller does and what is expected:

  document: voicemail.yaml
  caller:
    - hears: after the beep
    - hears: { beep: true }
    - says: Please call me back.
    - presses: "#"
  expect:
    recordings: [{ ended_by: terminator, speech: true }]

Calls run in virtual time, a minute in about a tenth of a second. Editors check test files by
openswml schema test.

Exit status: 0 all tests passed, 1 a test failed, 2 a test file cannot be used, or there is no test.
`;

export function addTestCommand(program: Command, context: CommandContext): void {
  program
    .command('test')
    .description('test documents by virtual calls')
    .argument('<file|folder...>', 'test files, or folders with files whose names end in .test.yaml')
    .option(
      '--filter <text>',
      'only tests whose name, file or reference holds this text, or matches this /expression/',
    )
    .option('--watch', 'run again when a file changes')
    .option('--json', 'print the results as JSON')
    .option('--junit <file>', 'write the results to a file in the form of JUnit')
    .option('--realtime', 'run in the time of the machine, not in virtual time')
    .option('--save <folder>', 'keep what each caller heard and said, the recordings, and the traces')
    .addHelpText('after', EXAMPLES)
    .action(async (places: readonly string[], flags: TestFlags) => {
      const run = (): Promise<TestRun> => runOnce(places, flags, context);
      if (flags.watch === true) await watch(places, flags, context, run);
      else context.exit(statusOf(await run()));
    });
}

async function runOnce(
  places: readonly string[],
  flags: TestFlags,
  { terminal }: CommandContext,
): Promise<TestRun> {
  const clock = new RealClock();
  const startedMs = clock.monotonic();
  const { tests, broken } = loadTests(findTestFiles(places));
  const chosen = choose(tests, flags.filter);
  if (chosen.length === 0 && broken.length === 0 && flags.filter !== undefined) {
    throw new UsageError(`no test of ${tests.length} holds "${flags.filter}" in its name, file or reference`);
  }
  const report = new TestReport(terminal);
  const saved = new Set<string>();
  const results = await runAll(
    chosen,
    { realTime: flags.realtime, trace: flags.save !== undefined, clock },
    (result) => {
      if (flags.json !== true) report.tell(result);
      if (flags.save !== undefined) saveResult(flags.save, saved, result);
    },
  );
  const run: TestRun = { results, broken, tookMs: clock.monotonic() - startedMs };
  if (flags.json === true) terminal.out(jsonReport(run));
  else report.tellEnd(run);
  if (flags.junit !== undefined) writeReport(flags.junit, junitReport(run));
  return run;
}

/** Runs again and again until it is interrupted. */
async function watch(
  places: readonly string[],
  flags: TestFlags,
  { terminal, exit }: CommandContext,
  run: () => Promise<TestRun>,
): Promise<void> {
  const clock = new RealClock();
  let status: number = EXIT.ok;
  let again = true;
  let wake = (): void => {};
  let over = false;
  const tell = (message: string): void => terminal.err(`openswml: ${message}\n`);
  const onChange = (): void => {
    again = true;
    wake();
  };
  const watching = watchPlaces(places, flags.save, clock, onChange, tell);
  const stopListening = onInterrupt(clock, {
    polite: () => {
      over = true;
      wake();
    },
    atOnce: () => process.exit(EXIT.interrupted),
  });
  while (!over) {
    if (again) {
      again = false;
      const result = await runAndSurvive(run, tell);
      status = result === undefined ? EXIT.usage : statusOf(result);
      // They may stand elsewhere.
      watching.follow(namedFiles(result));
      terminal.out('\nwaiting for changes; Ctrl-C ends\n');
    } else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  watching.stop();
  stopListening();
  exit(status);
}

/** A file that is being written, or deleted, is no reason to leave. */
async function runAndSurvive(
  run: () => Promise<TestRun>,
  complain: (message: string) => void,
): Promise<TestRun | undefined> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    complain(error.message);
    return undefined;
  }
}

/** Files that the tests name: documents, bodies of answers, sounds. */
function namedFiles(run: TestRun | undefined): ReadonlySet<string> {
  const files = new Set<string>();
  for (const { test } of run?.results ?? []) {
    const { web = {}, caller, parties } = test.spec;
    const folder = path.dirname(path.resolve(test.file));
    const document = documentFile(test);
    if (document !== undefined) files.add(document);
    const actions = [caller, Object.values(parties ?? {})];
    // What answers from some action on is named as well.
    const answers = [web, ...valuesUnder('web', actions)].flatMap((one) =>
      valuesUnder('file', Object.values(one ?? {}), 1),
    );
    for (const file of [...answers, ...valuesUnder('plays', actions)]) {
      if (typeof file === 'string') files.add(path.resolve(folder, file));
    }
  }
  return files;
}

/** What stands under `name`, no deeper than so many objects. */
function valuesUnder(name: string, value: unknown, depth = 16): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap((item) => valuesUnder(name, item, depth));
  if (typeof value !== 'object' || value === null || depth === 0) return [];
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) =>
    key === name ? [inner] : valuesUnder(name, inner, depth - 1),
  );
}

function statusOf({ results, broken }: TestRun): number {
  if (broken.length > 0) return EXIT.usage;
  return results.some(({ failures }) => failures.length > 0) ? EXIT.failed : EXIT.ok;
}

function choose(tests: readonly TestCase[], filter: string | undefined): readonly TestCase[] {
  if (filter === undefined) return tests;
  const expression = readExpression(filter);
  const wanted = filter.toLowerCase();
  return tests.filter(({ name, file, references }) =>
    [name, file, ...references].some((text) => expression?.test(text) ?? text.toLowerCase().includes(wanted)),
  );
}

function writeReport(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw fileError('write', file, error);
  }
}
