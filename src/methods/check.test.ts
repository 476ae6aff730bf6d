import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { inBoundedTime } from '../../test/support/bounded-time.ts';
import { SwmlError } from '../swml/errors.ts';
import { member } from '../swml/json.ts';
import { checkDocument, loadDocument, MAX_NESTED_BLOCKS } from './check.ts';
import { methodsOf } from './registry.ts';

function codes(text: string, strict = false): string[] {
  return checkDocument(text, { strict }).diagnostics.map(({ code }) => code);
}

test('diagnostics come in the order of the text', () => {
  const { diagnostics } = checkDocument(
    'sections:\n  main:\n    - plya: x\n    - answer: {max_duration: no}\n    - sleep: -5\n',
  );
  assert.deepEqual(
    diagnostics.map(({ position }) => position?.line),
    [3, 4, 5],
  );
});

test('at most about 100 diagnostics are given', () => {
  const { diagnostics } = checkDocument(`sections:\n  main:\n${'    - nothing: {}\n'.repeat(500)}`);
  assert.ok(diagnostics.length >= 100 && diagnostics.length <= 101);
});

test('steps that are none are not reported throughout either', () => {
  const { diagnostics } = checkDocument(`sections:\n  main:\n${'    - 5\n'.repeat(500)}`);
  assert.equal(diagnostics.length, 100);
});

test('behind a hundred warnings, a document is still checked and taken apart', () => {
  const checked = (last: string) =>
    checkDocument(`sections:\n  main:\n${'    - hangup: {why: 1}\n'.repeat(150)}    - ${last}\n`);
  const { document, diagnostics } = checked('cond: [{when: "1", then: [answer]}]');
  assert.equal(diagnostics.length, 100);
  const branch = member(document?.sections.get('main')?.at(-1)?.params, 0);
  const then = document?.blocks.get(member(branch, 'then') as object);
  assert.deepEqual([then?.[0]?.method, document?.usesExpressions], ['answer', true]);
  const broken = checked('plya: x');
  assert.equal(broken.document, undefined);
  assert.equal(broken.diagnostics.at(-1)?.code, 'relay_script_method_undefined');
});

test('an unknown property is a warning, and an error in strict mode', () => {
  const text = 'sections: {main: [{hangup: {why: not}}]}';
  assert.equal(checkDocument(text).document === undefined, false);
  assert.equal(checkDocument(text, { strict: true }).document, undefined);
  assert.deepEqual(codes(text), ['relay_script_method_parameter_undefined']);
});

test('a placeholder passes where its value is not known yet', () => {
  assert.deepEqual(
    codes(
      'sections: {main: [{play: {url: "${u}", volume: "%{v}"}}, {record: {format: "${f}", beep: "${b}"}}, {goto: {label: "${l}"}}, {execute: {dest: "${d}"}}]}',
    ),
    [],
  );
});

test('a number without quotes where a text belongs gets the advice to quote it', () => {
  const [diagnostic] = checkDocument('sections: {main: [{send_digits: {digits: 1234}}]}').diagnostics;
  assert.equal(diagnostic?.suggestion, 'put the number in quotes');
});

test('what lacks the blank behind its colon, or the colon, is told so', () => {
  for (const [step, suggestion] of [
    ['- play:say:Hello', 'put a blank behind "play:"'],
    ['- play "say:Hello"', 'put a colon behind "play"'],
    ['- record:\n        beep:true', 'put a blank behind "beep:"'],
    ['- playing:say:Hello', undefined],
  ] as const) {
    const { diagnostics } = checkDocument(`sections:\n  main:\n    ${step}\n`);
    assert.deepEqual(
      diagnostics.map((diagnostic) => diagnostic.suggestion),
      [suggestion],
    );
  }
});

test('a merge key, which YAML 1.2 does not have, is told as that', () => {
  const { diagnostics } = checkDocument(
    'sections:\n  main:\n    - play: &quiet { url: "say:a", volume: -6 }\n    - play: { <<: *quiet, url: "say:b" }\n',
  );
  assert.deepEqual(
    diagnostics.map(({ path, suggestion }) => [path, suggestion]),
    [['sections.main[1].play["<<"]', 'YAML 1.2 has no merge keys: write the properties out']],
  );
});

test('a case that YAML reads as another number than it is written gets the advice to quote it', () => {
  const text =
    'sections: {main: [{switch: {variable: a, case: {+15550100: [], 0123: [], "0124": [], 5: []}}}]}';
  const { document, diagnostics } = checkDocument(text);
  assert.notEqual(document, undefined);
  assert.deepEqual(
    diagnostics.map(({ severity, found, suggestion, position }) => [
      severity,
      found,
      suggestion,
      position?.column,
    ]),
    ['+15550100', '0123'].map((written) => [
      'warning',
      written,
      `put it in quotes if it is for "${written}"`,
      text.indexOf(written) + 1,
    ]),
  );
  assert.match(diagnostics[0]?.message ?? '', /is for "15550100"/);
});

test('a number where any value may stand is warned of when it is not what was written', () => {
  const text = `sections:
  main:
    - set: { to: +15550100, tries: 5, list: [{ pin: 007 }] }
    - execute: { dest: main, params: { account: 12345678901234567890, code: "007" } }
    - return: 0123
    - sleep: 0500
`;
  const { document, diagnostics } = checkDocument(text);
  assert.notEqual(document, undefined);
  assert.deepEqual(
    diagnostics.map(({ severity, path, found }) => [severity, path, found]),
    [
      ['warning', 'sections.main[0].set.to', '+15550100'],
      ['warning', 'sections.main[0].set.list[0].pin', '007'],
      ['warning', 'sections.main[1].execute.params.account', '12345678901234567890'],
      ['warning', 'sections.main[2].return', '0123'],
    ],
  );
  assert.match(diagnostics[0]?.message ?? '', /^This value is 15550100: /);
});

test('keys of a telephone that are a comment to YAML are warned of', () => {
  const { document, diagnostics } = checkDocument(
    'sections:\n  main:\n    - record:\n        terminators: #\n        beep: true\n',
  );
  assert.notEqual(document, undefined);
  assert.deepEqual(
    diagnostics.map(({ severity, path, position, suggestion }) => [severity, path, position, suggestion]),
    [
      [
        'warning',
        'sections.main[0].record.terminators',
        { line: 4, column: 9 },
        'put "#" in quotes if keys are meant',
      ],
    ],
  );
});

test('a branch whose "when" or "then" has nothing behind it lacks it', () => {
  const cond = (...entries: string[]): string[] =>
    codes(`sections: {main: [{cond: [${entries.join(', ')}]}]}`);
  const missing = ['relay_script_method_parameter_missing'];
  assert.deepEqual(cond('{when: null, then: [answer]}'), missing);
  assert.deepEqual(cond('{when: null, then: [answer], else: [hangup]}'), missing);
  assert.deepEqual(cond('{when: "1", then: null}'), missing);
  assert.deepEqual(cond('{when: null, else: [hangup]}'), []);
  assert.deepEqual(cond('{else: [answer]}', '{when: null, else: [hangup]}'), [
    'relay_script_element_duplicated',
  ]);
});

test('a property with nothing behind it is none, also where another one needs it or excludes it', () => {
  const missing = ['relay_script_method_parameter_missing'];
  assert.deepEqual(codes('sections: {main: [{detect_machine: {wait: false, status_url: null}}]}'), missing);
  assert.deepEqual(
    codes('sections: {main: [{connect: {to: "queue:a", transfer_after_bridge: null}}]}'),
    missing,
  );
  const reply = (value: string): unknown[] => [
    ...checkDocument(`sections: {main: [{reply: ${value}}]}`, { kind: 'messaging' }).diagnostics,
  ];
  assert.deepEqual(reply('{body: a, switch: null}'), []);
  assert.deepEqual(reply('{body: null, switch: {variable: message.type, case: {}}}'), []);
});

test('the name of a section with a line end behind it is found before it runs', () => {
  const { diagnostics } = checkDocument(
    'sections:\n  main:\n    - execute:\n        dest: |\n          desk\n  desk: [hangup]\n',
  );
  assert.deepEqual(
    diagnostics.map(({ code, path, suggestion }) => [code, path, suggestion]),
    [
      [
        'relay_script_section_parameter_undefined',
        'sections.main[0].execute.dest',
        'write "dest: desk" on one line',
      ],
    ],
  );
});

test('a message executes sections alone: a URL in the place of one is found before it runs', () => {
  const { diagnostics } = checkDocument('sections: {main: [{execute: {dest: "https://example.com/a"}}]}', {
    kind: 'messaging',
  });
  assert.deepEqual(
    diagnostics.map(({ code, path }) => [code, path]),
    [['swml_section_not_found', 'sections.main[0].execute.dest']],
  );
});

test('a URL that is malformed is found before it is asked for', () => {
  for (const step of ['execute', 'transfer']) {
    const { diagnostics } = checkDocument(
      `sections: {main: [{${step}: {dest: "https://example.com:99999/"}}]}`,
    );
    assert.deepEqual(
      diagnostics.map(({ code, path }) => [code, path]),
      [['relay_script_parse_error', `sections.main[0].${step}.dest`]],
    );
  }
  assert.deepEqual(codes('sections: {main: [{transfer: {dest: "https://${host}/"}}]}'), []);
});

test('a path that is not closed is refused in bounded time', () => {
  const variable = JSON.stringify(`\${${' '.repeat(20_000)}`);
  inBoundedTime(() =>
    assert.deepEqual(codes(`{"sections": {"main": [{"switch": {"variable": ${variable}, "case": {}}}]}}`), [
      'relay_script_method_parameter_invalid_value',
    ]),
  );
});

test('the name of a variable leads through a bounded number of members', () => {
  const set = (members: number): string[] =>
    codes(JSON.stringify({ sections: { main: [{ set: { [`a${'.a'.repeat(members)}`]: 1 } }] } }));
  assert.deepEqual(set(63), []);
  assert.deepEqual(set(64), ['relay_script_method_parameter_invalid_value']);
});

test('an expression of more than 1,024 characters is an error at load, at any depth', () => {
  const long = `\${${'a+'.repeat(600)}a}`;
  assert.deepEqual(codes(`sections: {main: [{set: {a: [{b: "${long}"}]}}]}`), ['relay_script_js_eval_error']);
  assert.deepEqual(codes(`sections: {main: [{play: {url: "${long}"}}]}`), ['relay_script_js_eval_error']);
});

function nested(depth: number): string {
  return `sections: {main: [${'{cond: [{else: ['.repeat(depth)}answer${']}]}'.repeat(depth)}]}`;
}

test(`lists of steps nest to ${MAX_NESTED_BLOCKS} and no deeper`, () => {
  assert.deepEqual(codes(nested(60)), []);
  assert.deepEqual(codes(nested(70)), ['relay_script_nested_too_deep']);
});

test('only a document with JavaScript needs the sandbox', () => {
  const uses = (step: string): boolean | undefined =>
    checkDocument(`sections: {main: [${step}]}`).document?.usesExpressions;
  assert.equal(uses('{set: {a: "${b.c} ${d}"}}'), false);
  assert.equal(uses('{set: {a: ["${b + 1}"]}}'), true);
  assert.equal(uses('{cond: [{when: "1", then: []}]}'), true);
  assert.equal(uses('{cond: [{else: [{goto: {label: a, when: "1"}}, {label: a}]}]}'), true);
  assert.equal(uses('{goto: "${options}"}'), true);
  assert.equal(uses('{play: "${sound}"}'), false);
});

test('methods that may stand in confirm are those of the language; its labels are its own', () => {
  const confirm = (step: string): string =>
    `sections: {main: [{label: out}, {connect: {to: "sip:a@b", confirm: [${step}]}}]}`;
  assert.deepEqual(codes(confirm('{play: "say:hi"}')), []);
  assert.deepEqual(codes(confirm('answer')), ['relay_script_method_parameter_invalid_value']);
});

test('loadDocument throws the first error, with all findings on it', () => {
  const text = 'sections: {main: [{hangup: {why: 1}}, {plya: x}, {recrod: y}]}';
  assert.throws(
    () => loadDocument(text, { file: 'f' }),
    (error) =>
      error instanceof SwmlError &&
      error.code === 'relay_script_method_undefined' &&
      error.diagnostics.length === 3,
  );
});

test('an object that JSON cannot hold is a finding, not an exception', () => {
  const circle: Record<string, unknown> = { sections: { main: [{ hangup: {} }] } };
  circle['sections'] = circle;
  for (const source of [circle, { sections: { main: [{ sleep: 5n }] } }, () => {}]) {
    const { document, diagnostics } = checkDocument(source);
    assert.equal(document, undefined);
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['relay_script_parse_error'],
    );
    assert.match(diagnostics[0]?.message ?? '', /no JSON form/);
  }
  assert.throws(() => loadDocument(circle), SwmlError);
});

test('names are case-sensitive', () => {
  assert.deepEqual(codes('sections: {main: [{Play: "say:hi"}]}'), ['relay_script_method_undefined']);
});

test('a name that every object inherits is no method, section or property', () => {
  assert.deepEqual(codes('sections: {main: [{constructor: {}}]}'), ['relay_script_method_undefined']);
  assert.deepEqual(codes('sections: {main: [{transfer: {dest: toString}}]}'), [
    'relay_script_section_parameter_undefined',
  ]);
  assert.deepEqual(codes('sections: {main: [{hangup: {valueOf: 1}}]}'), [
    'relay_script_method_parameter_undefined',
  ]);
});

function complaints(step: string): string[] {
  return checkDocument(`sections: {main: [{${step}}]}`).diagnostics.map(
    ({ path, expected }) => `${path?.split('.').slice(-2).join('.')}: ${expected ?? ''}`,
  );
}

test('alternatives that a property tells apart are checked as the one that is meant', () => {
  const tool = (argument: string): string =>
    `ai: {prompt: {text: a}, SWAIG: {functions: [{function: f, description: d, parameters: {type: object, properties: {x: ${argument}}}}]}}`;
  assert.deepEqual(complaints(tool('{type: array, items: {type: integer, default: one}}')), [
    'items.default: an integer',
  ]);
  assert.deepEqual(complaints(tool('{type: array}')), ['properties.x: "items": an object']);
  assert.deepEqual(complaints(tool('{type: "${t}"}')), []);
  const types = '"string", "integer", "number", "boolean", "array", "object", "null"';
  assert.deepEqual(complaints(tool('{type: text}')), [`x.type: ${types}`]);
  assert.deepEqual(complaints(tool('{}')), [`properties.x: "type": ${types}`]);
  assert.deepEqual(complaints(tool('{const: 5}')), []);
  const action = (value: string): string =>
    `pay: {payment_connector_url: "https://a.example/", prompts: [{for: security-code, actions: [${value}]}]}`;
  assert.deepEqual(complaints(action('{type: Play, phrase: hello}')), [
    'actions[0].phrase: a URL that starts with http:// or https://',
  ]);
  assert.deepEqual(complaints(action('{type: Sing, phrase: hello}')), ['actions[0].type: "Say", "Play"']);
});

const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.string({ maxLength: 8 }),
  fc.constantFrom('${a}', '${a+', 'say:x', '#'),
);
const value = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 6 }), tie('any'), { maxKeys: 3 }),
  ),
})).any;

for (const kind of ['calling', 'messaging'] as const) {
  test(`property: any value for any ${kind} method is accepted or diagnosed, never thrown`, () => {
    const names = [...methodsOf(kind).keys()];
    const properties = [...methodsOf(kind).values()].flatMap(({ params }) =>
      params.node.kind === 'object' ? Object.keys(params.node.properties) : [],
    );
    const params = fc.oneof(value, fc.dictionary(fc.constantFrom(...properties), value, { maxKeys: 4 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...names), params), { maxLength: 4 }), (steps) => {
        const text = JSON.stringify({
          sections: { main: steps.map(([name, given]) => ({ [name]: given })) },
        });
        const { document, diagnostics } = checkDocument(text, { kind });
        assert.equal(
          document === undefined,
          diagnostics.some(({ severity }) => severity === 'error'),
        );
        for (const diagnostic of diagnostics) assert.ok(diagnostic.position && diagnostic.path !== undefined);
      }),
      { numRuns: 300 },
    );
  });
}

test('findings, which go into logs and callbacks, quote no passwords', () => {
  const long = 's3cret'.repeat(20);
  const { diagnostics } = checkDocument(
    JSON.stringify({
      sections: {
        main: [
          { request: { method: 'GET', url: 'https://ann:s3cret/x@a.example/' } },
          { request: { method: 'GET', url: `https://ann:${long}@a b.example/` } },
          { execute: { dest: 'https://ann:s3cret/x@a.example/' } },
          { connect: { to: { to: 'sip:ann:s3cret@a.example', password: 's3cret' } } },
          { connect: { to: '+15550100', headers: { 'X-Auth-Token': 's3cret', 'X-Other': 'kept' } } },
          { connect: { to: '+15550100', password: [['s3cret']] } },
        ],
      },
    }),
  );
  assert.deepEqual(
    diagnostics.map(({ found }) => found),
    [
      // What is wrong with it can be seen: without it, the address would be right.
      '"https://…@a.example/"',
      '"https://a b.example/"',
      'https://…@a.example/',
      '{"to":"sip:ann@a.example","password":"…"}',
      '{"X-Auth-Token":"…","X-Other":"kept"}',
      'a secret, not shown',
    ],
  );
  assert.doesNotMatch(JSON.stringify(diagnostics), /s3cret/);
  // Nor where steps, or the document, are not what they should be, nor of a number that may have been meant as a text.
  const call = '{connect: {to: "sip:desk@a.example", password: 007007}}';
  const masked = '{"connect":{"to":"sip:desk@a.example","password":"…"}}';
  for (const [text, found] of [
    [`[${call}]`, `[${masked}]`],
    [`sections: {main: [[${call}]]}`, `[${masked}]`],
    ['sections: {main: [{set: {pin: 1, password: 007007}}]}', 'a secret, not shown'],
  ] as const) {
    const findings = checkDocument(text).diagnostics;
    const quoted = findings.map((finding) => finding.found);
    assert.ok(quoted.includes(found), JSON.stringify(findings));
    assert.doesNotMatch(JSON.stringify(findings), /7007/);
  }
});

test('numbers of very many digits are read once', () => {
  const number = `"${'1'.repeat(500_000)}x"`;
  inBoundedTime(() => {
    assert.equal(codes(`sections: {main: [{sleep: ${number}}]}`).length, 1);
    const pay = `{payment_connector_url: 'https://pay.example', charge_amount: ${number}}`;
    assert.ok(codes(`sections: {main: [{pay: ${pay}}]}`).length > 0);
  });
});
