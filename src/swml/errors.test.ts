import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf, ERROR_CODES, type Fault } from './error-codes.ts';
import { describeDiagnostic, formatDiagnostic, formatError, SwmlError } from './errors.ts';
import { closest, editDistance } from './suggest.ts';

const FAULTS: readonly Fault[] = [
  ...(['syntax', 'parser', 'version', 'noSections', 'noMain', 'emptySection', 'sectionFormat'] as const),
  ...(['unknownSection', 'unknownElement', 'wrongType', 'invalidValue', 'duplicate', 'noMethod'] as const),
  ...([
    'unknownMethod',
    'missingParameter',
    'invalidParameter',
    'unknownParameter',
    'conflict',
    'noMatch',
  ] as const),
  ...(['unknownLabel', 'failed', 'expression', 'tooDeep', 'tooManyTransfers', 'internal'] as const),
];

test('the language has 23 calling and 26 messaging codes, all with a meaning', () => {
  const rows = Object.values(ERROR_CODES);
  assert.equal(rows.filter((row) => row.kind === 'calling').length, 23);
  assert.equal(rows.filter((row) => row.kind === 'messaging').length, 26);
  for (const row of rows) assert.match(row.meaning, /^[A-Z].*\.$/);
});

test('every fault has a code of each language', () => {
  for (const fault of FAULTS) {
    for (const kind of ['calling', 'messaging'] as const)
      assert.equal(ERROR_CODES[codeOf(fault, kind)].kind, kind);
  }
});

const DIAGNOSTIC = {
  code: 'relay_script_method_undefined',
  severity: 'error',
  message: 'There is no method "plya"',
  file: 'a.yaml',
  position: { line: 2, column: 5 },
  path: 'sections.main[0].plya',
  suggestion: 'did you mean "play"?',
} as const;

test('a diagnostic is formatted with place, code, message, cure and the line with a caret', () => {
  assert.equal(
    formatDiagnostic(DIAGNOSTIC, 'main:\n  - plya: x\n'),
    [
      'a.yaml:2:5: error relay_script_method_undefined: There is no method "plya"; did you mean "play"? (sections.main[0].plya)',
      '  2 |   - plya: x',
      '    |     ^',
    ].join('\n'),
  );
});

test('the excerpt of one long line is cut around the place', () => {
  const text = `${'x'.repeat(500)}HERE${'y'.repeat(500)}`;
  const [, line, caret] = formatDiagnostic({ ...DIAGNOSTIC, position: { line: 1, column: 501 } }, text).split(
    '\n',
  );
  assert.ok(line!.length < 120);
  assert.equal(line!.slice(caret!.indexOf('^')).slice(0, 4), 'HERE');
});

for (const [title, before, columns] of [
  ['Japanese, which is two columns wide', 'こんにちは', 10],
  ['an emoji, which is two units long', '👋', 2],
  ['an accent that is a character of its own', 'e\u0301', 1],
  ['a tab', '\t', 1],
] as const) {
  test(`the caret stands under the place behind ${title}`, () => {
    const text = `${before}HERE`;
    const position = { line: 1, column: before.length + 1 };
    const [, , caret] = formatDiagnostic({ ...DIAGNOSTIC, position }, text).split('\n');
    assert.equal(caret, `    | ${' '.repeat(columns)}^`);
  });
}

test('a message tells what was expected and what was found', () => {
  assert.equal(
    describeDiagnostic({ ...DIAGNOSTIC, suggestion: undefined, expected: 'a', found: 'b' }),
    'There is no method "plya": expected a, found b',
  );
});

test('an error has the policy of its code unless told otherwise, and formats all its findings', () => {
  const { severity: _severity, ...own } = DIAGNOSTIC;
  assert.equal(new SwmlError(own).policy, 'stop');
  assert.equal(new SwmlError(own, { policy: 'continue' }).policy, 'continue');
  const two = new SwmlError(own, { all: [DIAGNOSTIC, { ...DIAGNOSTIC, message: 'Another' }] });
  assert.equal(formatError(two).split('\n').length, 2);
});

for (const [word, meant] of [
  ['plya', 'play'],
  ['recrod', 'record'],
  ['Play', 'play'],
  ['hangpu', 'hangup'],
  ['record_cal', 'record_call'],
  ['stop_call_record', 'stop_record_call'],
  ['call_record', 'record_call'],
  ['x', undefined],
  ['something_else', undefined],
  ['', undefined],
] as const) {
  test(`for "${word}" ${meant === undefined ? 'nothing' : `"${meant}"`} is suggested`, () => {
    assert.equal(closest(word, ['play', 'record', 'record_call', 'stop_record_call', 'hangup']), meant);
  });
}

test('insertions, deletions, replacements and swaps count one each', () => {
  for (const [a, b, distance] of [
    ['abc', 'abc', 0],
    ['abc', 'abxc', 1],
    ['abc', 'ac', 1],
    ['abc', 'axc', 1],
    ['abc', 'acb', 1],
    ['', 'abc', 3],
  ] as const) {
    assert.equal(editDistance(a, b), distance);
  }
});

test('a finding is one line of bounded length, whatever it quotes of a document', () => {
  const { severity: _severity, ...own } = DIAGNOSTIC;
  const { diagnostic, message } = new SwmlError({
    ...own,
    message: `There is no method "a\n\x1b[31m${'b'.repeat(10_000)}"`,
    path: 'c'.repeat(10_000),
    found: '\ud800',
  });
  assert.ok(diagnostic.message.length === 500 && diagnostic.path?.length === 500);
  assert.match(diagnostic.message, /^There is no method "a\ufffd\ufffd\[31mbbb/);
  assert.doesNotMatch(message, /[^\P{Cc}]/u);
  assert.equal(diagnostic.found, '\ufffd');
});

test('nothing is suggested for words of many letters, which would take long to compare', () => {
  assert.equal(closest('a'.repeat(65), ['a'.repeat(64)]), undefined);
  assert.equal(closest('a'.repeat(500_000), ['b'.repeat(500_000)]), undefined);
  assert.equal(closest('a'.repeat(63), ['a'.repeat(500_000), 'a'.repeat(64)]), 'a'.repeat(64));
});
