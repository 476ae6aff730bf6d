import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkInput } from './check-input.ts';
import { fuzz } from './fuzz.ts';
import { mutate, randomOf } from './mutate.ts';

const INPUTS = 400;

test(`${INPUTS} harmed documents are read, refused and run as the rules say; more by npm run fuzz`, async () => {
  const result = await fuzz({ seed: 20_261_127, goesOn: (inputs) => inputs < INPUTS, run: true });
  assert.equal(result.failure, undefined, `${result.failure?.text}\n${String(result.failure?.error)}`);
  assert.equal(result.inputs, INPUTS);
  assert.ok(result.valid > 5, 'some stay documents');
  assert.ok(result.codes.size > 10, 'they go wrong in many ways');
});

test('the same seed makes the same inputs', () => {
  const make = (seed: number): string =>
    mutate('sections: {main: [answer]}', ['- play: "say:x"'], randomOf(seed));
  assert.equal(make(5), make(5));
  assert.notEqual(make(5), make(6));
});

for (const [title, text] of [
  ['nothing', ''],
  ['half a surrogate', '\ud800: "\udc00'],
  ['NUL', 'a\0b: [\0]'],
  ['a byte order mark', '\ufeffsections: {main: [answer]}'],
  ['only line ends', '\r\r\n\n\r'],
  ['a key without end', `${'a'.repeat(5_000)}: ${'b'.repeat(5_000)}`],
  ['an escape sequence for terminals', 'sections: {main: ["\x1b[2J"]}'],
] as const) {
  test(`${title} is read or refused as the rules say`, async () => {
    for (const kind of ['calling', 'messaging'] as const) await checkInput(text, kind, true);
  });
}
