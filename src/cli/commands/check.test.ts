import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';

import { parse } from 'yaml';

import { MAX_DOCUMENT_BYTES } from '../../swml/parse.ts';
import { cli } from '../terminal.test-helper.ts';

const EXAMPLES = path.resolve(import.meta.dirname, '../../../examples');

function file(context: TestContext, text: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-check-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const name = path.join(folder, 'document.yaml');
  writeFileSync(name, text);
  return name;
}

test('The examples hold to the language, strictly, and the YAML one says the same as the JSON one', async () => {
  const names = ['voicemail.yaml', 'voicemail.json'].map((name) => path.join(EXAMPLES, name));
  const { status, out } = await cli('check', '--strict', ...names);
  assert.equal(status, 0);
  assert.equal(out, names.map((name) => `${name}: ok\n`).join(''));
  const [yaml, json] = await Promise.all(
    names.map(async (name) => parse(await readFile(name, 'utf8')) as unknown),
  );
  assert.deepEqual(yaml, json);
});

test('All examples and their test files hold to the language, strictly', async () => {
  const { status, out } = await cli('check', '--strict', EXAMPLES);
  assert.equal(status, 0, out);
  assert.match(out, /examples: \d+ documents, \d+ test files: ok\n$/);
});

test('A test file is checked as such, by its name', async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-check-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const name = path.join(folder, 'a.test.yaml');
  writeFileSync(name, 'document: a.yaml\ncaller: [{ hear: hello }]\n');
  const { status, out } = await cli('check', name);
  assert.equal(status, 1);
  assert.ok(out.startsWith(`${name}:2:12: error test_unknown_property: `), out);
  assert.match(out, /did you mean "hears"\?/);
});

test('An error is shown with its place, and makes the status 1', async (context) => {
  const name = file(context, 'sections:\n  main:\n    - plya: {url: "say:x"}\n');
  const { status, out, err } = await cli('check', name);
  assert.equal(status, 1);
  assert.equal(err, '');
  assert.ok(out.startsWith(`${name}:3:7: error relay_script_method_undefined: `), out);
  assert.match(out, /did you mean "play"\?/);
  assert.ok(out.endsWith(`${name}: 1 error\n`), out);
});

test('A warning leaves the status 0, and is an error when strict', async (context) => {
  const name = file(context, 'sections:\n  main:\n    - play: {url: "say:x", colour: red}\n');
  const lenient = await cli('check', name);
  assert.equal(lenient.status, 0);
  assert.ok(lenient.out.endsWith(`${name}: 1 warning\n`), lenient.out);
  assert.equal((await cli('check', '--strict', name)).status, 1);
});

test('A text in another encoding than UTF-8 is warned of at its first lost character', async (context) => {
  const name = file(context, '');
  writeFileSync(name, 'sections:\n  main:\n    - play: "say:Grüße"\n    - plya: x\n', 'latin1');
  const { status, out } = await cli('check', name);
  assert.equal(status, 1);
  assert.ok(
    out.startsWith(
      `${name}:3:20: warning relay_script_parse_error: A character was lost here: the text is not in UTF-8; save it as UTF-8\n`,
    ),
    out,
  );
  assert.ok(out.endsWith(`${name}: 1 error, 1 warning\n`), out);
});

test('As JSON, every file has its findings with line, column, code and path', async (context) => {
  const bad = file(context, 'sections:\n  main:\n    - plya: {}\n');
  const good = path.join(EXAMPLES, 'voicemail.yaml');
  const { status, out } = await cli('check', '--json', bad, good);
  assert.equal(status, 1);
  const [first, second] = JSON.parse(out) as {
    file: string;
    ok: boolean;
    diagnostics: Record<string, unknown>[];
  }[];
  assert.deepEqual(second, { file: good, kind: 'calling', ok: true, diagnostics: [] });
  assert.equal(first?.file, bad);
  assert.equal(first?.ok, false);
  const { line, column, code, severity } = first!.diagnostics[0]!;
  assert.deepEqual([line, column, code, severity], [3, 7, 'relay_script_method_undefined', 'error']);
  assert.equal(first?.diagnostics[0]?.['path'], 'sections.main[0].plya');
});

test('A file that cannot be read is named with the reason; the others are checked all the same', async (context) => {
  const good = path.join(EXAMPLES, 'voicemail.yaml');
  const huge = file(context, ' '.repeat(MAX_DOCUMENT_BYTES + 1));
  const { status, out, err } = await cli('check', '/nonexistent.yaml', good, huge);
  assert.equal(status, 2);
  assert.equal(out, `${good}: ok\n`);
  assert.deepEqual(err.trimEnd().split('\n'), [
    'openswml: cannot read /nonexistent.yaml: there is no such file',
    `openswml: cannot check ${huge}: it has ${MAX_DOCUMENT_BYTES + 1} bytes, a document at most ${MAX_DOCUMENT_BYTES}`,
  ]);
});

test('A document is for calls or for messages by what it holds, unless the kind is given', async (context) => {
  const message = file(context, 'sections:\n  main:\n    - reply: hello\n');
  const kinds = async (...args: readonly string[]): Promise<(string | boolean)[]> => {
    const { out } = await cli('check', '--json', ...args, message);
    const [{ kind, ok }] = JSON.parse(out) as [{ kind: string; ok: boolean }];
    return [kind, ok];
  };
  assert.deepEqual(await kinds(), ['messaging', true]);
  assert.deepEqual(await kinds('--kind', 'messaging'), ['messaging', true]);
  assert.deepEqual(await kinds('--kind', 'calling'), ['calling', false]);
});

test('A call that mentions a reply is still a call: the kind with fewer errors counts', async (context) => {
  const call = file(context, 'sections:\n  main:\n    - play: "say:Please reply: yes"\n    - recrod: {}\n');
  const { out } = await cli('check', '--json', call);
  const [{ kind, diagnostics }] = JSON.parse(out) as [{ kind: string; diagnostics: unknown[] }];
  assert.deepEqual([kind, diagnostics.length], ['calling', 1]);
});

test('For GitHub, every finding is a workflow command with file, line and column', async (context) => {
  const name = file(context, 'sections:\n  main:\n    - plya: {}\n    - play: {url: "say:x", colour: red}\n');
  const { status, out, err } = await cli('check', '--format', 'github', name);
  assert.deepEqual([status, err], [1, '']);
  const lines = out.trimEnd().split('\n');
  assert.equal(lines.length, 2);
  assert.equal(
    lines[0],
    `::error file=${name},line=3,col=7,title=relay_script_method_undefined::There is no method "plya"; did you mean "play"?`,
  );
  assert.ok(
    lines[1]?.startsWith(
      `::warning file=${name},line=4,col=28,title=relay_script_method_parameter_undefined::`,
    ),
    lines[1],
  );
});

test('For GitHub, text of a document or of a file name cannot begin a command or a property of its own', async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-check-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const name = path.join(folder, 'a,line=1:b%.yaml');
  writeFileSync(name, 'sections:\n  main:\n    - "50%\\n::error::no\\e[2J": {}\n');
  const { out } = await cli('check', '--format=github', name);
  assert.equal(out.trimEnd().split('\n').length, 1);
  assert.ok(out.startsWith(`::error file=${folder}/a%2Cline=1%3Ab%25.yaml,line=3,col=7,`), out);
  assert.match(out, /::There is no method "50%25\ufffd::error::no\ufffd\[2J"/);
});

test('For GitHub, a file below the working directory is named from there', async (context) => {
  const folder = mkdtempSync(path.join(process.cwd(), '.check-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const name = path.join(folder, 'a.yaml');
  writeFileSync(name, 'sections: {main: [answr]}');
  const { out } = await cli('check', '--format', 'github', name);
  assert.ok(out.startsWith(`::error file=${path.basename(folder)}/a.yaml,line=1,col=19,`), out);
});

for (const [args, message] of [
  [['--format', 'xml', 'x'], /'xml' is invalid.*text, json, github/],
  [['--kind', 'fax', 'x'], /'fax' is invalid.*auto, calling, messaging/],
  [['--json', '--format', 'github', 'x'], /'--json' cannot be used with option '--format/],
] as const) {
  test(`openswml check ${args.join(' ')} is answered in one line with status 2`, async () => {
    const { status, out, err } = await cli('check', ...args);
    assert.deepEqual([status, out], [2, '']);
    assert.match(err, message);
    assert.equal(err.trimEnd().split('\n').length, 1);
  });
}

test('Standard input is checked under its own name, up to the size that a document may have', () => {
  const run = (input: string) =>
    spawnSync(path.resolve(EXAMPLES, '../bin/openswml'), ['check', '-'], { input, encoding: 'utf8' });
  const bad = run('sections: {main: [answr]}');
  assert.deepEqual([bad.status, bad.stderr], [1, '']);
  assert.ok(bad.stdout.startsWith('standard input:1:19: error relay_script_method_undefined: '), bad.stdout);
  const huge = run(' '.repeat(MAX_DOCUMENT_BYTES + 1));
  assert.equal(huge.status, 2);
  assert.equal(
    huge.stderr,
    `openswml: cannot check standard input: a document has at most ${MAX_DOCUMENT_BYTES} bytes\n`,
  );
});
