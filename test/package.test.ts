/** The npm package, made and packed as it is published, in a folder of somebody who uses it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { buildPackage } from '../scripts/build.ts';
import { parseWav } from './support/audio-files.ts';
import { EACH_CORE, ServerProcess } from './support/server-process.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const MODULES = path.join(ROOT, 'node_modules');

let folder = '';
let user = '';
let installed = '';

/** Packs it and unpacks it where npm would; what it depends on is there already, so that no registry is asked. */
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'openswml-package-'));
  user = path.join(folder, 'user');
  installed = path.join(user, 'node_modules', 'openswml');
  mkdirSync(installed, { recursive: true });
  buildPackage(path.join(folder, 'dist'));
  const packed = run('npm', ['pack', '--silent', '--pack-destination', folder, path.join(folder, 'dist')]);
  assert.equal(packed.status, 0, packed.stderr);
  const tarball = path.join(folder, packed.stdout.trim());
  assert.equal(run('tar', ['-xzf', tarball, '-C', installed, '--strip-components', '1']).status, 0);
  for (const name of Object.keys({ ...manifest().dependencies, ...manifest().optionalDependencies })) {
    const link = path.join(user, 'node_modules', name);
    mkdirSync(path.dirname(link), { recursive: true });
    symlinkSync(path.join(MODULES, name), link);
  }
  mkdirSync(path.join(user, 'node_modules', '.bin'));
  chmodSync(command(), 0o755);
  symlinkSync(command(), path.join(user, 'node_modules', '.bin', 'openswml'));
  writeFileSync(path.join(user, 'package.json'), '{"type": "module"}');
});
after(() => rmSync(folder, { recursive: true, force: true }));

function run(program: string, args: readonly string[]) {
  const PATH = `${path.dirname(process.execPath)}:${process.env['PATH']}`;
  return spawnSync(program, args, { cwd: user, encoding: 'utf8', env: { ...process.env, PATH } });
}

function manifest() {
  return JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8')) as {
    readonly bin: { readonly openswml: string };
    readonly dependencies: Readonly<Record<string, string>>;
    readonly optionalDependencies?: Readonly<Record<string, string>>;
    readonly [name: string]: unknown;
  };
}

function command(): string {
  return path.join(installed, manifest().bin.openswml);
}

/** What a module in the folder of the user prints. */
function printed(source: string): string {
  writeFileSync(path.join(user, 'main.js'), source);
  const { status, stdout, stderr } = run(process.execPath, ['main.js']);
  assert.deepEqual([status, stderr], [0, '']);
  return stdout;
}

test('It holds JavaScript and types only, needs no Node of its own and runs nothing when it is installed', () => {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
  assert.deepEqual(
    files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts')),
    [],
  );
  assert.deepEqual(
    files.filter((file) => /\.test\.[jt]s|test-helper|fixture|tsconfig/.test(file)),
    [],
  );
  const { dependencies, scripts, private: unpublished } = manifest();
  assert.deepEqual([dependencies['node'], scripts, unpublished], [undefined, undefined, undefined]);
});

test('import "openswml" reads and checks documents; "openswml/testing" and the schemas are there, too', () => {
  const out = printed(`
    import { parse, validate } from 'openswml';
    import { virtualCall } from 'openswml/testing';
    import schema from 'openswml/schemas/calling.json' with { type: 'json' };
    import tests from 'openswml/schemas/test.json' with { type: 'json' };
    const { diagnostics } = validate('sections: {main: [answr]}');
    console.log(parse('sections: {main: [answer]}').sections.get('main')[0].method);
    console.log(diagnostics[0].suggestion, typeof virtualCall, schema.title);
    console.log(tests.title);
  `);
  assert.equal(
    out,
    'answer\ndid you mean "answer"? function SWML document for calls\nTests of SWML documents by virtual calls\n',
  );
});

test('the conformance suite is there, and runs', () => {
  const suite = path.join(installed, 'conformance');
  const { status, stdout } = run(command(), ['test', suite, '--filter', 'record.md 3.4']);
  assert.equal(status, 0, stdout);
  assert.match(stdout, /[1-9] passed; /);
});

test('the pages are there that the README and messages lead to, and the examples', () => {
  const readme = readFileSync(path.join(installed, 'README.md'), 'utf8');
  const linked = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1]!);
  assert.ok(linked.includes('docs/configuration.md'));
  const missing = [...linked, 'docs/errors.md', 'docs/commands.md'].filter(
    (place) => !existsSync(path.join(installed, place)),
  );
  assert.deepEqual(missing, []);
  const { status, stdout } = run(command(), ['check', path.join(installed, 'examples')]);
  assert.equal(status, 0, stdout);
});

test('npx openswml check checks a document', () => {
  writeFileSync(path.join(user, 'menu.yaml'), 'sections: {main: [answr]}\n');
  const { status, stdout } = run('npm', ['exec', '--offline', '--', 'openswml', 'check', 'menu.yaml']);
  assert.equal(status, 1);
  assert.match(stdout, /^menu\.yaml:1:19: error relay_script_method_undefined: /);
  const version = run(command(), ['--version']);
  assert.equal(version.stdout, `${String(manifest()['version'])}\n`);
});

test('On an older Node the command says which one it needs', () => {
  const text = readFileSync(command(), 'utf8').replace('process.versions.node', '"22.1.0"');
  const old = path.join(path.dirname(command()), 'old.js');
  writeFileSync(old, text);
  const { status, stderr } = run(process.execPath, [old, '--version']);
  rmSync(old);
  assert.equal(status, 2);
  assert.match(stderr, /^openswml: needs Node 24 or newer, this is v\d[^\n]*\n$/);
});

test('Its types serve a strict program that has no types of Node', () => {
  writeFileSync(
    path.join(user, 'main.ts'),
    `import { type CallingDocument, isStep, parse, type RecordParams } from 'openswml';
const record: RecordParams = { beep: true, format: '\${vars.format}' };
// @ts-expect-error no such format
const wrong: RecordParams = { format: 'ogg' };
const document: CallingDocument = { sections: { main: [{ record }, { record: wrong }, { play: 'say:hi' }] } };
for (const step of parse(document).sections.get('main') ?? []) {
  if (isStep(step, 'sleep')) console.log(step.params);
}
`,
  );
  const { status, stdout } = run(process.execPath, [
    path.join(MODULES, 'typescript/bin/tsc'),
    ...['--ignoreConfig', '--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024'],
    ...['--lib', 'es2024,dom', '--types', '', 'main.ts'],
  ]);
  assert.equal(status, 0, stdout);
});

test('Its server answers a call of its phone, speaks, listens and keeps the recording as MP3: all threads run, by io_uring where there is one', async (context) => {
  const program = [process.execPath, command()];
  const document =
    'sections: {main: [{play: "say:Hello there."}, {record: {max_length: 1, initial_timeout: 0, format: mp3}}]}';
  const server = await ServerProcess.start({ document, program, env: EACH_CORE });
  context.after(() => server.dispose());
  const uri = `sip:anything@${server.host}:${server.sipPort}`;
  const heard = path.join(user, 'heard.wav');
  const phone = run(program[0]!, [program[1]!, 'phone', uri, '--save', heard, '--say', 'One two three.']);
  assert.equal(phone.status, 0, phone.stderr + phone.stdout);
  const [samples] = parseWav(readFileSync(heard)).channels;
  assert.ok(
    samples?.some((sample) => Math.abs(sample) > 3_000),
    'the voice is heard',
  );
  await server.callsOver();
  const [recording] = await server.recordings();
  assert.deepEqual([recording?.status, recording?.duration_ms], ['completed', 1_000]);
  assert.ok(recording!.byte_size < 8_000, 'a second of WAV has 16,000 bytes');
  // A machine without io_uring has other reasons.
  const without = server.log.filter(({ reason }) => String(reason).includes("Cannot find module 'koffi'"));
  assert.deepEqual(without, []);
});
