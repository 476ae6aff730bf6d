import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { testFileSchema } from './json-schema.ts';
import { loadTestFile, TestFileError } from './load.ts';

const DOCUMENT = 'document: menu.yaml\n';

function problems(text: string): readonly string[] {
  try {
    loadTestFile(text, 'a.test.yaml');
  } catch (error) {
    assert.ok(error instanceof TestFileError, String(error));
    return error.problems.map(({ code, position, message, suggestion }) =>
      [`${position?.line}:${position?.column}`, code, message, suggestion].filter(Boolean).join(' '),
    );
  }
  return [];
}

test('a file without a list of tests is one test, named after the file', () => {
  const [test, ...others] = loadTestFile(`${DOCUMENT}caller: [hangs_up]\n`, 'folder/menu.test.yaml');
  assert.equal(others.length, 0);
  assert.deepEqual(
    [test?.name, test?.file, test?.spec.caller],
    ['menu', 'folder/menu.test.yaml', ['hangs_up']],
  );
});

test('tests of a file take over what stands beside them, member by member, and know where it stands', () => {
  const tests = loadTestFile(
    `document: menu.yaml
call: { from: "sip:ann@example.com", direction: outbound }
vars: { a: 1, b: 2 }
limit: 60
expect: { end: { by: caller } }
tests:
  - name: one
    call: { codec: PCMA }
    vars: { b: 3 }
    spec: flow.md 2
  - name: two
    document: other.yaml
    expect: { answered: true }
`,
    'a.test.yaml',
  );
  const [one, two] = tests.map(({ spec }) => spec);
  assert.deepEqual(
    [one?.call?.from, one?.call?.codec, one?.call?.direction, one?.vars, one?.limit],
    ['sip:ann@example.com', 'PCMA', 'outbound', { a: 1, b: 3 }, 60],
  );
  assert.deepEqual(two?.expect, { end: { by: 'caller' }, answered: true });
  assert.deepEqual([one?.document, two?.document], ['menu.yaml', 'other.yaml']);
  assert.deepEqual(tests[0]?.references, ['flow.md 2']);
  assert.deepEqual(tests[1]?.locate(['expect', 'answered']), { line: 13, column: 15 });
  assert.deepEqual(tests[1]?.locate(['expect', 'end']), { line: 5, column: 11 });
  assert.deepEqual(tests[1]?.locate(['expect', 'steps']), { line: 11, column: 5 });
});

test('what has nothing behind it in a test is that of the file', () => {
  const [test] = loadTestFile(
    `document: { sections: { main: [answer] } }
web: { "https://a.example/": {} }
tests:
  - name: one
    document:
    web:
`,
    'a.test.yaml',
  );
  assert.deepEqual(test?.spec.document, { sections: { main: ['answer'] } });
  assert.deepEqual(Object.keys(test?.spec.web ?? {}), ['https://a.example/']);
  assert.equal(test?.embedded, '          { sections: { main: [answer] } }');
});

test('so is a member with nothing behind it, but for variables, which may be null', () => {
  const [test] = loadTestFile(
    `${DOCUMENT}call: { from: "+15550100" }
vars: { a: 1, b: 2 }
expect: { answered: true, recordings: [] }
tests:
  - name: one
    call: { from: , codec: PCMA }
    vars: { a: }
    expect: { recordings: , seconds: 2 }
`,
    'a.test.yaml',
  );
  assert.deepEqual([test?.spec.call?.from, test?.spec.call?.codec], ['+15550100', 'PCMA']);
  assert.deepEqual(test?.spec.vars, { a: null, b: 2 });
  assert.deepEqual(test?.spec.expect, { answered: true, recordings: [], seconds: 2 });
  assert.deepEqual(test?.locate(['expect', 'recordings']), { line: 4, column: 27 });
});

test('a name with nothing behind it is that of the file', () => {
  const [test] = loadTestFile(`name:\n${DOCUMENT}`, 'menu.test.yaml');
  assert.equal(test?.name, 'menu');
});

test('the only test of a file may name several references, as one of several tests may', () => {
  const [test] = loadTestFile(`${DOCUMENT}spec: [record.md 3.3, flow.md 2]\n`, 'a.test.yaml');
  assert.deepEqual(test?.references, ['record.md 3.3', 'flow.md 2']);
});

test('a document in the test file keeps its places', () => {
  const [test] = loadTestFile(
    `# comment
tests:
  - name: x
    document:
      version: 1.0.0
      sections:
        main:
          - play: "say:Hello \${call.from}"
    caller: [hangs_up]
`,
    'a.test.yaml',
  );
  const lines = test?.embedded?.split('\n');
  assert.equal(lines?.[4], '      version: 1.0.0');
  assert.equal(lines?.[7], '          - play: "say:Hello ${call.from}"');
  assert.equal(lines?.[8], '');
  const [flow] = loadTestFile(
    'seed: 1\ndocument: { sections: { main: [answer, "}"] } } # x\n',
    'a.test.yaml',
  );
  assert.equal(flow?.embedded, '\n          { sections: { main: [answer, "}"] } }');
  const [shared] = loadTestFile(
    'vars: { m: &m [answer] }\ndocument: { sections: { main: *m } }\n',
    'a.test.yaml',
  );
  assert.deepEqual(JSON.parse(shared?.embedded ?? ''), { sections: { main: ['answer'] } });
});

test('what is wrong is told with line, column, code and cure', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['caller: [hangs_up]\n', '1:1 test_missing_property This test has no document'],
    [
      `${DOCUMENT}calller: []\n`,
      '2:1 test_unknown_property This has no property "calller" did you mean "caller"?',
    ],
    [
      `${DOCUMENT}caller: [{ hear: hello }]\n`,
      '2:12 test_unknown_property "caller" has no property "hear" did you mean "hears"?',
    ],
    [`${DOCUMENT}caller: [{ presses: "12x" }]\n`, '2:21 test_invalid_value "presses" cannot have this value'],
    [`${DOCUMENT}caller: [{ hears: "/(/" }]\n`, '2:19 test_invalid_value "hears" cannot have this value'],
    [
      `${DOCUMENT}caller: [{ says: hi, waits: 2 }]\n`,
      '2:22 test_conflict "says" and "waits" exclude each other',
    ],
    [`${DOCUMENT}expect: { seconds: soon }\n`, '2:20 test_invalid_value "seconds" cannot have this value'],
    [
      `${DOCUMENT}expect: { recordings: [{ ended_bye: x }] }\n`,
      '2:26 test_unknown_property "recordings" has no property "ended_bye" did you mean "ended_by"?',
    ],
    [
      `${DOCUMENT}tests: [{ name: a }, { name: a }]\n`,
      '2:30 test_duplicate Two tests of this file have the name "a"',
    ],
    [`${DOCUMENT}name: x\ntests: [{ name: a }]\n`, '2:1 test_conflict "name" and "tests" exclude each other'],
    [`${DOCUMENT}caller: [\n`, '3:1 test_parse_error'],
    [
      `${DOCUMENT}caller: [{ makes: { speech: 2, seconds: 3 } }]\n`,
      '2:41 test_conflict "seconds" belongs to a tone',
    ],
    [
      `${DOCUMENT}caller: [{ hears: { beep: true, lasting: 2 } }]\n`,
      '2:42 test_conflict "lasting" belongs to a tone',
    ],
    [
      `${DOCUMENT}caller: [{ hears: { beep: false } }]\n`,
      '2:27 test_invalid_value "beep: false" is nothing that can be waited for',
    ],
    [
      `${DOCUMENT}caller: [{ together: [[{ hangs_up: false }]] }]\n`,
      '2:36 test_invalid_value "hangs_up: false" is nothing that the caller could do',
    ],
    [
      `${DOCUMENT}caller: [{ presses: { keys: "1", by: mail } }]\n`,
      '2:38 test_invalid_value "by" cannot have this value',
    ],
    [
      `${DOCUMENT}caller: [{ command: { name: calling.record.paus } }]\n`,
      '2:29 test_invalid_value "name" cannot have this value',
    ],
    [
      `${DOCUMENT}recognition: [{ text: a, error: b }]\n`,
      '2:26 test_conflict "text" and "error" exclude each other',
    ],
    [
      `${DOCUMENT}web: { "https://a.example/": { json: 1, body: x } }\n`,
      '2:38 test_conflict "body" and "json" exclude each other',
    ],
    [
      `${DOCUMENT}parties: { +15550123: { refuses: busy } }\n`,
      '2:12 test_invalid_value This party is at "15550123": as it is written, it is a number put the number in quotes',
    ],
    [
      `${DOCUMENT}tests: [{ name: a, parties: { 0123: {} } }]\n`,
      '2:31 test_invalid_value This party is at "123": as it is written, it is a number put the number in quotes',
    ],
    [
      `${DOCUMENT}caller:\n  - presses: #\n`,
      '3:5 test_invalid_value "presses" has nothing behind it: "#" begins a comment put "#" in quotes',
    ],
    [
      `${DOCUMENT}caller: [{ presses: 12 }]\n`,
      '2:21 test_invalid_value "presses" cannot have this value put the number in quotes',
    ],
    [`${DOCUMENT}voice: loud\n`, '2:8 test_invalid_value "voice" cannot have this value'],
    [`${DOCUMENT}starts_at: tomorrow\n`, '2:12 test_invalid_value "starts_at" cannot have this value'],
    [`${DOCUMENT}starts_at: Monday 9\n`, '2:12 test_invalid_value "starts_at" cannot have this value'],
  ];
  for (const [text, expected] of cases) {
    const found = problems(text);
    assert.ok(
      found.some((problem) => problem.startsWith(expected)),
      `${text}\n${found.join('\n')}`,
    );
  }
});

test('the JSON Schema takes numbers and truth values in quotes, as the loader does', () => {
  const validate = new Ajv2020({ strict: false, allErrors: true }).compile(testFileSchema());
  for (const [part, valid] of [
    ['caller: [{ waits: "1.5" }]', true],
    ['caller: [{ hears: { beep: "true", within: "5" } }]', true],
    ['expect: { answered: "false" }', true],
    ['network: { delay_ms: "20" }', true],
    ['caller: [{ waits: "0x10" }]', false],
    ['caller: [{ waits: "" }]', false],
    ['expect: { answered: "no" }', false],
  ] as const) {
    const text = `${DOCUMENT}${part}\n`;
    assert.equal(problems(text).length === 0, valid, `loader: ${part}`);
    assert.equal(validate(parse(text)), valid, `schema: ${part}`);
  }
});

test('the JSON Schema takes what the loader takes, and points at what it does not', () => {
  const validate = new Ajv2020({ strict: false, allErrors: true }).compile(testFileSchema());
  const example = path.resolve(import.meta.dirname, '../../../examples/voicemail.test.yaml');
  assert.ok(validate(parse(readFileSync(example, 'utf8'))), JSON.stringify(validate.errors?.[0]));
  assert.ok(validate({ document: { sections: { main: [{ play: { url: 'say:x' } }] } } }));
  assert.ok(!validate({ document: { sections: { main: [{ plya: {} }] } } }));
  assert.ok(!validate({ document: 'x.yaml', caller: [{ presses: 'xyz' }] }));
  assert.ok(!validate({ document: 'x.yaml', caller: [{ hears: { beep: false } }] }));
  assert.ok(!validate({ document: 'x.yaml', caller: [{ hangs_up: false }] }));
  assert.ok(validate({ document: 'x.yaml', caller: [{ hears: { beep: true } }, { hangs_up: true }] }));
  assert.ok(!validate({ document: 'x.yaml', expect: { recordngs: [] } }));
  assert.ok(
    validate({ document: 'x.yaml', caller: [{ together: [[{ says: 'a' }], [{ waits: 1 }, 'hangs_up']] }] }),
  );
});
