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
  ['a number matches its text', '5', 'five'],
  ['a text of digits matches', '"5"', 'five'],
  ['a truth value matches its text', 'true', 'yes'],
  ['an empty text matches the key ""', '""', 'empty'],
  ['null compares as ""', 'null', 'empty'],
  ['letters compare exactly', 'Ab', 'exact'],
  ['letters in another case do not match', 'ab', 'default'],
  ['blanks are not trimmed', '" Ab"', 'default'],
  ['a list matches nothing', '[5]', 'default'],
  ['an object matches nothing', '{}', 'default'],
] as const) {
  test(`switch: ${title}`, async () => {
    const test = await run(
      `- set: {v: ${value}}\n- switch:\n    variable: v${BRANCHES}\n- play: "say:after"`,
    );
    assert.deepEqual(said(test), [spoken, 'after']);
  });
}

test('switch: an unset variable compares as ""', async () => {
  assert.deepEqual(said(await run(`- switch:\n    variable: v${BRANCHES}`)), ['empty']);
});

test('switch: without a matching case and default warns, sets script_error, and the next step runs', async () => {
  const test = await run('- switch: {variable: call.type, case: {phone: []}}\n- play: "say:after"');
  assert.deepEqual(said(test), ['after']);
  assert.equal(test.warnings[0]?.code, 'relay_script_method_no_matching_condition');
  assert.equal(test.result.vars['script_error'], 'relay_script_method_no_matching_condition');
  assert.equal(test.result.outcome, 'finished');
});

for (const variable of ['call.type', 'vars.kind', '"${call.type}"', '"%{ call.type }"', '"list[0].kind"']) {
  test(`switch reads the path ${variable}`, async () => {
    const test = await run(
      `- set: {kind: sip, list: [{kind: sip}]}\n- switch: {variable: ${variable}, case: {sip: [{play: "say:sip"}]}}`,
    );
    assert.deepEqual(said(test), ['sip']);
  });
}

test('switch: a key named like a member of every object is no case', async () => {
  const test = await run(
    '- set: {v: constructor}\n- switch: {variable: v, case: {a: []}, default: [{play: "say:d"}]}',
  );
  assert.deepEqual(said(test), ['d']);
});

for (const [title, params, code] of [
  ['no variable', '{case: {}}', 'relay_script_method_parameter_missing'],
  ['no case', '{variable: a}', 'relay_script_method_parameter_missing'],
  [
    'a variable that is no path',
    '{variable: "a b", case: {}}',
    'relay_script_method_parameter_invalid_value',
  ],
  [
    'an expression as variable',
    '{variable: "${a + 1}", case: {}}',
    'relay_script_method_parameter_invalid_value',
  ],
  ['a case that is no list of steps', '{variable: a, case: {x: 5}}', 'relay_script_element_wrong_type'],
] as const) {
  test(`switch refuses ${title} at load`, () => {
    assert.deepEqual(
      checkDocument(main(`- switch: ${params}`)).diagnostics.map(({ code }) => code),
      [code],
    );
  });
}
