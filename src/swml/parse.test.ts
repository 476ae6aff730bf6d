import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Alias } from 'yaml';
import { inBoundedTime } from '../../test/support/bounded-time.ts';
import { SwmlError } from './errors.ts';
import type { JsonValue } from './json.ts';
import { MAX_DEPTH, parseText } from './parse.ts';

function failure(text: string): SwmlError {
  try {
    parseText(text, { file: 'a.yaml' });
  } catch (error) {
    assert.ok(error instanceof SwmlError);
    return error;
  }
  return assert.fail('the text was accepted');
}

test('JSON and YAML give the same values', () => {
  const json =
    '{"sections": {"main": [{"play": {"url": "say:hi", "volume": -3.5}}, "hangup"]}, "x": null, "y": true}';
  const yaml =
    'sections:\n  main:\n    - play:\n        url: say:hi\n        volume: -3.5\n    - hangup\nx:\ny: true\n';
  assert.deepEqual(parseText(json).value, parseText(yaml).value);
});

test('JSON may be indented with tabs', () => {
  assert.deepEqual(parseText('{\n\t"a": [\n\t\t1\n\t]\n}').value, { a: [1] });
});

test('document.md 1.4, on off yes no: are texts (YAML 1.2 core schema), also below a %YAML 1.1 directive', () => {
  assert.deepEqual(parseText('[on, off, yes, no, true, false]').value, [
    'on',
    'off',
    'yes',
    'no',
    true,
    false,
  ]);
  assert.deepEqual(parseText('%YAML 1.1\n---\n- yes').value, ['yes']);
});

test('document.md 1.4, version: 1.0.0 without quotes is a text, 1.0 is a number', () => {
  assert.deepEqual(parseText('[1.0.0, 1.0]').value, ['1.0.0', 1]);
});

test('document.md 1.4, case keys: 5, true and null as keys are "5", "true" and their source', () => {
  assert.deepEqual(parseText('5: a\ntrue: b\n~: c\n1.50: d').value, {
    '5': 'a',
    true: 'b',
    '~': 'c',
    '1.5': 'd',
  });
});

test('a byte order mark takes no column', () => {
  const { value, locate } = parseText('\ufeff{a: [1]}\n');
  assert.deepEqual(value, { a: [1] });
  assert.deepEqual(
    [locate([]), locate(['a'], 'key'), locate(['a', 0])],
    [
      { line: 1, column: 1 },
      { line: 1, column: 2 },
      { line: 1, column: 6 },
    ],
  );
  assert.deepEqual(failure('\ufeff- a: 1\n  a: 2').diagnostic.position, { line: 2, column: 3 });
  assert.deepEqual(failure('\ufeff{a: 1, a: 2}').diagnostic.position, { line: 1, column: 8 });
});

test('a key named __proto__ is a key like any other', () => {
  const value = parseText('{"__proto__": {"polluted": 1}}').value as Record<string, JsonValue>;
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.deepEqual(Object.keys(value), ['__proto__']);
});

test('values are frozen at every depth', () => {
  const value = parseText('a: [{b: 1}]').value as { a: { b: number }[] };
  assert.throws(() => {
    value.a[0]!.b = 2;
  }, TypeError);
});

test('aliases share the value of their anchor', () => {
  assert.deepEqual(parseText('a: &x [1, {b: 2}]\nc: *x').value, { a: [1, { b: 2 }], c: [1, { b: 2 }] });
});

for (const [title, text, code, line, column] of [
  [
    'document.md 1.4, duplicate keys: on one level',
    'a: 1\nb: 2\na: 3',
    'relay_script_element_duplicated',
    3,
    1,
  ],
  [
    'document.md 1.4, duplicate keys: that differ in type',
    '5: 1\n"5": 2',
    'relay_script_element_duplicated',
    2,
    1,
  ],
  ['an unclosed quotation', "a: 'x", 'relay_script_parse_error', 1, 6],
  ['two documents in one text', 'a: 1\n---\nb: 2', 'relay_script_parse_error', 2, 1],
  ['an alias without anchor', 'a: *x', 'relay_script_parse_error', 1, 4],
  ['an alias inside its own anchor', 'a: &x [*x]', 'relay_script_parse_error', 1, 8],
  ['a list as a key', '? [1]\n: 2', 'relay_script_parse_error', 1, 3],
  ['a number that JSON cannot hold', 'a: .inf', 'relay_script_element_wrong_type', 1, 4],
  ['a tag alone', '- when: !vars.vip\n- b', 'relay_script_element_wrong_type', 1, 9],
  ['a tag before an anchor and a text', 'when: !done && tries < 3', 'relay_script_element_wrong_type', 1, 7],
  ['a tag without a name', 'when: ! vars.vip', 'relay_script_element_wrong_type', 1, 7],
  ['a tag of YAML that JSON has no form for', 'a: [!!binary aGk=]', 'relay_script_element_wrong_type', 1, 5],
  ['a tag of a list', 'a: !Sub [b]', 'relay_script_element_wrong_type', 1, 4],
  ['UTF-16 that was read as UTF-8', '\ufffd\ufffda\0:\0 \x001\0', 'relay_script_parse_error', 1, 1],
  ['HTML', '\n<!DOCTYPE html>\n<p>a: b: c', 'relay_script_parse_error', 1, 1],
  ['a placeholder without quotes that starts with %', 'a: %{x}', 'relay_script_parse_error', 1, 4],
] as const) {
  test(`${title} is refused with its place`, () => {
    const { diagnostic } = failure(text);
    assert.deepEqual(
      [diagnostic.code, diagnostic.position, diagnostic.file],
      [code, { line, column }, 'a.yaml'],
    );
  });
}

test('an unquoted placeholder in a flow mapping gets the advice to quote it', () => {
  assert.match(failure('a: {url: ${x}}').message, /double quotes/);
  assert.match(failure('a: %{x}').message, /double quotes/);
});

test('an unquoted text with colon and blank gets the advice to quote it', () => {
  assert.match(failure('- play: say: hi').message, /double quotes/);
});

for (const [title, text, place, cure] of [
  ['a method without its colon', 'main:\n  - play\n      url: "say:hi"', [2, 5], 'behind "play"?'],
  ['a section without its colon', 'sections:\n  main\n    - play: x', [2, 3], 'behind "main"?'],
  ['a last property without its colon', 'record:\n  beep: true\n  format', [3, 3], 'behind "format"?'],
  ['a first property without its blank', 'record:\n  beep:true\n  format: wav', [2, 3], 'behind "beep:"'],
  ['a last property without its blank', 'play:\n  volume: 1\n  url:"${x}"', [3, 3], 'behind "url:"'],
  ['a text with a colon on its second line', 'urls:\n  - say:Hello\n    you: two', [2, 5], 'double quotes'],
] as const) {
  test(`${title} gets its own advice`, () => {
    const { diagnostic } = failure(text);
    assert.deepEqual([diagnostic.position?.line, diagnostic.position?.column], place);
    assert.ok(diagnostic.suggestion?.includes(cure), diagnostic.suggestion);
  });
}

test('a comment in JSON that makes it unreadable gets the advice to leave it out', () => {
  for (const text of [
    '{"main": [\n  {"answer": {}}, // greet\n  {"play": "say:hi"}\n]}',
    '{"main": [{"play": "say:hi"} // greet\n]}',
    '{"main": [{"play": "say:hi"} /* greet */]}',
  ]) {
    assert.match(failure(text).message, /leave out the comment: JSON has none/);
  }
  assert.doesNotMatch(failure('{"a": "https://a.example/" "b": 1}').message, /comment/);
});

test('what is no document says what it is, and the rest of a text behind quotes gets the advice to quote all', () => {
  assert.match(failure('a: 1\n---\nb: 2').message, /^The text holds more than one document; put each into/);
  assert.match(failure('<?xml version="1.0"?>\n<Response/>').message, /^This is HTML or XML/);
  assert.match(failure('a\0: 1').message, /UTF-8; save it as UTF-8/);
  assert.match(failure('when: "a" == "${b}"').message, /at node end\); put the whole text in quotes/);
});

test('a star code or a "!" without quotes gets the advice to quote it', () => {
  for (const text of ['digits: *72', 'terminators: *', 'when: !vars.vip']) {
    assert.match(failure(text).message, /put a text that begins with "[*!]" in double quotes/);
  }
});

test('tags of what JSON has are taken', () => {
  assert.deepEqual(parseText('[!!str 5, !!int "5", !!map {a: !!null ""}]').value, ['5', 5, { a: null }]);
});

test('whole numbers and empty keys that are not what was written are told', () => {
  const { numberValues, commentedKeys } = parseText(
    'a: [+15550100, 007, 12345678901234567890, 5, -5, "007", +1.5]\nb: #\nc: #21# \nd: # none\ne:\n  #\nf: "#" #1',
  );
  assert.deepEqual(
    numberValues.map(({ written }) => written),
    ['+15550100', '007', '12345678901234567890'],
  );
  assert.deepEqual(commentedKeys, [
    { path: ['b'], written: '#' },
    { path: ['c'], written: '#21#' },
  ]);
});

test('document.md 6, document size: more than 1 MiB is refused', () => {
  assert.match(failure(`a: "${'x'.repeat(1_048_576)}"`).message, /1 MiB/);
  assert.match(failure(`a: "${'é'.repeat(600_000)}"`).message, /1 MiB/);
});

test('values may nest to the limit and no deeper', () => {
  const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  parseText(nested(MAX_DEPTH));
  assert.equal(failure(nested(MAX_DEPTH + 2)).code, 'relay_script_nested_too_deep');
});

test('values nest no deeper by way of aliases', () => {
  const half = MAX_DEPTH / 2;
  const nested = (inner: string): string => `${'['.repeat(half)}${inner}${']'.repeat(half)}`;
  const text = (levels: string): string => `a: &a ${nested('1')}\nb: &b [*a]\nc: ${levels}`;
  parseText(text('[*b]'));
  assert.equal(failure(text(nested('*b'))).code, 'relay_script_nested_too_deep');
});

test('aliases that multiply are refused before they are expanded', () => {
  const levels = Array.from(
    { length: 30 },
    (_, i) => `l${i}: &l${i} [${i === 0 ? '1, 1' : `*l${i - 1}, *l${i - 1}`}]`,
  );
  assert.match(failure(levels.join('\n')).message, /too many values/);
});

const HOSTILE: readonly [string, string][] = [
  ['? ', 'explicit keys inside each other'],
  ['- ', 'lists inside each other'],
  ['[', 'brackets'],
  ['{"a":', 'braces'],
  ['&a ', 'anchors'],
  ['!a ', 'tags'],
  ['"', 'quotation marks'],
  ['- a\n', 'items'],
  ['- [\n', 'open brackets in items'],
  ['?\n', 'empty keys'],
];

for (const [unit, title] of HOSTILE) {
  test(`nearly a mebibyte of ${title} is refused in bounded time`, () => {
    inBoundedTime(() => failure(unit.repeat(Math.floor(1_000_000 / unit.length))));
  });
}

test('property: any JSON is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(undefined, 2, '\t'), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent);
      assert.deepEqual(parseText(text).value, JSON.parse(text));
    }),
  );
});

test('property: any text is read or refused with a SwmlError', () => {
  const piece = fc.constantFrom(
    'a',
    ': ',
    '- ',
    '\n',
    '  ',
    '[',
    ']',
    '{',
    '}',
    ',',
    '&x ',
    '*x',
    '"',
    "'",
    '#',
    '|',
    '>',
    '%',
    '!',
    '?',
    '\t',
    '---\n',
    '5',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      try {
        parseText(pieces.join(''));
      } catch (error) {
        assert.ok(error instanceof SwmlError);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('the place of a value, of its key, and of the nearest ancestor of nothing', () => {
  const { locate } = parseText(
    'sections:\n  main:\n    - play:\n        url: "say:hi"\n    - *a\n'.replace('*a', 'x'),
  );
  assert.deepEqual(locate(['sections', 'main', 0, 'play', 'url']), { line: 4, column: 14 });
  assert.deepEqual(locate(['sections', 'main', 0, 'play', 'url'], 'key'), { line: 4, column: 9 });
  assert.deepEqual(locate(['sections', 'main', 0, 'play', 'urls']), { line: 4, column: 9 });
  assert.deepEqual(locate(['sections', 'main', 1]), { line: 5, column: 7 });
  assert.deepEqual(locate([]), { line: 1, column: 1 });
});

test('places are found behind an alias', () => {
  const { locate } = parseText('a: &x\n  b: 1\nc: *x');
  assert.deepEqual(locate(['c', 'b']), { line: 2, column: 6 });
});

test('places behind aliases are found without a walk through the document for each', (t) => {
  const walk = t.mock.method(Alias.prototype, 'resolve');
  const { locate } = parseText('a: &x\n  b: 1\nc: *x\nd: &x\n  b: 2\ne: *x');
  assert.deepEqual(locate(['c', 'b']), { line: 2, column: 6 });
  assert.deepEqual(locate(['e', 'b']), { line: 5, column: 6 });
  assert.equal(walk.mock.callCount(), 0);
});
