import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDocument } from '../../methods/check.ts';
import { main, run, said } from '../run.test-helper.ts';

const BRANCHES = `
    case:
      5: [{play: "say:five"}]
      true: [{play: "say:yes"}]
      "": [{play: "say:empty"}]
      Ab: [{play: "say:exact"}]
    default: [{play: "say:default"}]`;

for (const [title, value, spoken] of [
  ['flow.md 2, comparison: a number matches its text', '5', 'five'],
  ['flow.md 2, comparison: a text of digits matches', '"5"', 'five'],
  ['document.md 1.4, case keys: true as a key is the text "true"', 'true', 'yes'],
  ['flow.md 2, comparison: an empty text matches the key ""', '""', 'empty'],
  ['flow.md 2, comparison: null compares as ""', 'null', 'empty'],
  ['flow.md 2, comparison: letters compare exactly', 'Ab', 'exact'],
  ['flow.md 2, default: letters in another case do not match', 'ab', 'default'],
  ['flow.md 2, comparison: blanks are not trimmed', '" Ab"', 'default'],
  ['flow.md 2, object or array: a list matches nothing', '[5]', 'default'],
  ['flow.md 2, object or array: an object matches nothing', '{}', 'default'],
] as const) {
  test(title, async () => {
    const test = await run(
      `- set: {v: ${value}}\n- switch:\n    variable: v${BRANCHES}\n- play: "say:after"`,
    );
    assert.deepEqual(said(test), [spoken, 'after']);
  });
}

test('flow.md 2, unset variable: compares as "", and without that key takes default', async () => {
  assert.deepEqual(said(await run(`- switch:\n    variable: v${BRANCHES}`)), ['empty']);
  const without = '- switch: {variable: v, case: {a: []}, default: [{play: "say:default"}]}';
  assert.deepEqual(said(await run(without)), ['default']);
});

test('flow.md 2, no match: without default warns, sets script_error, and the next step runs', async () => {
  const test = await run('- switch: {variable: call.type, case: {phone: []}}\n- play: "say:after"');
  assert.deepEqual(said(test), ['after']);
  assert.equal(test.warnings[0]?.code, 'relay_script_method_no_matching_condition');
  assert.equal(test.result.vars['script_error'], 'relay_script_method_no_matching_condition');
  assert.equal(test.result.outcome, 'finished');
});

test('flow.md 2, match: runs that list only, without falling through', async () => {
  const test = await run(`
- set: {v: b}
- switch:
    variable: v
    case:
      a: [{play: "say:a"}]
      b: [{play: "say:b"}]
      c: [{play: "say:c"}]
    default: [{play: "say:default"}]
- play: "say:after"`);
  assert.deepEqual(said(test), ['b', 'after']);
});

test('flow.md 2, transform: of messaging documents only, so it is unknown here', () => {
  const { diagnostics } = checkDocument(main('- switch: {variable: a, case: {}, transform: trim}'));
  assert.deepEqual(
    diagnostics.map(({ code, severity }) => [code, severity]),
    [['relay_script_method_parameter_undefined', 'warning']],
  );
});

for (const variable of ['call.type', 'vars.kind', '"${call.type}"', '"%{ call.type }"', '"list[0].kind"']) {
  const wrapped = variable.includes('{');
  const title = wrapped ? 'flow.md 2, variable with ${…}: as its path' : 'flow.md 2, variable: a path';
  test(`${title}, ${variable}`, async () => {
    const test = await run(
      `- set: {kind: sip, list: [{kind: sip}]}\n- switch: {variable: ${variable}, case: {sip: [{play: "say:sip"}]}}`,
    );
    assert.deepEqual(said(test), ['sip']);
  });
}

test('flow.md 2, case: a key named like a member of every object is no case', async () => {
  const test = await run(
    '- set: {v: constructor}\n- switch: {variable: v, case: {a: []}, default: [{play: "say:d"}]}',
  );
  assert.deepEqual(said(test), ['d']);
});

for (const [title, params, code] of [
  ['flow.md 2, variable: required', '{case: {}}', 'relay_script_method_parameter_missing'],
  ['flow.md 2, case: required', '{variable: a}', 'relay_script_method_parameter_missing'],
  [
    'flow.md 2, illegal name: no path',
    '{variable: "a b", case: {}}',
    'relay_script_method_parameter_invalid_value',
  ],
  [
    'flow.md 2, variable with ${…}: an expression is refused',
    '{variable: "${a + 1}", case: {}}',
    'relay_script_method_parameter_invalid_value',
  ],
  ['flow.md 2, case: holds lists of steps', '{variable: a, case: {x: 5}}', 'relay_script_element_wrong_type'],
] as const) {
  test(`${title} (at load: ${code})`, () => {
    assert.deepEqual(
      checkDocument(main(`- switch: ${params}`)).diagnostics.map(({ code }) => code),
      [code],
    );
  });
}
