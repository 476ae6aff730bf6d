/** bin/openswml as users start it. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';

const ROOT = path.resolve(import.meta.dirname, '../..');
const BIN = path.join(ROOT, 'bin/openswml');
const { version: VERSION } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
  version: string;
};

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-bin-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: tmpdir(), env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('It starts through symlinks, relative and absolute, from any folder', (context) => {
  const folder = temporaryFolder(context);
  symlinkSync(BIN, path.join(folder, 'first'));
  symlinkSync('first', path.join(folder, 'second'));
  const result = run(path.join(folder, 'second'), ['--version'], { PATH: '/usr/bin:/bin' });
  assert.deepEqual(result, { status: 0, stdout: `${VERSION}\n`, stderr: '' });
});

test('Node can start it, too', () => {
  const result = run(process.execPath, [BIN, '--version']);
  assert.deepEqual(result, { status: 0, stdout: `${VERSION}\n`, stderr: '' });
});

test('A checkout without its packages says in one line what to run, and exits with 2', (context) => {
  const folder = temporaryFolder(context);
  mkdirSync(path.join(folder, 'bin'));
  cpSync(BIN, path.join(folder, 'bin/openswml'));
  const result = run(path.join(folder, 'bin/openswml'), ['--version']);
  assert.equal(result.status, 2);
  assert.match(result.stderr, /^openswml: [^\n]*npm ci[^\n]*\n$/);
});

test('A checkout that lacks one package says so in one line, and exits with 2', (context) => {
  const folder = temporaryFolder(context);
  for (const place of ['bin', 'src'])
    cpSync(path.join(ROOT, place), path.join(folder, place), { recursive: true });
  cpSync(path.join(ROOT, 'package.json'), path.join(folder, 'package.json'));
  mkdirSync(path.join(folder, 'node_modules/node/bin'), { recursive: true });
  symlinkSync(process.execPath, path.join(folder, 'node_modules/node/bin/node'));
  const result = run(path.join(folder, 'bin/openswml'), ['--version']);
  assert.equal(result.status, 2);
  assert.match(result.stderr, /^openswml: [^\n]*npm ci[^\n]*\n$/);
});

test('An option that does not exist is one line with a suggestion, and exits with 2', () => {
  const result = run(BIN, ['--verson']);
  assert.equal(result.status, 2);
  assert.equal(result.stdout, '');
  assert.equal(result.stderr, "openswml: unknown option '--verson': did you mean --version?\n");
});

test('A reader that leaves early ends nothing: what runs goes on, and the exit status is its own', async (context) => {
  const folder = temporaryFolder(context);
  writeFileSync(
    path.join(folder, 'a.test.yaml'),
    'document: { sections: { main: [answer] } }\ntests: [{ name: one }, { name: two }, { name: three }]\n',
  );
  const child = spawn(BIN, ['test', folder], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const [status] = (await once(child, 'close')) as [number];
  assert.equal(status, 0, err);
  assert.doesNotMatch(err, /EPIPE/);
});

test('What cannot be written is told, and is no success', { skip: !existsSync('/dev/full') }, (context) => {
  const full = openSync('/dev/full', 'w');
  context.after(() => closeSync(full));
  const { status, stderr } = spawnSync(BIN, ['--version'], {
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
  });
  assert.equal(status, 1);
  assert.match(stderr, /ENOSPC/);
});
