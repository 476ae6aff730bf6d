import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDocument } from '../../methods/check.ts';
import { main, run, said } from '../run.test-helper.ts';

test('flow.md 5, max: n: jumps n times, so the body runs n + 1 times', async () => {
  const test = await run(
    '- label: again\n- play: "say:body"\n- goto: {label: again, max: 3}\n- play: "say:next"',
  );
  assert.deepEqual(said(test), ['body', 'body', 'body', 'body', 'next']);
});

test('flow.md 5, goto.max: 100 jumps when it is not given', async () => {
  const test = await run('- label: again\n- set: {n: "${n + 1 || 1}"}\n- goto: {label: again}');
  assert.equal(test.result.vars['n'], 101);
});

test('flow.md 5, counter: per goto; a jump not taken because of when does not count', async () => {
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

test('flow.md 5, before or after: a goto may jump ahead', async () => {
  assert.deepEqual(
    said(await run('- goto: {label: end}\n- play: "say:skipped"\n- label: end\n- play: "say:end"')),
    ['end'],
  );
});

test('flow.md 5, counter: starts anew each time the section is entered', async () => {
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

test('flow.md 5, from inside a block: reaches a label of its section', async () => {
  const test = await run(`
- set: {n: 0}
- label: again
- set: {n: "\${n + 1}"}
- cond: [{when: n < 3, then: [{cond: [{when: "true", then: [{goto: {label: again}}]}]}, {play: "say:never"}]}]
- play: "say:\${n}"`);
  assert.deepEqual(said(test), ['3']);
});

test('flow.md 5, from inside a block: prefers a label of the same block', async () => {
  const test = await run(`
- label: again
- play: "say:outer"
- cond: [{when: "true", then: [{label: again}, {play: "say:inner"}, {goto: {label: again, max: 1}}]}]`);
  assert.deepEqual(said(test), ['outer', 'inner', 'inner']);
});

test('flow.md 5, from inside a block: its own labels are not seen outside of it', async () => {
  const test = await run(
    '- cond: [{when: "true", then: [{label: inside}]}]\n- goto: {label: "${\'inside\'}"}',
  );
  assert.equal(test.result.error?.code, 'relay_script_method_parameter_invalid_value');
});

test('flow.md 5, across sections: not reached', async () => {
  const test = await run('sections: {main: [{goto: {label: "${\'there\'}"}}], other: [{label: there}]}');
  assert.equal(test.result.error?.code, 'relay_script_method_parameter_invalid_value');
});

for (const [title, steps, code] of [
  ['flow.md 5, goto.label: required', '- goto: {}', 'relay_script_method_parameter_missing'],
  [
    'flow.md 5, max outside 1–100: 0',
    '- label: a\n- goto: {label: a, max: 0}',
    'relay_script_method_parameter_invalid_value',
  ],
  [
    'flow.md 5, max outside 1–100: 101',
    '- label: a\n- goto: {label: a, max: 101}',
    'relay_script_method_parameter_invalid_value',
  ],
  [
    'flow.md 5, goto.max: an integer',
    '- label: a\n- goto: {label: a, max: 1.5}',
    'relay_script_method_parameter_invalid_value',
  ],
  ['flow.md 5, duplicate labels: in a section', '- label: a\n- label: a', 'relay_script_element_duplicated'],
  ['flow.md 5, label: needs a name', '- label:', 'relay_script_method_parameter_missing'],
  [
    'flow.md 5, unknown label: written out',
    '- goto: {label: nowhere}',
    'relay_script_method_parameter_invalid_value',
  ],
] as const) {
  test(`${title} (at load: ${code})`, () => {
    assert.deepEqual(
      checkDocument(main(steps)).diagnostics.map(({ code }) => code),
      [code],
    );
  });
}

test('flow.md 5, duplicate labels: the same may stand in two sections and in two blocks', () => {
  const text = 'sections: {main: [{label: a}, {cond: [{else: [{label: a}]}]}], other: [{label: a}]}';
  assert.deepEqual(checkDocument(text).diagnostics, []);
});

test('document.md 6, steps: a loop of 10,000 without one that waits is stopped', async () => {
  const loops = [1, 2, 3].map((n) => `- goto: {label: again, max: 100}\n- set: {round${n}: 1}`).join('\n');
  const nested = `sections:\n  main:\n    - label: again\n    - execute: {dest: inner}\n    - goto: {label: again}\n  inner:\n    - label: again\n    - set: {n: "\${n + 1 || 1}"}\n${loops.replace(/^/gm, '    ')}`;
  const test = await run(nested);
  assert.equal(test.result.outcome, 'error');
  assert.match(test.result.error?.message ?? '', /10000 steps/);
});

test('flow.md 5, goto.when: JavaScript without ${}, always when it is not given', async () => {
  const test = await run(`
- set: {n: 0}
- label: again
- set: {n: "\${n + 1}"}
- goto: {label: again, when: vars.n < 4 && call.type == 'sip'}
- play: "say:\${n}"`);
  assert.deepEqual(said(test), ['4']);
});

test('flow.md 5, goto.when: that fails stops the script with relay_script_js_eval_error', async () => {
  const test = await run('- label: a\n- goto: {label: a, when: null.x}');
  assert.equal(test.result.error?.code, 'relay_script_js_eval_error');
});

test('flow.md 5, goto.max: from a variable', async () => {
  const test = await run(
    '- set: {m: "2"}\n- label: a\n- play: "say:x"\n- goto: {label: a, max: "${m}"}\n- play: "say:next"',
  );
  assert.deepEqual(said(test), ['x', 'x', 'x', 'next']);
});

test('flow.md 5, max outside 1–100: known at run only', async () => {
  const test = await run('- set: {m: 101}\n- label: a\n- goto: {label: a, max: "${m}"}');
  assert.equal(test.result.error?.code, 'relay_script_method_parameter_invalid_value');
});

test('flow.md 5, label: does nothing when reached', async () => {
  const test = await run('- label: a\n- play: "say:x"\n- label: b');
  assert.deepEqual([said(test), test.result.vars], [['x'], {}]);
});

test('flow.md 5, limit in calling: the next step runs', async () => {
  const test = await run('- label: a\n- goto: {label: a, max: 1}\n- play: "say:next"');
  assert.deepEqual(said(test), ['next']);
});

test('flow.md 5, infinite loop: of the guide ends after 100 jumps', async () => {
  const test = await run('- label: loop\n- play: "say:hello"\n- goto: {label: loop}');
  assert.equal(said(test).length, 101);
  assert.equal(test.result.outcome, 'finished');
});

test('flow.md 5, no transfer: 100 jumps are no transfers', async () => {
  const test = await run('- label: a\n- goto: {label: a}\n- play: "say:next"');
  assert.deepEqual([said(test), test.session.snapshot().transfers], [['next'], 0]);
});

test('flow.md 5, unknown label: known at run only', async () => {
  const test = await run('- goto: {label: "${\'nowhere\'}"}');
  assert.equal(test.result.error?.code, 'relay_script_method_parameter_invalid_value');
});
