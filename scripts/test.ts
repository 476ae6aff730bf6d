/**
 * Runs the whole test suite on the pinned Node: `npm test`, or `npm test -- src/sip test/interop/sipp.test.ts`
 * for some of it (folders or files).
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');

function testsIn(place: string): string[] {
  const full = path.join(root, place);
  if (!statSync(full).isDirectory()) return [place];
  return readdirSync(full, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => path.join(place, name))
    .sort();
}

const asked = process.argv.slice(2);
const options = asked.filter((arg) => arg.startsWith('--'));
const places = asked.filter((arg) => !arg.startsWith('--'));
const files = (places.length > 0 ? places : ['src', 'test', 'scripts']).flatMap(testsIn);
if (files.length === 0) {
  console.error(`no tests in ${places.join(', ')}`);
  process.exit(1);
}
// Many files wait for real calls most of the time: one for each core, where Node would leave one core free.
const concurrency = `--test-concurrency=${Math.max(2, availableParallelism())}`;
const args = ['--test', '--test-timeout=120000', concurrency, ...options, ...files];
// Hundreds of processes load the same modules: what was stripped of types and compiled once is read from here.
const cache = path.join(root, 'node_modules', '.cache', 'compiled');
const result = spawnSync(process.execPath, args, {
  cwd: root,
  stdio: 'inherit',
  env: { NODE_COMPILE_CACHE: cache, ...process.env },
});
process.exit(result.status ?? 1);
