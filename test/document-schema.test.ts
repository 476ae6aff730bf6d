/**
 * The JSON Schema over the documents of `test/documents` and `examples`, as any program of the world reads it: it
 * takes those without a finding and refuses those with an error or with properties that nobody knows. Where an
 * error is one that JSON Schema cannot see (what a name refers to), the document says `# schema: takes it`.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { checkDocument } from '../src/methods/check.ts';
import { jsonSchema } from '../src/methods/json-schema.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const validate = new Ajv2020({ strict: false }).compile(jsonSchema('calling'));

for (const folder of ['examples', 'test/documents/valid', 'test/documents/invalid']) {
  for (const name of readdirSync(path.join(ROOT, folder)).sort()) {
    if (!/\.(?:json|ya?ml)$/.test(name)) continue;
    const text = readFileSync(path.join(ROOT, folder, name), 'utf8');
    const { document, diagnostics, recognized } = checkDocument(text);
    // Files of tests lie beside the documents that they test.
    if (recognized === false && folder === 'examples') continue;
    let value: unknown;
    try {
      value = parse(text);
    } catch {
      continue;
    }
    const takes = diagnostics.length === 0 || text.includes('# schema: takes it');
    test(`the JSON Schema ${takes ? 'takes' : 'refuses'} ${folder}/${name}`, () => {
      assert.equal(validate(value), takes, JSON.stringify(validate.errors?.slice(0, 3)));
      if (folder !== 'test/documents/invalid') assert.ok(document !== undefined);
    });
  }
}
