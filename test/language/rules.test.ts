/**
 * Every rule of the language has a test that names it, in its title or as `spec` in the conformance suite, and no
 * test names a rule that is none.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { conformanceSuite } from '../../scripts/docs/conformance-page.ts';
import { DOCUMENT, ELSEWHERE, FLOW } from './rules.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
/** `document.md 4.3, no I/O: …` at the start of a text in quotes; a rule may hold colons, so the longest counts. */
const CITATION = /['"`]((?:document|flow)\.md [\w.]+, [^\n]*)/g;

const RULES: ReadonlySet<string> = new Set([
  ...rulesOf('document.md', DOCUMENT),
  ...rulesOf('flow.md', FLOW),
]);

function rulesOf(file: string, sections: typeof DOCUMENT): string[] {
  return Object.entries(sections).flatMap(([section, rows]) =>
    rows.map((row) => `${file} ${section}, ${row}`),
  );
}

/** What tests cite, and in which files. */
function citations(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const files = ['src', 'test', 'scripts'].flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => path.join(folder, name)),
  );
  for (const file of files) {
    for (const [, text = ''] of readFileSync(path.join(ROOT, file), 'utf8').matchAll(CITATION)) {
      // In a template text `${` stands as `\${`.
      const title = text.replaceAll('\\${', '${').replaceAll("\\'", "'");
      const rule = [...RULES]
        .filter((one) => title.startsWith(`${one}:`))
        .sort((a, b) => b.length - a.length)[0];
      const key = rule ?? title;
      found.set(key, [...(found.get(key) ?? []), file]);
    }
  }
  for (const { name, tests } of conformanceSuite()) {
    for (const citation of tests.flatMap(({ references }) => references)) {
      if (!/^(?:document|flow)\.md /.test(citation)) continue;
      found.set(citation, [...(found.get(citation) ?? []), `conformance/${name}`]);
    }
  }
  return found;
}

const CITED = citations();

test('every rule of the language is named by a test', () => {
  assert.deepEqual(
    [...RULES].filter((rule) => !CITED.has(rule) && ELSEWHERE[rule] === undefined),
    [],
  );
});

test('every citation of a test is of a rule', () => {
  assert.deepEqual(
    [...CITED].filter(([rule]) => !RULES.has(rule)).map(([rule, files]) => `${files[0]}: ${rule}`),
    [],
  );
});

test('a rule that is left for later is a rule, is not named by a test, and says where it belongs', () => {
  for (const [rule, reason] of Object.entries(ELSEWHERE)) {
    assert.ok(RULES.has(rule), rule);
    assert.ok(!CITED.has(rule), `${rule} is tested now: take it off the list`);
    assert.match(reason, /\w/);
  }
});
