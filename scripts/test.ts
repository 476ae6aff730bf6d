/**
 * Runs the whole test suite on the pinned Node: `npm test`, or `npm test -- src/sip test/interop/sipp.test.ts`
 * for some of it (folders or files). `--names REGEX` runs the tests with such names, `--times FILE` writes how long the
 * tests of each file took.
 */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { grouped } from './test-groups.ts';

const root = path.resolve(import.meta.dirname, '..');
/** No file takes as long but where something hangs. */
const FILE_LIMIT_MS = 300_000;
/**
 * Where files wait for calls in real time, or start many processes. They come first, so that at the end, when few are
 * left to run side by side, those are short.
 */
const LONG = [
  /^test\/interop\//,
  /^src\/cli\/commands\//,
  /^src\/server\/server\.test/,
  /^test\//,
  /^scripts\//,
];

function testsIn(place: string): string[] {
  const full = path.join(root, place);
  const found = statSync(full, { throwIfNoEntry: false });
  if (found === undefined) {
    console.error(`${place}: no such file or folder in ${root}`);
    process.exit(1);
  }
  if (!found.isDirectory()) return [place];
  return readdirSync(full, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => path.join(place, name))
    .sort();
}

function rank(file: string): number {
  const at = LONG.findIndex((pattern) => pattern.test(file));
  return at < 0 ? LONG.length : at;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { names: { type: 'string' }, times: { type: 'string' } },
});
const files = (positionals.length > 0 ? positionals : ['src', 'test', 'scripts'])
  .flatMap(testsIn)
  .sort((one, other) => rank(one) - rank(other));
if (files.length === 0) {
  console.error(`no tests in ${positionals.join(', ')}`);
  process.exit(1);
}
// Hundreds of processes load the same modules: what was stripped of types and compiled once is read from here.
process.env['NODE_COMPILE_CACHE'] ??= path.join(root, 'node_modules', '.cache', 'compiled');
const times: Record<string, number> = {};
// Fixed folders would be those of another run beside this one.
const groupFolder = path.join(root, 'node_modules', '.cache', 'test-groups', String(process.pid));
process.once('exit', () => rmSync(groupFolder, { recursive: true, force: true }));
const tests = run({
  cwd: root,
  files: grouped(root, files, groupFolder).map((file) => path.join(root, file)),
  // Many files wait for real calls most of the time: one for each core, where Node would leave one core free.
  concurrency: Math.max(2, availableParallelism()),
  timeout: FILE_LIMIT_MS,
  ...(values.names !== undefined && { testNamePatterns: [new RegExp(values.names)] }),
});
tests.on('test:fail', ({ todo, file = '' }) => {
  if (todo === undefined || todo === false) process.exitCode = 1;
  // The group as a whole: it ended before its time, or could not begin.
  if (file.startsWith(groupFolder))
    console.error(`one of these files ended the process of all of them:\n${readFileSync(file, 'utf8')}`);
});
for (const end of ['test:pass', 'test:fail'] as const)
  tests.on(end, ({ file = '', nesting, details }) => {
    if (nesting > 0) return;
    const name = path.relative(root, file);
    times[name] = Math.round((times[name] ?? 0) + details.duration_ms);
  });
tests.on('end', () => {
  // A process that ends by itself counts as passed, whatever it left out.
  const left = values.names === undefined ? files.filter((file) => times[file] === undefined) : [];
  if (left.length > 0) {
    console.error(`no test was run in ${left.join(', ')}`);
    process.exitCode = 1;
  }
  if (values.times === undefined) return;
  const slowestFirst = Object.entries(times).sort(([, one], [, other]) => other - one);
  writeFileSync(values.times, `${JSON.stringify(Object.fromEntries(slowestFirst), null, 1)}\n`);
});
tests.compose(new spec()).pipe(process.stdout);
