import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';

import { MAX_DOCUMENT_BYTES } from '../../swml/parse.ts';
import { cli } from '../terminal.test-helper.ts';

const GOOD = 'sections:\n  main:\n    - answer\n';

/** A folder with these files. */
function folder(context: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(path.join(tmpdir(), 'openswml-folder-'));
  context.after(() => rmSync(root, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
  return root;
}

/** The documents that are checked, by their names in the folder. */
async function checkedIn(root: string): Promise<string[]> {
  const { out } = await cli('check', '--json', root);
  return (JSON.parse(out) as { file: string }[]).map(({ file }) => path.relative(root, file));
}

test('In a folder the YAML and JSON files at any depth are checked, in the order of their names', async (context) => {
  const root = folder(context, {
    'b.yaml': GOOD,
    'a.yml': GOOD,
    'c/d/e.json': '{"sections": {"main": ["answer"]}}',
    'C.YAML': GOOD,
    'notes.txt': GOOD,
  });
  assert.deepEqual(await checkedIn(root), ['C.YAML', 'a.yml', 'b.yaml', 'c/d/e.json']);
});

test('Packages, and what begins with a dot, are passed over', async (context) => {
  const root = folder(context, {
    'a.yaml': GOOD,
    'node_modules/x/b.yaml': GOOD,
    '.github/workflows/c.yaml': GOOD,
    '.d.yaml': GOOD,
  });
  assert.deepEqual(await checkedIn(root), ['a.yaml']);
});

test('Links to files are followed, links to folders are not, so that a loop ends', async (context) => {
  const root = folder(context, { 'a.yaml': GOOD, 'sub/b.txt': GOOD });
  symlinkSync('sub/b.txt', path.join(root, 'link.yaml'));
  symlinkSync('.', path.join(root, 'loop'));
  symlinkSync('nowhere.yaml', path.join(root, 'broken.yaml'));
  symlinkSync('itself.yaml', path.join(root, 'itself.yaml'));
  assert.deepEqual(await checkedIn(root), ['a.yaml', 'link.yaml']);
});

test('Other YAML and JSON is passed over by name, whatever it is', async (context) => {
  const root = folder(context, {
    'a.yaml': GOOD,
    'compose.yaml': 'services:\n  web: {image: nginx}\n',
    'k8s.yaml': 'kind: A\n---\nkind: B\n',
    'list.json': '[1, 2]',
    'empty.yaml': '',
    'mkdocs.yaml': 'sections: [one, two]\nreply: true\n',
    'mail.yaml': 'reply: {to: a}\nsubject: x\n',
    'stack.yaml': 'Resources: !Sub\n  - ${a\n sections\n',
  });
  const { status, out, err } = await cli('check', root);
  assert.deepEqual([status, err], [0, '']);
  assert.equal(
    out,
    `${root}: 1 document: ok\nPassed over, no \`sections\`: ${[
      'compose.yaml',
      'empty.yaml',
      'k8s.yaml',
      'list.json',
      'mail.yaml',
    ]
      .map((name) => path.join(root, name))
      .join(', ')} and 2 more\n`,
  );
});

test('A document with mistakes is no other YAML: it is reported, also when it cannot be parsed', async (context) => {
  const root = folder(context, {
    'no-main.yaml': 'sections:\n  mian: [answer]\n',
    'broken.yaml': 'version: 1.0.0\nsections:\n  main:\n    - play: say: hi\n',
    'broken.json': '{\n  "sections": {"main": [}\n',
    'twice.yaml': 'sections: {main: [answer]}\nsections: {main: [answer]}\n',
    'message.yaml': 'reply: {text: hi}\n',
    'marked.yaml': '\ufeffsections:\r\n  main:\r\n    - play: say: hi\r\n',
  });
  const { status, out } = await cli('check', root);
  assert.equal(status, 1);
  for (const name of ['no-main.yaml', 'broken.yaml', 'broken.json', 'twice.yaml', 'marked.yaml']) {
    assert.match(out, new RegExp(`^${path.join(root, name)}:\\d+:\\d+: error `, 'm'), name);
  }
  assert.match(out, /message\.yaml:1:9: warning swml_invalid_document: /);
  assert.ok(out.endsWith(`${root}: 6 documents: 5 errors, 1 warning\n`), out);
});

test('A file that is named is checked whatever it holds', async (context) => {
  const root = folder(context, { 'compose.yaml': 'services: {}\n' });
  const { status, out } = await cli('check', path.join(root, 'compose.yaml'));
  assert.equal(status, 1);
  assert.match(out, /relay_script_sections_missing/);
});

test('A folder without a document is an error, so that a wrong path in a build does not pass', async (context) => {
  const root = folder(context, { 'a.txt': GOOD });
  const { status, out, err } = await cli('check', root);
  assert.deepEqual([status, out], [2, '']);
  assert.equal(
    err,
    `openswml: cannot check ${root}: it holds no document, which is a YAML or JSON file with \`sections\`\n`,
  );
});

test('A file too large for a document is passed over, unless it has sections', async (context) => {
  const filler = ' '.repeat(MAX_DOCUMENT_BYTES);
  const lock = folder(context, { 'a.yaml': GOOD, 'package-lock.json': `{"packages": {}}${filler}` });
  assert.equal((await cli('check', lock)).status, 0);
  const large = folder(context, { 'a.yaml': GOOD, 'b.yaml': `${GOOD}${filler}` });
  const { status, err } = await cli('check', large);
  assert.equal(status, 2);
  assert.match(err, /b\.yaml: it has \d+ bytes, a document at most 1048576\n$/);
});
