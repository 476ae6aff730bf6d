/**
 * Documents of `test/documents` against the diagnostics that they expect. A document says what is to be found
 * in lines `# expect: <line>:<column> <severity> <code> <path>` in its head; JSON has a file `.expect` beside it.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { checkDocument } from '../src/methods/check.ts';

const FOLDER = path.join(import.meta.dirname, 'documents');

for (const group of ['valid', 'invalid'] as const) {
  for (const name of readdirSync(path.join(FOLDER, group)).sort()) {
    if (name.endsWith('.expect')) continue;
    const file = path.join(FOLDER, group, name);

    test(`${group}/${name} gives the diagnostics that it expects`, () => {
      const text = readFileSync(file, 'utf8');
      const beside = `${file}.expect`;
      const expected = [
        ...(existsSync(beside) ? readFileSync(beside, 'utf8') : text).matchAll(/^# expect: (.*)$/gm),
      ];
      const { document, diagnostics } = checkDocument(text, { file: name });
      assert.deepEqual(
        diagnostics.map(({ position, severity, code, path: place }) =>
          `${position?.line}:${position?.column} ${severity} ${code} ${place ?? ''}`.trim(),
        ),
        expected.map((match) => match[1]!.trim()),
      );
      assert.equal(document !== undefined, group === 'valid');
      if (group === 'invalid') assert.ok(expected.length > 0, 'an invalid document expects something');
    });
  }
}
