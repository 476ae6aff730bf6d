import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDocument } from '../../methods/check.ts';
import { main, run, said } from '../run.test-helper.ts';

const CASES: readonly [title: string, entries: string, spoken: string[]][] = [
  [
    'takes the first truthy branch only',
    '[{when: "false", then: [{play: "say:a"}]}, {when: "1", then: [{play: "say:b"}]}, {when: "1", then: [{play: "say:c"}]}]',
    ['b'],
  ],
  ['is truthy as JavaScript: a text', '[{when: "\'x\'", then: [{play: "say:a"}]}]', ['a']],
  ['is falsy as JavaScript: NaN', '[{when: "0/0", then: [{play: "say:a"}]}]', []],
  ['is falsy as JavaScript: an empty text', '[{when: "\'\'", then: [{play: "say:a"}]}]', []],
  ['without a match and without else does nothing', '[{when: "false", then: [{play: "say:a"}]}]', []],
  [
    'takes else when nothing matched',
    '[{when: "false", then: [{play: "say:a"}]}, {else: [{play: "say:b"}]}]',
    ['b'],
  ],
  [
    'evaluates an else that stands first last',
    '[{else: [{play: "say:b"}]}, {when: "true", then: [{play: "say:a"}]}]',
    ['a'],
  ],
  [
    'takes else beside when at once, and looks no further',
    '[{when: "false", then: [{play: "say:a"}], else: [{play: "say:b"}]}, {when: "true", then: [{play: "say:c"}]}]',
    ['b'],
  ],
  [
    'reads an unset bare name as undefined',
    '[{when: "nothing === undefined", then: [{play: "say:a"}]}]',
    ['a'],
  ],
  [
    'reads scopes by name',
    '[{when: "call.type == \'sip\' && vars.n > 2 && n > 2", then: [{play: "say:a"}]}]',
    ['a'],
  ],
  [
    'replaces placeholders as raw text: a number',
    '[{when: "%{digits} == 1", then: [{play: "say:a"}]}]',
    ['a'],
  ],
  [
    'replaces placeholders as raw text inside quotes',
    '[{when: "\'${word}\' == \'yes\'", then: [{play: "say:a"}]}]',
    ['a'],
  ],
  ['with no branch at all does nothing', '[]', []],
];

for (const [title, entries, spoken] of CASES) {
  test(`cond ${title}`, async () => {
    const test = await run(
      `- set: {n: 3, digits: "1", word: "yes"}\n- cond: ${entries}\n- play: "say:after"`,
    );
    assert.deepEqual(said(test), [...spoken, 'after']);
    assert.equal(test.result.outcome, 'finished');
  });
}

test('later branches are not evaluated once one is taken', async () => {
  const test = await run('- cond: [{when: "true", then: [{play: "say:a"}]}, {when: "null.x", then: []}]');
  assert.deepEqual(said(test), ['a']);
});

for (const [title, when] of [
  ['that throws', 'null.x'],
  ['with a syntax error', '1 +'],
  ['that runs longer than 150 ms', '(() => { for (;;); })()'],
  ['where raw text became an unknown method call', '%{word}()'],
] as const) {
  test(`a condition ${title} stops the script with relay_script_js_eval_error`, async () => {
    const test = await run(
      `- set: {word: shout}\n- cond: [{when: "${when}", then: []}]\n- play: "say:after"`,
    );
    assert.equal(test.result.error?.code, 'relay_script_js_eval_error');
    assert.equal(test.result.vars['script_error'], 'relay_script_js_eval_error');
    assert.deepEqual(said(test), []);
    assert.equal(test.leg.log.at(-1), 'hangup error');
  });
}

test('steps go on behind the cond after its branch, at any depth', async () => {
  const test = await run(`
- cond:
    - when: "true"
      then:
        - cond:
            - when: "true"
              then: [{play: "say:a"}]
        - play: "say:b"
- play: "say:c"`);
  assert.deepEqual(said(test), ['a', 'b', 'c']);
});

for (const [title, entries, code] of [
  ['when without then', '[{when: "true"}]', 'relay_script_method_parameter_missing'],
  ['then without when', '[{then: []}]', 'relay_script_method_parameter_missing'],
  ['an empty branch', '[{}]', 'relay_script_method_parameter_missing'],
  ['two branches with else alone', '[{else: []}, {else: []}]', 'relay_script_element_duplicated'],
  [
    'an object in the place of the list',
    '{when: "true", then: []}',
    'relay_script_method_parameter_invalid_value',
  ],
  [
    'a condition of more than 1,024 characters',
    `[{when: "${'x'.repeat(1_025)}", then: []}]`,
    'relay_script_js_eval_error',
  ],
] as const) {
  test(`cond refuses ${title} at load`, () => {
    assert.deepEqual(
      checkDocument(main(`- cond: ${entries}`)).diagnostics.map(({ code }) => code),
      [code],
    );
  });
}
