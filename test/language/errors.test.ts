/** How errors surface, and every code: spec/document.md 5. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Composer } from 'yaml';
import { main, run, said } from '../../src/engine/run.test-helper.ts';
import { checkDocument } from '../../src/methods/check.ts';
import { FakeLeg } from '../../src/methods/fake-leg.test-helper.ts';
import { ERROR_CODES, type ErrorCode } from '../../src/swml/error-codes.ts';
import { DOCUMENT } from './rules.ts';

/** Every calling code that a text alone can give, with the place of the mistake. */
const AT_LOAD: readonly (readonly [title: string, code: ErrorCode, text: string, place: string])[] = [
  [
    'document.md 5.2, relay_script_parse_error: neither JSON nor YAML',
    'relay_script_parse_error',
    '{"sections": [',
    '1:15',
  ],
  ['document.md 5.2, relay_script_parse_error: an empty text', 'relay_script_parse_error', '', '1:1'],
  ['document.md 5.2, relay_script_parse_error: plain words', 'relay_script_parse_error', 'hello', '1:1'],
  [
    'document.md 5.2, relay_script_version_invalid: unsupported',
    'relay_script_version_invalid',
    'version: 2.0.0\nsections: {main: [answer]}',
    '1:10',
  ],
  [
    'document.md 5.2, relay_script_sections_missing: none',
    'relay_script_sections_missing',
    'version: 1.0.0',
    '1:1',
  ],
  [
    'document.md 5.2, relay_script_main_section_missing: none',
    'relay_script_main_section_missing',
    'sections: {a: [answer]}',
    '1:11',
  ],
  [
    'document.md 5.2, relay_script_section_code_missing: no steps',
    'relay_script_section_code_missing',
    'sections:\n  main: []',
    '2:3',
  ],
  [
    'document.md 5.2, relay_script_section_parameter_undefined: execute',
    'relay_script_section_parameter_undefined',
    main('- execute: {dest: nowhere}'),
    '3:23',
  ],
  [
    'document.md 5.2, relay_script_section_parameter_undefined: transfer too',
    'relay_script_section_parameter_undefined',
    main('- transfer: {dest: nowhere}'),
    '3:24',
  ],
  [
    'document.md 5.2, relay_script_element_undefined: at root',
    'relay_script_element_undefined',
    'sections: {main: [answer]}\nsection: {}',
    '2:1',
  ],
  [
    'document.md 5.2, relay_script_element_wrong_type: of a section',
    'relay_script_element_wrong_type',
    'sections: {main: 5}',
    '1:18',
  ],
  [
    'document.md 5.2, relay_script_element_wrong_type: of a step',
    'relay_script_element_wrong_type',
    main('- [answer]'),
    '3:7',
  ],
  [
    'document.md 5.2, relay_script_element_wrong_type: of parameters',
    'relay_script_element_wrong_type',
    main('- hangup: busy'),
    '3:15',
  ],
  [
    'document.md 5.2, relay_script_element_invalid_value: of an enum deep inside parameters',
    'relay_script_element_invalid_value',
    main('- connect: {serial: [{to: "sip:a@b", encryption: some}]}'),
    '3:54',
  ],
  [
    'document.md 5.2, relay_script_element_duplicated: a key',
    'relay_script_element_duplicated',
    'sections: {main: [answer]}\nsections: {}',
    '2:1',
  ],
  [
    'document.md 5.2, relay_script_method_missing_name: of a step',
    'relay_script_method_missing_name',
    main('- {}'),
    '3:7',
  ],
  [
    'document.md 5.2, relay_script_method_undefined: unknown',
    'relay_script_method_undefined',
    main('- plya: x'),
    '3:7',
  ],
  [
    'document.md 5.2, relay_script_method_parameter_missing: required',
    'relay_script_method_parameter_missing',
    main('- goto: {max: 1}'),
    '3:7',
  ],
  [
    'document.md 5.2, relay_script_method_parameter_invalid_value: an HTTP verb',
    'relay_script_method_parameter_invalid_value',
    main('- request: {url: "https://a.example/", method: FETCH}'),
    '3:52',
  ],
  [
    'document.md 5.2, relay_script_method_parameter_invalid_value: the name of switch.variable',
    'relay_script_method_parameter_invalid_value',
    main('- switch: {variable: "a b", case: {}}'),
    '3:26',
  ],
  [
    'document.md 5.2, relay_script_method_parameter_conflict: url and urls',
    'relay_script_method_parameter_conflict',
    main('- play: {url: "say:a", urls: []}'),
    '3:28',
  ],
  [
    'document.md 5.2, relay_script_method_parameter_conflict: to and serial',
    'relay_script_method_parameter_conflict',
    main('- connect: {to: "sip:a@b", serial: []}'),
    '3:32',
  ],
  [
    'document.md 5.2, relay_script_js_eval_error: too long',
    'relay_script_js_eval_error',
    main(`- set: {a: "\${${'1+'.repeat(600)}1}"}`),
    '3:16',
  ],
  [
    'document.md 5.2, relay_script_nested_too_deep: values',
    'relay_script_nested_too_deep',
    '['.repeat(600) + ']'.repeat(600),
    '1:513',
  ],
];

for (const [title, code, text, place] of AT_LOAD) {
  test(title, () => {
    const [first] = checkDocument(text, { file: 'a.yaml' }).diagnostics;
    const { line, column } = first?.position ?? {};
    assert.deepEqual([first?.code, first?.severity, `${line}:${column}`], [code, 'error', place]);
    assert.equal(first?.file, 'a.yaml');
    assert.match(first?.message ?? '', /^[^\n]+$/);
  });
}

test('document.md 5.2, relay_script_parse_internal_error: the parser itself failed', (t) => {
  t.mock.method(Composer.prototype, 'compose', () => {
    throw new TypeError('a bug of the parser');
  });
  const [first] = checkDocument('sections: {}').diagnostics;
  assert.equal(first?.code, 'relay_script_parse_internal_error');
});

test('document.md 5.2, relay_script_method_parameter_undefined: a warning, so the script runs', async () => {
  const { diagnostics } = checkDocument(main('- hangup: {why: x}'));
  assert.deepEqual(
    diagnostics.map(({ code, severity }) => [code, severity]),
    [['relay_script_method_parameter_undefined', 'warning']],
  );
});

test('document.md 5.2, relay_script_method_no_matching_condition: no case, no default', async () => {
  const { warnings, result } = await run('- switch: {variable: a, case: {}}');
  assert.deepEqual(
    [warnings[0]?.code, result.outcome],
    ['relay_script_method_no_matching_condition', 'finished'],
  );
});

test('document.md 5.2, relay_script_method_execute_failed: message has the cause', async () => {
  const leg = new FakeLeg();
  leg.playResult = { state: 'error', playedMs: 0, error: '404 for https://a.example/x.wav' };
  const { warnings } = await run('- play: https://a.example/x.wav', { leg });
  assert.equal(warnings[0]?.code, 'relay_script_method_execute_failed');
  assert.match(warnings[0]?.message ?? '', /404 for https:/);
});

test('document.md 5.2, relay_script_js_eval_error: in a placeholder, when and goto', async () => {
  for (const step of [
    'set: {a: "${null.x()}"}',
    'cond: [{when: null.x, then: []}]',
    'goto: {label: l, when: null.x}',
  ]) {
    const { result } = await run(`- label: l\n- ${step}`);
    assert.equal(result.error?.code, 'relay_script_js_eval_error', step);
  }
});

test('document.md 5.2, relay_script_nested_too_deep: sections', async () => {
  const { result } = await run('- execute: {dest: main}');
  assert.equal(result.error?.code, 'relay_script_nested_too_deep');
});

test('document.md 5.2, relay_script_too_many_transfers: more than 32', async () => {
  const { result } = await run('- transfer: {dest: main}');
  assert.equal(result.error?.code, 'relay_script_too_many_transfers');
});

test('document.md 5.1, script_error: holds the code of the last error', async () => {
  const { result } = await run(
    '- switch: {variable: a, case: {}}\n- set: {seen: "${script_error}"}\n- sleep: "${0 - 5}"',
  );
  assert.equal(result.vars['seen'], 'relay_script_method_no_matching_condition');
  assert.equal(result.vars['script_error'], 'relay_script_method_parameter_invalid_value');
});

test('document.md 5.1, script_error: may be unset, and then tells of later errors', async () => {
  const { result } = await run(
    '- switch: {variable: a, case: {}}\n- unset: script_error\n- set: {a: "<${script_error}>"}',
  );
  assert.equal(result.vars['a'], '<>');
});

/** What the script does after an error of each class. */
const CLASSES: readonly (readonly [title: string, steps: string, code: ErrorCode, goesOn: boolean])[] = [
  [
    'document.md 5.1, bad parameter: a bad value stops the script',
    '- sleep: "${0 - 5}"',
    'relay_script_method_parameter_invalid_value',
    false,
  ],
  [
    'document.md 5.1, bad parameter: a missing value stops the script',
    '- play: {url: "${nothing}"}',
    'relay_script_method_parameter_invalid_value',
    false,
  ],
  [
    'document.md 5.1, bad parameter: JavaScript that fails stops the script',
    '- set: {a: "${null.x()}"}',
    'relay_script_js_eval_error',
    false,
  ],
  [
    'document.md 5.1, execute or transfer: a document that cannot be fetched stops the script',
    '- execute: {dest: "https://a.example/404"}',
    'relay_script_method_execute_failed',
    false,
  ],
  [
    'document.md 5.1, execute or transfer: a document that cannot be parsed stops the script',
    '- transfer: {dest: "https://a.example/bad"}',
    'relay_script_parse_error',
    false,
  ],
  [
    'document.md 5.1, execute or transfer: an invalid document stops the script',
    '- execute: {dest: "https://a.example/invalid"}',
    'relay_script_method_undefined',
    false,
  ],
  [
    'document.md 5.1, method failed: sets its result, warns, and goes on',
    '- record: {}',
    'relay_script_method_execute_failed',
    true,
  ],
  [
    'document.md 5.1, switch without match: warns and goes on',
    '- switch: {variable: a, case: {}}',
    'relay_script_method_no_matching_condition',
    true,
  ],
];

for (const [title, steps, code, goesOn] of CLASSES) {
  test(`${title} (${code})`, async () => {
    const leg = new FakeLeg();
    leg.recordOutcome = { ...leg.recordOutcome!, state: 'error', error: 'the disk is full' };
    const test = await run(`${steps}\n- play: "say:after"`, {
      leg,
      documents: {
        'https://a.example/bad': '{oops',
        'https://a.example/invalid': 'sections: {main: [{plya: x}]}',
      },
    });
    assert.deepEqual(said(test), goesOn ? ['after'] : []);
    assert.deepEqual(
      test.warnings.map((warning) => warning.code),
      [code],
    );
    assert.equal(test.result.vars['script_error'], code);
    assert.equal(test.result.outcome, goesOn ? 'finished' : 'error');
    assert.equal(leg.log.at(-1), goesOn ? 'hangup hangup' : 'hangup error');
    assert.equal(test.trace.filter((event) => event.kind === 'warning').length, 1);
  });
}

test('document.md 5.1, method failed: its result variable says so', async () => {
  const leg = new FakeLeg();
  leg.recordOutcome = { ...leg.recordOutcome!, state: 'error', error: 'the disk is full' };
  const { result } = await run('- record: {}', { leg });
  assert.equal(result.vars['record_result'], 'failed');
});

test('document.md 5.1, event shape: index is that of the step in its section, also from a nested list', async () => {
  const { warnings } = await run(
    'sections: {main: [{label: a}, {execute: {dest: s}}], s: [{label: b}, {label: c}, {cond: [{else: [{label: d}, {switch: {variable: x, case: {}}}]}]}]}',
  );
  const { section, index, method } = warnings[0]!;
  assert.deepEqual([section, index, method], ['s', 2, 'switch']);
});

test('document.md 5.1, event shape: index is that of the step in its section, also right behind a nested list', async () => {
  const { warnings } = await run(
    'sections: {main: [{label: a}, {cond: [{else: [{label: b}]}]}, {switch: {variable: x, case: {}}}]}',
  );
  assert.deepEqual([warnings[0]?.index, warnings[0]?.method], [2, 'switch']);
});

test('document.md 5.1, end of main: ends the script, and the call is hung up', async () => {
  for (const steps of ['- set: {a: 1}', '- set: {a: 1}\n- return: 5']) {
    const { leg, result } = await run(steps);
    assert.deepEqual([leg.log, result.outcome], [['hangup hangup'], 'finished']);
  }
});

test('every code is raised by some rule: none of the table is dead', async () => {
  const raised = new Set<string>(AT_LOAD.map(([, code]) => code));
  const elsewhere = [
    ...['relay_script_parse_internal_error', 'relay_script_method_parameter_undefined'],
    ...['relay_script_method_no_matching_condition', 'relay_script_method_execute_failed'],
    ...['relay_script_too_many_transfers', 'relay_script_internal_error'],
  ];
  const calling = Object.keys(ERROR_CODES).filter((code) => code.startsWith('relay_'));
  assert.deepEqual(calling.filter((code) => !raised.has(code)).sort(), elsewhere.sort());
});

test('the codes of the table are those of the language, no more and no fewer', () => {
  const language = [...DOCUMENT['5.2']!, ...DOCUMENT['5.3']!];
  assert.deepEqual(Object.keys(ERROR_CODES).sort(), [...language].sort());
});
