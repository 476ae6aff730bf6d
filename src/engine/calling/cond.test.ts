import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDocument } from '../../methods/check.ts';
import { main, run, said } from '../run.test-helper.ts';

const CASES: readonly [title: string, entries: string, spoken: string[]][] = [
  [
    'flow.md 1, order: takes the first truthy branch only',
    '[{when: "false", then: [{play: "say:a"}]}, {when: "1", then: [{play: "say:b"}]}, {when: "1", then: [{play: "say:c"}]}]',
    ['b'],
  ],
  ['flow.md 1, truthiness: a text is truthy', '[{when: "\'x\'", then: [{play: "say:a"}]}]', ['a']],
  ['flow.md 1, truthiness: NaN is falsy', '[{when: "0/0", then: [{play: "say:a"}]}]', []],
  ['flow.md 1, truthiness: an empty text is falsy', '[{when: "\'\'", then: [{play: "say:a"}]}]', []],
  ['flow.md 1, no match: without else the next step runs', '[{when: "false", then: [{play: "say:a"}]}]', []],
  [
    'flow.md 1, else: runs when nothing matched',
    '[{when: "false", then: [{play: "say:a"}]}, {else: [{play: "say:b"}]}]',
    ['b'],
  ],
  [
    'flow.md 1, else entry not last: it is still evaluated last',
    '[{else: [{play: "say:b"}]}, {when: "true", then: [{play: "say:a"}]}]',
    ['a'],
  ],
  [
    'flow.md 1, else beside when: runs at once, and ends the search',
    '[{when: "false", then: [{play: "say:a"}], else: [{play: "say:b"}]}, {when: "true", then: [{play: "say:c"}]}]',
    ['b'],
  ],
  [
    'flow.md 1, unset variable: a bare name is undefined',
    '[{when: "nothing === undefined", then: [{play: "say:a"}]}]',
    ['a'],
  ],
  [
    'flow.md 1, when: reads scopes and bare names without ${}',
    '[{when: "call.type == \'sip\' && vars.n > 2 && n > 2", then: [{play: "say:a"}]}]',
    ['a'],
  ],
  [
    'flow.md 1, ${…} in when: becomes raw text, here a number',
    '[{when: "%{digits} == 1", then: [{play: "say:a"}]}]',
    ['a'],
  ],
  [
    'flow.md 1, ${…} in when: becomes raw text inside quotes',
    '[{when: "\'${word}\' == \'yes\'", then: [{play: "say:a"}]}]',
    ['a'],
  ],
  ['flow.md 1, empty array: does nothing', '[]', []],
];

for (const [title, entries, spoken] of CASES) {
  test(title, async () => {
    const test = await run(
      `- set: {n: 3, digits: "1", word: "yes"}\n- cond: ${entries}\n- play: "say:after"`,
    );
    assert.deepEqual(said(test), [...spoken, 'after']);
    assert.equal(test.result.outcome, 'finished');
  });
}

test('flow.md 1, order: later branches are not evaluated once one is taken', async () => {
  const test = await run('- cond: [{when: "true", then: [{play: "say:a"}]}, {when: "null.x", then: []}]');
  assert.deepEqual(said(test), ['a']);
});

for (const [title, when] of [
  ['flow.md 1, when fails: it throws', 'null.x'],
  ['flow.md 1, when fails: a syntax error', '1 +'],
  ['flow.md 1, when fails: it runs longer than 150 ms', '(() => { for (;;); })()'],
  ['flow.md 1, ${…} in when: an unquoted word became an identifier', '%{word}()'],
] as const) {
  test(`${title}, which stops the script with relay_script_js_eval_error`, async () => {
    const test = await run(
      `- set: {word: shout}\n- cond: [{when: "${when}", then: []}]\n- play: "say:after"`,
    );
    assert.equal(test.result.error?.code, 'relay_script_js_eval_error');
    assert.equal(test.result.vars['script_error'], 'relay_script_js_eval_error');
    assert.deepEqual(said(test), []);
    assert.equal(test.leg.log.at(-1), 'hangup error');
  });
}

test('flow.md model, block: after its last step, execution goes on behind the step that owns it', async () => {
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
  ['flow.md 1, when without then: refused', '[{when: "true"}]', 'relay_script_method_parameter_missing'],
  ['flow.md 1, then: refused without when', '[{then: []}]', 'relay_script_method_parameter_missing'],
  [
    'flow.md 1, when: required in an entry that is not pure else',
    '[{}]',
    'relay_script_method_parameter_missing',
  ],
  [
    'flow.md 1, else: at most one entry of it alone',
    '[{else: []}, {else: []}]',
    'relay_script_element_duplicated',
  ],
  [
    'document.md 1.3, list value cond: no object in its place',
    '{when: "true", then: []}',
    'relay_script_method_parameter_invalid_value',
  ],
  [
    'flow.md 1, when fails: more than 1,024 characters',
    `[{when: "${'x'.repeat(1_025)}", then: []}]`,
    'relay_script_js_eval_error',
  ],
] as const) {
  test(`${title} (at load: ${code})`, () => {
    assert.deepEqual(
      checkDocument(main(`- cond: ${entries}`)).diagnostics.map(({ code }) => code),
      [code],
    );
  });
}
