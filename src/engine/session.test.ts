import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Composer } from 'yaml';
import { FakeLeg } from '../methods/fake-leg.test-helper.ts';
import { loadDocument } from '../methods/check.ts';
import { main, run, said, start, type TestRun } from './run.test-helper.ts';

test('document.md 5.1, event shape: code, message and place, and ids of the call', async () => {
  const leg = new FakeLeg({ tag: 'blue' });
  const { warnings } = await run('- set: {a: 1}\n- switch: {variable: a, case: {}}', { leg });
  const { message, ...params } = warnings[0]!;
  assert.deepEqual(params, {
    call_id: 'call-1',
    node_id: 'node-1',
    segment_id: 'segment-1',
    tag: 'blue',
    code: 'relay_script_method_no_matching_condition',
    section: 'main',
    index: 1,
    method: 'switch',
  });
  assert.match(message, /No case/);
});

test('a script error carries file, line, column, path, and ends the call with an error', async () => {
  const { result, leg } = await run('- answer\n- sleep: "${\'soon\'}"');
  assert.equal(result.outcome, 'error');
  assert.deepEqual(leg.log.at(-1), 'hangup error');
  const { file, position, path, expected, found } = result.error!.diagnostic;
  assert.deepEqual(
    [file, position, path, expected, found],
    [
      'test.yaml',
      { line: 4, column: 14 },
      'sections.main[1].sleep',
      '-1 or an integer, at least 0',
      '"soon"',
    ],
  );
});

test('the trace tells each step with its place, duration, changes and outcome', async () => {
  const { trace } = await run('- set: {a: 1}\n- sleep: 250\n- unset: a');
  const ends = trace.filter((event) => event.kind === 'step-end');
  assert.deepEqual(
    ends.map(({ method, index, atMs, durationMs, set, unset, outcome }) => ({
      method,
      index,
      atMs,
      durationMs,
      set,
      unset,
      outcome,
    })),
    [
      { method: 'set', index: 0, atMs: 0, durationMs: 0, set: { a: 1 }, unset: [], outcome: 'next' },
      { method: 'sleep', index: 1, atMs: 250, durationMs: 250, set: {}, unset: [], outcome: 'next' },
      { method: 'unset', index: 2, atMs: 250, durationMs: 0, set: {}, unset: ['a'], outcome: 'next' },
    ],
  );
  assert.deepEqual(trace.at(-1), { kind: 'end', atMs: 250, outcome: 'finished' });
});

test('the trace of a nested step names its section, depth and path', async () => {
  const { trace } = await run(
    'sections: {main: [{execute: {dest: s}}], s: [{cond: [{else: [{label: x}]}]}]}',
  );
  const label = trace.find((event) => event.kind === 'step-start' && event.method === 'label');
  assert.ok(label?.kind === 'step-start');
  assert.deepEqual([label.section, label.depth, label.path], ['s', 1, 'sections.s[0].cond[0].else[0].label']);
});

test('a snapshot tells at any moment where the script stands', async () => {
  const test = await start(
    'sections: {main: [{execute: {dest: s, params: {p: 1}}}], s: [{label: x}, {goto: {label: x, max: 1}}, {sleep: 1000}]}',
  );
  const { step, frames, transfers, vars } = test.session.snapshot();
  assert.deepEqual([step?.method, step?.section, transfers, vars], ['sleep', 's', 0, {}]);
  assert.deepEqual(frames, [
    { file: 'test.yaml', section: 'main', index: 0, params: {}, jumps: {} },
    { file: 'test.yaml', section: 's', index: 2, params: { p: 1 }, jumps: { 'sections.s[1].goto': 1 } },
  ]);
  await test.finish();
  assert.deepEqual(test.session.snapshot().frames, []);
});

test('stop ends the script at once and leaves the call alive', async () => {
  const test = await start(main('- answer\n- sleep: 10000\n- set: {after: 1}'));
  test.session.stop();
  const result = await test.finish();
  assert.deepEqual([result.outcome, result.vars['after'], test.clock.monotonic()], ['stopped', undefined, 0]);
  assert.deepEqual(test.leg.log, ['answer', 'limit 14400']);
});

test('replace interrupts the step, keeps variables, and counts as a transfer', async () => {
  const test = await start(main('- set: {v: 1}\n- sleep: 10000\n- play: "say:never"'));
  test.session.replace(loadDocument(main('- play: "say:${v} ${params.p}"')), 'main', { p: 2 });
  await test.finish();
  assert.deepEqual(said(test), ['1 2']);
  assert.equal(test.session.snapshot().transfers, 1);
  assert.equal(test.clock.monotonic(), 0);
});

test('the script starts where it is told, with params and variables', async () => {
  const test = await run('sections: {main: [{play: "say:main"}], other: [{play: "say:${v} ${params.p}"}]}', {
    section: 'other',
    params: { p: 1 },
    vars: { v: 2 },
  });
  assert.deepEqual(said(test), ['2 1']);
});

test('callbacks carry the id of the session', async () => {
  const { callbacks } = await run('- play: {url: "say:a", status_url: https://example.com/}', {
    sessionId: 'abc',
  });
  assert.equal(callbacks[0]?.sessionId, 'abc');
});

test('document.md 5.2, relay_script_internal_error: a fault of this server ends the script', async () => {
  const leg = new FakeLeg();
  leg.play = () => {
    throw new TypeError('a bug');
  };
  const { result } = await run('- play: "say:a"', { leg });
  assert.equal(result.error?.code, 'relay_script_internal_error');
  assert.match(result.error?.message ?? '', /a bug/);
});

test('flow.md model, remote end: a document that is fetched while the call ends is not run', async () => {
  const waiting = Promise.withResolvers<{ text: string; name: string }>();
  const test = await start(main('- execute: {dest: https://example.com/slow}'), {
    services: { loader: { load: () => waiting.promise } },
  });
  test.leg.end();
  const result = await test.finish();
  waiting.resolve({ text: main('- play: "say:late"'), name: 'slow' });
  await test.clock.settle();
  assert.equal(result.outcome, 'ended');
  assert.deepEqual(said(test), []);
});

test('a script that warns in a loop does not have its text read for every warning', async (t) => {
  const compose = t.mock.method(Composer.prototype, 'compose');
  const { warnings } = await run(
    '- label: a\n- switch: {variable: x, case: {}}\n- goto: {label: a, max: 90}',
  );
  assert.equal(warnings.length, 91);
  assert.ok(compose.mock.callCount() < 20, `${compose.mock.callCount()} times`);
});

/** What a snapshot says in a few words: the step, and where each section stands. */
function standing({ session }: Pick<TestRun, 'session'>): string {
  const { step, frames } = session.snapshot();
  return `${step?.path ?? 'nothing'} in ${frames.map(({ section, index }) => `${section}[${index}]`).join(' ')}`;
}

test('a snapshot tells where each section stands, at every depth of blocks and sections', async () => {
  const test = await start(`
sections:
  main:
    - sleep: 10
    - cond: [{else: [{sleep: 10}, {execute: {dest: one, on_return: [{sleep: 10}]}}]}]
  one:
    - label: a
    - sleep: 10`);
  const seen: string[] = [];
  for (let turn = 0; turn < 4; turn++) {
    seen.push(standing(test));
    await test.clock.advance(10);
  }
  assert.deepEqual(seen, [
    'sections.main[0].sleep in main[0]',
    'sections.main[1].cond[0].else[0].sleep in main[1]',
    'sections.one[1].sleep in main[1] one[1]',
    'sections.main[1].cond[0].else[1].execute.on_return[0].sleep in main[1]',
  ]);
  await test.finish();
  assert.equal(standing(test), 'sections.main[1].cond[0].else[1].execute.on_return[0].sleep in ');
});

test('a snapshot is there before the first step, and while a document is fetched', async () => {
  const waiting = Promise.withResolvers<{ text: string; name: string }>();
  const test = await start(main('- execute: {dest: https://example.com/slow}'), {
    services: { loader: { load: () => waiting.promise } },
  });
  assert.equal(standing(test), 'sections.main[0].execute in main[0]');
  waiting.resolve({ text: main('- sleep: 10'), name: 'https://example.com/slow' });
  await test.clock.settle();
  assert.equal(standing(test), 'sections.main[0].sleep in main[0] main[0]');
  assert.deepEqual(
    test.session.snapshot().frames.map(({ file }) => file),
    ['test.yaml', 'https://example.com/slow'],
  );
  await test.finish();
});

test('a snapshot is plain data, and stays as it was while the script goes on', async () => {
  const test = await start(main('- set: {o: {a: 1}}\n- sleep: 10\n- set: {o.a: 2, b: 3}\n- sleep: 10'));
  const before = test.session.snapshot();
  assert.deepEqual(structuredClone(before), before);
  await test.clock.advance(10);
  assert.deepEqual(before.vars, { o: { a: 1 } });
  assert.deepEqual(test.session.snapshot().vars, { o: { a: 2 }, b: 3 });
  await test.finish();
});

test('every step is traced: begun and ended, in order, with what became of it', async () => {
  const { trace } = await run(
    'sections: {main: [{cond: [{else: [{execute: {dest: s}}]}]}, {label: a}, {goto: {label: a, max: 1}}, {transfer: {dest: last}}], s: [{return: 1}], last: [{sleep: "${0-5}"}]}',
  );
  assert.deepEqual(
    trace.map((event) =>
      event.kind === 'step-start' || event.kind === 'step-end'
        ? `${event.kind === 'step-start' ? '>' : '<'}${event.method}${event.kind === 'step-end' ? ` ${event.outcome}` : ''}`
        : event.kind,
    ),
    [
      ...['>cond', '<cond block', '>execute', '<execute execute', '>return', '<return return'],
      ...['>label', '<label next', '>goto', '<goto goto', '>goto', '<goto goto', '>transfer'],
      ...['<transfer transfer', '>sleep', '<sleep error', 'warning', 'end'],
    ],
  );
});

test('the trace tells a step as failed that finds no way to where it leads', async () => {
  for (const step of [
    'execute: {dest: https://example.com/none}',
    'transfer: {dest: "${\'nowhere\'}"}',
    'goto: {label: "${\'nowhere\'}"}',
  ]) {
    const { result, trace } = await run(`- ${step}`);
    assert.equal(result.outcome, 'error', step);
    const outcomes = trace.flatMap((event) => (event.kind === 'step-end' ? [event.outcome] : []));
    assert.deepEqual(outcomes, ['error'], step);
  }
});

test('the trace tells a step as stopped whose document is not there when the call ends', async () => {
  const test = await start(main('- execute: {dest: https://example.com/slow}'), {
    services: { loader: { load: () => new Promise(() => {}) } },
  });
  test.leg.end();
  await test.finish();
  const outcomes = test.trace.flatMap((event) => (event.kind === 'step-end' ? [event.outcome] : []));
  assert.deepEqual(outcomes, ['stopped']);
});

test('JavaScript that fails in a branch is told where it stands, not at the step', async () => {
  const { result } = await run('- cond:\n    - {when: "false", then: []}\n    - {when: null.x, then: []}');
  const { position, path } = result.error!.diagnostic;
  assert.deepEqual([position, path], [{ line: 5, column: 18 }, 'sections.main[0].cond[1].when']);
});

test('JavaScript that fails in a result is told where it stands, whatever came back', async () => {
  const { result, warnings } = await run(
    'sections:\n  main:\n    - execute: {dest: https://example.com/other, result: [{when: null.x, then: []}]}\n',
    { documents: { 'https://example.com/other': main('- label: a\n- label: b') } },
  );
  const { code, file, position, path } = result.error!.diagnostic;
  assert.deepEqual(
    [code, file, position, path],
    [
      'relay_script_js_eval_error',
      'test.yaml',
      { line: 3, column: 66 },
      'sections.main[0].execute.result[0].when',
    ],
  );
  assert.deepEqual(
    warnings.map(({ section, index, method }) => [section, index, method]),
    [['main', 0, 'execute']],
  );
});

test('the trace tells what became of a member, by its own name', async () => {
  const { trace } = await run('- set: {o: {a: 1}, vars.n: 1}\n- set: {o.a: 2}\n- unset: [o.a, vars.n]');
  const changes = trace.flatMap((event) => (event.kind === 'step-end' ? [[event.set, event.unset]] : []));
  assert.deepEqual(changes, [
    [{ o: { a: 1 }, n: 1 }, []],
    [{ 'o.a': 2 }, []],
    [{}, ['o.a', 'n']],
  ]);
});

test('an item of a list is set by its number, in brackets or behind a dot, and the list stays', async () => {
  const { result } = await run('- set: {l: [1, 2], l.0: 3, "l[2]": 4}');
  assert.deepEqual(result.vars, { l: [3, 2, 4] });
});

test('flow.md 4, no value: is what is written so, not an empty object that a server gave', async () => {
  const { result } = await run(
    'sections: {main: [{execute: {dest: s, result: [{when: "return_value.name == null", then: [{set: {b: 1}}]}]}}], s: [{return: "${answer}"}]}',
    { vars: { answer: {} } },
  );
  assert.deepEqual([result.outcome, result.vars], ['finished', { answer: {}, return_value: {}, b: 1 }]);
});

test('flow.md 6, dotted names: no item of a list is lost where a member with a name comes to it', async () => {
  const { result } = await run('- set: {l: [a, b], far: [a]}\n- set: {l.n: 2, "far[10000]": z}');
  assert.deepEqual(result.vars, { l: { 0: 'a', 1: 'b', n: 2 }, far: { 0: 'a', 10000: 'z' } });
});

test('flow.md 6, dotted names: a long list stays one when an item is set that it has', async () => {
  const l: (number | string)[] = Array.from({ length: 10_002 }, (_, n) => n);
  const { result } = await run('- set: {"l[10001]": z}', { vars: { l } });
  assert.deepEqual(result.vars, { l: l.with(10_001, 'z') });
});

test('flow.md 6, dotted names: the first item of what is not there begins a list', async () => {
  const { result } = await run('- set: {"l[0]": a, "l[1]": b, "o.k[0].n": 1, x: "<${l}>"}');
  assert.deepEqual(result.vars, { l: ['a', 'b'], o: { k: [{ n: 1 }] }, x: '<a,b>' });
});

test('all variables at once are those of that moment, not those that follow', async () => {
  const { result } = await run('- set: {a: 1}\n- set: {all: "${vars}", b: 2}\n- set: {a: 3}');
  assert.deepEqual(result.vars, { a: 3, all: { a: 1 }, b: 2 });
  const test = await run(
    'sections: {main: [{set: {a: 1}}, {execute: {dest: s, params: {all: "${vars}"}}}], s: [{set: {a: 2}}, {play: "say:${params.all.a}"}]}',
  );
  assert.deepEqual(said(test), ['1']);
});

test('document.md 4.2, no recursion: variables that are set from an object keep its texts', async () => {
  const o = { a: '${1 + 1}', b: ['%{call.from}'] };
  const { result } = await run('- set: "${o}"', { vars: { o } });
  assert.deepEqual(result.vars, { o, ...o });
});

test('a script that is replaced, stopped or left by its party while others have their turn begins no more step', async () => {
  // Behind so many steps without one that waits, the last of them has others go first.
  const busy = main(`${'- set: {n: 1}\n'.repeat(199)}- play: "say:old"`);
  const replaced = await start(busy);
  replaced.session.replace(loadDocument(main('- play: "say:new"')));
  await replaced.finish();
  assert.deepEqual(said(replaced), ['new']);
  const stopped = await start(busy);
  stopped.session.stop();
  assert.equal((await stopped.finish()).outcome, 'stopped');
  const left = await start(busy);
  left.leg.end();
  assert.equal((await left.finish()).outcome, 'ended');
  assert.deepEqual([...said(stopped), ...said(left)], []);
});

test('steps that come out of a placeholder are an error, not left out without a word', async () => {
  const steps = [{ set: { taken: 1 } }];
  for (const [step, given] of [
    ['cond: "${given}"', JSON.parse('[{"when": "true", "then": [{"set": {"taken": 1}}]}]')],
    ['switch: {variable: call.type, case: "${given}"}', { sip: steps }],
    ['execute: "${given}"', { dest: 'main', on_return: steps }],
  ] as const) {
    const { result } = await run(`- ${step}\n- set: {after: 1}`, { vars: { given } });
    assert.equal(result.error?.code, 'relay_script_element_wrong_type', step);
    assert.match(result.error?.message ?? '', /cannot come out of a placeholder/);
    assert.deepEqual([result.vars['taken'], result.vars['after']], [undefined, undefined]);
  }
});

test('steps that come out of a placeholder are told without the secrets in them', async () => {
  const given = JSON.parse('[{"when": "true", "then": [{"set": {"password": "s3cret"}}]}]');
  const { result } = await run('- cond: "${given}"', { vars: { given } });
  assert.match(result.error?.message ?? '', /found \[\{"set":\{"password":"…"\}\}\]/);
});

test('JavaScript in the options of a step runs where they come out of a placeholder, and the document has no other', async () => {
  const { result } = await run('- label: a\n- goto: "${jump}"\n- set: {after: 1}', {
    vars: { jump: { label: 'a', when: '1 > 2' } },
  });
  assert.deepEqual([result.outcome, result.vars['after']], ['finished', 1]);
});

test('JavaScript that fails in the when of a goto is told where it stands', async () => {
  const { result } = await run('- label: a\n- goto: {label: a, when: null.x}');
  const { position, path } = result.error!.diagnostic;
  assert.deepEqual([position, path], [{ line: 4, column: 30 }, 'sections.main[1].goto.when']);
});

test('what strict rules refuse stops the script also where it comes out of a placeholder', async () => {
  const { result } = await run('- hangup: "${given}"\n- set: {after: 1}', {
    strict: true,
    vars: { given: { why: 1 } },
  });
  assert.deepEqual(
    [result.outcome, result.error?.code, result.vars['after']],
    ['error', 'relay_script_method_parameter_undefined', undefined],
  );
});

test('a number that is none is called so where a number is needed', async () => {
  const { result } = await run('- sleep: "${0 / 0}"');
  assert.equal(result.error?.diagnostic.found, 'NaN');
});
