/** Limits of a script: spec/document.md 6. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { main, run, said, start } from '../../src/engine/run.test-helper.ts';
import { MAX_STEPS_WITHOUT_WAITING } from '../../src/engine/session.ts';
import { checkDocument, loadDocument } from '../../src/methods/check.ts';
import { VirtualClock } from '../../src/time/virtual-clock.ts';

test('document.md 6, transfers: 32 in a call, those by REST counted with them', async () => {
  const test = await start(main('- sleep: 1000\n- transfer: {dest: main}'));
  test.session.replace(loadDocument(main('- set: {n: "${n + 1 || 1}"}\n- transfer: {dest: main}')));
  const { error, vars } = await test.finish();
  assert.deepEqual([error?.code, vars['n']], ['relay_script_too_many_transfers', 32]);
});

test('document.md 6, goto.max: 1 to 100, default 100', () => {
  const codes = (max: string): string[] =>
    checkDocument(main(`- label: a\n- goto: {label: a${max}}`)).diagnostics.map(({ code }) => code);
  const refused = ['relay_script_method_parameter_invalid_value'];
  assert.deepEqual([codes(', max: 1'), codes(', max: 100'), codes('')], [[], [], []]);
  assert.deepEqual([codes(', max: 0'), codes(', max: 101')], [refused, refused]);
});

test('document.md 6, nesting: 32 sections execute each other; 64 lists of steps lie in each other', async () => {
  const deep = (depth: number): string =>
    main(`- ${'cond: [{else: [{'.repeat(depth)}label: a${'}]}]'.repeat(depth)}`);
  assert.deepEqual(checkDocument(deep(64)).diagnostics, []);
  assert.deepEqual(
    checkDocument(deep(65)).diagnostics.map(({ code }) => code),
    ['relay_script_nested_too_deep'],
  );
  const chain = (length: number): string =>
    `sections:\n  main: [{execute: {dest: s1}}]\n${Array.from({ length }, (_, i) => `  s${i + 1}: [${i + 1 < length ? `{execute: {dest: s${i + 2}}}` : '{play: "say:end"}'}]`).join('\n')}`;
  assert.deepEqual(said(await run(chain(32))), ['end']);
  assert.equal((await run(chain(33))).result.error?.code, 'relay_script_nested_too_deep');
});

test('document.md 6, expression: 1,024 characters, counted after raw text was put into a condition', async () => {
  const { result } = await run(
    `- set: {long: "${'1+'.repeat(400)}"}\n- cond: [{when: "\${long}\${long}1", then: []}]`,
  );
  assert.equal(result.error?.code, 'relay_script_js_eval_error');
  assert.match(result.error?.message ?? '', /1024 characters/);
});

test('document.md 6, call duration: 14,400 s by default, of answer', async () => {
  const { leg } = await run('- answer');
  assert.ok(leg.log.includes('limit 14400'));
});

test('document.md 6, goto is no transfer: 100 jumps and 32 transfers in one call', async () => {
  const test = await run(
    '- label: a\n- goto: {label: a}\n- set: {n: "${n + 1 || 1}"}\n- cond: [{when: n <= 32, then: [{transfer: {dest: main}}]}]\n- play: "say:${n}"',
  );
  assert.deepEqual([said(test), test.session.snapshot().transfers], [['33'], 32]);
});

test('document.md 6, steps: one that waits begins the count anew, one that needs no time does not', async () => {
  const loop = (body: string): string =>
    `sections: {main: [{label: a}, {execute: {dest: inner}}, {goto: {label: a}}], inner: [{label: b}, ${body}, {goto: {label: b}}]}`;
  const waits = await run(loop('{sleep: 1}, {set: {a: 1}}'));
  assert.equal(waits.result.outcome, 'finished');
  const busy = await run(loop('{sleep: 0}, {set: {a: 1}}'));
  assert.match(busy.result.error?.message ?? '', new RegExp(`${MAX_STEPS_WITHOUT_WAITING} steps`));
});

for (const [what, doubled] of [
  ['a text', '"${x}${x}"'],
  ['a list', '["${x}", "${x}"]'],
  ['an object', '{a: "${x}", b: "${x}"}'],
  ['all variables', '["${vars}", "${vars}"]'],
] as const) {
  test(`${what} that is doubled again and again ends the script before it ends the server`, async () => {
    const { result } = await run(
      `- set: {x: abcdefgh}\n- label: a\n- set: {x: ${doubled}}\n- goto: {label: a}`,
    );
    assert.equal(result.error?.code, 'relay_script_element_invalid_value');
    assert.match(result.error?.message ?? '', /this step give is too large: expected at most 16777216 /);
    assert.equal(result.error?.diagnostic.path, 'sections.main[2].set.x');
  });
}

test('variables that are too large together end the script', async () => {
  const copies = Array.from({ length: 20 }, (_, index) => `- set: {n${index}: "\${x}"}`).join('\n');
  const { result } = await run(
    `- set: {x: abcdefgh}\n- label: a\n- set: {x: "\${x}\${x}"}\n- goto: {label: a, max: 16}\n${copies}`,
  );
  assert.match(result.error?.message ?? '', /variables of this script are too large/);
  assert.equal(result.error?.diagnostic.path, 'sections.main[19].set');
});

/** Every look at the time that this thread has computed takes 20 ms, so that an expression takes some 60. */
function slowThread(t: TestContext): void {
  let micros = 0;
  t.mock.method(process, 'threadCpuUsage', () => {
    micros += 20_000;
    return { user: micros, system: 0 };
  });
}

test('document.md 6, steps: their JavaScript computes for 2 s without one that waits, whatever their number', async (t) => {
  slowThread(t);
  const { result, clock } = await run('- label: a\n- set: {n: "${n + 1 || 1}"}\n- goto: {label: a}');
  assert.equal(result.error?.code, 'relay_script_js_eval_error');
  assert.match(result.error?.message ?? '', /more than 2 s without a step that waits/);
  const count = Number(result.vars['n']);
  assert.ok(count > 20 && count < 60, `${count} expressions`);
  assert.equal(clock.monotonic(), 0);
});

test('document.md 6, steps: the JavaScript of one step alone, too', async (t) => {
  slowThread(t);
  const names = Array.from({ length: 100 }, (_, index) => `n${index}: "\${1 + ${index}}"`).join(', ');
  const { result } = await run(`- set: {${names}}`);
  assert.match(result.error?.message ?? '', /more than 2 s/);
});

test('document.md 6, steps: after one that waits, JavaScript has its time anew', async (t) => {
  slowThread(t);
  const { result } = await run(
    '- label: a\n- set: {n: "${n + 1 || 1}"}\n- sleep: 1\n- goto: {label: a, max: 80}',
  );
  assert.deepEqual([result.outcome, result.vars['n']], ['finished', 81]);
});

test('document.md 6, steps: those of a document that another one replaced do not count for that', async () => {
  const busy = await start(
    'sections: {main: [{label: a}, {execute: {dest: inner}}, {goto: {label: a}}], inner: [{label: b}, {set: {a: 1}}, {goto: {label: b}}]}',
  );
  // Others have their turn behind every 200 steps: it stands before the last one that it may run.
  for (let turn = 1; turn < MAX_STEPS_WITHOUT_WAITING / 200; turn++) await busy.clock.step();
  busy.session.replace(loadDocument(main('- set: {b: 1}\n- play: "say:new"')));
  assert.equal((await busy.finish()).outcome, 'finished');
  assert.deepEqual(said(busy), ['new']);
});

test('document.md 6, steps: nor does the JavaScript of such a document', async (t) => {
  slowThread(t);
  const loop = '- label: a\n- set: {n: "${n + 1 || 1}"}\n- goto: {label: a}';
  const limit = Number((await run(loop)).result.vars['n']);
  const busy = await start(main(loop));
  // Others have their turn behind every expression: there is time for some five more.
  for (let n = 1; n < limit - 5; n++) await busy.clock.step();
  const half = Math.floor(limit / 2);
  busy.session.replace(
    loadDocument(main(`- label: a\n- set: {m: "\${m + 1 || 1}"}\n- goto: {label: a, max: ${half - 1}}`)),
  );
  const { outcome, vars } = await busy.finish();
  assert.deepEqual([outcome, vars['m']], ['finished', half]);
});

test('document.md 6, steps: long JavaScript lets others have their turn between steps', async (t) => {
  const turns = t.mock.method(VirtualClock.prototype, 'after');
  const steps = '- label: a\n- set: {n: "${n + 1 || 1}"}\n- goto: {label: a, max: 9}';
  await run(steps);
  const before = turns.mock.callCount();
  slowThread(t);
  await run(steps);
  assert.ok(turns.mock.callCount() - before >= before + 10, `${before}, ${turns.mock.callCount()}`);
});
