import assert from 'node:assert/strict';
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
  assert.deepEqual(second, { file: good, ok: true, diagnostics: [] });
  assert.equal(first?.file, bad);
  assert.equal(first?.ok, false);
  const { line, column, code, severity } = first!.diagnostics[0]!;
  assert.deepEqual([line, column, code, severity], [3, 7, 'relay_script_method_undefined', 'error']);
  assert.equal(first?.diagnostics[0]?.['path'], 'sections.main[0].plya');
});

test('A file that cannot be read is named with the reason; the others are checked all the same', async (context) => {
  const good = path.join(EXAMPLES, 'voicemail.yaml');
  const huge = file(context, ' '.repeat(MAX_DOCUMENT_BYTES + 1));
  const { status, out, err } = await cli('check', '/nonexistent.yaml', good, EXAMPLES, huge);
  assert.equal(status, 2);
  assert.equal(out, `${good}: ok\n`);
  assert.deepEqual(err.trimEnd().split('\n'), [
    'openswml: cannot read /nonexistent.yaml: there is no such file',
    `openswml: cannot read ${EXAMPLES}: this is a folder, a file is needed`,
    `openswml: cannot check ${huge}: it has ${MAX_DOCUMENT_BYTES + 1} bytes, a document at most ${MAX_DOCUMENT_BYTES}`,
  ]);
});
