import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDocument } from '../../methods/check.ts';
import { main, run, said } from '../run.test-helper.ts';

test('max: n jumps n times, so the body runs n + 1 times, and then the next step runs', async () => {
  const test = await run(
    '- label: again\n- play: "say:body"\n- goto: {label: again, max: 3}\n- play: "say:next"',
  );
  assert.deepEqual(said(test), ['body', 'body', 'body', 'body', 'next']);
});

test('without max a goto jumps 100 times', async () => {
  const test = await run('- label: again\n- set: {n: "${n + 1 || 1}"}\n- goto: {label: again}');
  assert.equal(test.result.vars['n'], 101);
});

test('a jump that is not taken because of when does not count', async () => {
  const test = await run(`
- set: {n: 0}
- label: outer
- label: again
- set: {n: "\${n + 1}"}
- goto: {label: again, max: 2, when: n % 2 == 1}
- goto: {label: outer, max: 2}
- play: "say:\${n}"`);
  assert.deepEqual(said(test), ['5']);
});

test('a goto may jump ahead', async () => {
  assert.deepEqual(
    said(await run('- goto: {label: end}\n- play: "say:skipped"\n- label: end\n- play: "say:end"')),
    ['end'],
  );
});

test('the counter starts anew each time the section is entered', async () => {
  const test = await run(`
sections:
  main:
    - execute: {dest: loop}
    - execute: {dest: loop}
  loop:
    - label: again
    - play: "say:body"
    - goto: {label: again, max: 1}`);
  assert.deepEqual(said(test), ['body', 'body', 'body', 'body']);
});

test('a goto in a block reaches a label of its section', async () => {
  const test = await run(`
- set: {n: 0}
- label: again
- set: {n: "\${n + 1}"}
- cond: [{when: n < 3, then: [{cond: [{when: "true", then: [{goto: {label: again}}]}]}, {play: "say:never"}]}]
- play: "say:\${n}"`);
  assert.deepEqual(said(test), ['3']);
});

test('a goto in a block prefers a label of the same block', async () => {
  const test = await run(`
- label: again
- play: "say:outer"
- cond: [{when: "true", then: [{label: again}, {play: "say:inner"}, {goto: {label: again, max: 1}}]}]`);
  assert.deepEqual(said(test), ['outer', 'inner', 'inner']);
});

test('a label in a block is not visible outside of it', async () => {
  const test = await run(
    '- cond: [{when: "true", then: [{label: inside}]}]\n- goto: {label: "${\'inside\'}"}',
  );
  assert.equal(test.result.error?.code, 'relay_script_method_parameter_invalid_value');
});

test('labels of other sections are not reached', async () => {
  const test = await run('sections: {main: [{goto: {label: "${\'there\'}"}}], other: [{label: there}]}');
  assert.equal(test.result.error?.code, 'relay_script_method_parameter_invalid_value');
});

for (const [title, steps, code] of [
  ['no label', '- goto: {}', 'relay_script_method_parameter_missing'],
  ['max 0', '- label: a\n- goto: {label: a, max: 0}', 'relay_script_method_parameter_invalid_value'],
  ['max 101', '- label: a\n- goto: {label: a, max: 101}', 'relay_script_method_parameter_invalid_value'],
  ['max 1.5', '- label: a\n- goto: {label: a, max: 1.5}', 'relay_script_method_parameter_invalid_value'],
  ['a label twice in a section', '- label: a\n- label: a', 'relay_script_element_duplicated'],
  ['a label without a name', '- label:', 'relay_script_method_parameter_missing'],
  ['an unknown label', '- goto: {label: nowhere}', 'relay_script_method_parameter_invalid_value'],
] as const) {
  test(`a document with ${title} is refused at load`, () => {
    assert.deepEqual(
      checkDocument(main(steps)).diagnostics.map(({ code }) => code),
      [code],
    );
  });
}

test('the same label may stand in two sections and in two blocks', () => {
  const text = 'sections: {main: [{label: a}, {cond: [{else: [{label: a}]}]}], other: [{label: a}]}';
  assert.deepEqual(checkDocument(text).diagnostics, []);
});

test('a loop of 10,000 steps without one that waits is stopped', async () => {
  const loops = [1, 2, 3].map((n) => `- goto: {label: again, max: 100}\n- set: {round${n}: 1}`).join('\n');
  const nested = `sections:\n  main:\n    - label: again\n    - execute: {dest: inner}\n    - goto: {label: again}\n  inner:\n    - label: again\n    - set: {n: "\${n + 1 || 1}"}\n${loops.replace(/^/gm, '    ')}`;
  const test = await run(nested);
  assert.equal(test.result.outcome, 'error');
  assert.match(test.result.error?.message ?? '', /10000 steps/);
});
