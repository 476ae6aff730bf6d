/** Scopes, and where placeholders and expressions stand: spec/document.md 3, 4.2, 4.4. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { main, run, said, start } from '../../src/engine/run.test-helper.ts';
import { checkDocument } from '../../src/methods/check.ts';
import { FakeLeg } from '../../src/methods/fake-leg.test-helper.ts';

test('document.md 3, call: is live, and is rebuilt for each leg', async () => {
  const { result } = await run(
    '- set: {a: "${call.call_state}"}\n- answer\n- set: {b: "${call.call_state}"}',
  );
  assert.deepEqual([result.vars['a'], result.vars['b']], ['created', 'answered']);
  const other = await run('- set: {a: "${call.call_id}"}', { leg: new FakeLeg({ call_id: 'call-2' }) });
  assert.equal(other.result.vars['a'], 'call-2');
});

test('document.md 3, call: in an expression too', async () => {
  const { result } = await run('- answer\n- set: {a: "${call.call_state.toUpperCase()}"}');
  assert.equal(result.vars['a'], 'ANSWERED');
});

test('document.md 3, params: of one activation; replaced, not merged, by execute', async () => {
  const test = await run(`
sections:
  main: [{execute: {dest: one, params: {a: 1, b: 2}}}]
  one: [{execute: {dest: two, params: {b: 3}}}, {play: "say:\${params.a}\${params.b}"}]
  two: [{play: "say:(\${params.a})\${params.b}"}]`);
  assert.deepEqual(said(test), ['()3', '12']);
});

test('document.md 3, envs: are read, by prefix and bare', async () => {
  const { result } = await run('- set: {a: "${envs.region}", b: "${region}", c: "${region + envs.region}"}', {
    envs: { region: 'eu' },
  });
  assert.deepEqual([result.vars['a'], result.vars['b'], result.vars['c']], ['eu', 'eu', 'eueu']);
});

test('document.md 3, params prefix: always needed', async () => {
  const { result } = await run('- set: {a: "${n}", b: "${params.n}", c: "${typeof n}"}', {
    params: { n: 1 },
  });
  assert.deepEqual([result.vars['a'], result.vars['b'], result.vars['c']], ['', 1, 'undefined']);
});

test('document.md 3, reserved names: the head of a path always means the scope', async () => {
  const { result } = await run('- set: {a: "${message.x}", b: "${params}", c: "${vars.vars}"}', {
    params: { p: 1 },
  });
  assert.deepEqual([result.vars['a'], result.vars['b'], result.vars['c']], ['', { p: 1 }, '']);
});

for (const name of ['call', 'params', 'vars', 'envs', 'message']) {
  test(`document.md 3, reserved names: set refuses ${name} with relay_script_method_parameter_invalid_value`, () => {
    assert.deepEqual(
      checkDocument(main(`- set: {${name}: 1}`)).diagnostics.map(({ code }) => code),
      ['relay_script_method_parameter_invalid_value'],
    );
  });
}

test('document.md 3, variables read by methods: say_voice, say_language, say_gender by play', async () => {
  const { leg } = await run('- set: {say_voice: v, say_language: fr-FR, say_gender: male}\n- play: "say:a"');
  assert.deepEqual(leg.played, [{ kind: 'say', text: 'a', voice: 'v', language: 'fr-FR', gender: 'male' }]);
});

test('document.md 3, variables read by methods: record_control_id by stop_record_call', async () => {
  const leg = new FakeLeg();
  leg.recordOutcome = undefined;
  const { result } = await run('- record_call: {control_id: one}\n- stop_record_call', { leg });
  assert.equal(result.vars['stop_record_call_result'], 'success');
  assert.ok(leg.log.includes('stop record stop'));
});

test('document.md 4.2, params types: are those of JSON, so 1 + 2 is 3', async () => {
  const test = await run(`
sections:
  main: [{set: {one: 1}}, {execute: {dest: add, params: {a: "\${one}", b: 2, t: true, l: [1]}}}]
  add: [{play: "say:\${params.a + params.b} \${typeof params.t} \${params.l.length}"}]`);
  assert.deepEqual(said(test), ['3 boolean ']);
});

test('document.md 4.2, order: when a step starts, not at load', async () => {
  const test = await run(
    '- set: {n: 1}\n- label: again\n- play: "say:${n}"\n- set: {n: "${n + 1}"}\n- goto: {label: again, max: 2}',
  );
  assert.deepEqual(said(test), ['1', '2', '3']);
});

test('document.md 4.2, depth: strings anywhere inside a parameter object', async () => {
  const { requests, fetches } = await run(
    `
- set: {v: x}
- request:
    url: "https://example.com/\${v}"
    method: POST
    headers: {X-V: "\${v}"}
    body: {a: ["\${v}", {b: "<\${v}>"}]}
- transfer: {dest: "https://example.com/doc", params: {p: {q: ["\${v}"]}}}`,
    {
      http: () => ({ status: 200, headers: [], body: '', truncated: false }),
      documents: { 'https://example.com/doc': 'sections: {main: [answer]}' },
    },
  );
  const { url, headers, body } = requests[0]!;
  assert.deepEqual([url, headers['X-V'], body], ['https://example.com/x', 'x', '{"a":["x",{"b":"<x>"}]}']);
  assert.deepEqual(fetches[0]?.payload['params'], { p: { q: ['x'] } });
});

for (const [title, step] of [
  ['then', 'cond: [{when: "true", then: STEPS}]'],
  ['else', 'cond: [{else: STEPS}]'],
  ['case', 'switch: {variable: n, case: {"1": STEPS}}'],
  ['default', 'switch: {variable: n, case: {}, default: STEPS}'],
  ['on_return', 'execute: {dest: other, on_return: STEPS}'],
  ['result', 'execute: {dest: other, result: [{else: STEPS}]}'],
] as const) {
  test(`document.md 4.2, step lists: of ${title} are expanded when their steps run`, async () => {
    const steps = '[{set: {n: 2}}, {play: "say:${n}"}]';
    const test = await start(
      `${main(`- set: {n: 1}\n- ${step.replace('STEPS', steps)}`)}  other: [{label: a}]\n`,
    );
    await test.finish();
    assert.deepEqual(said(test), ['2']);
  });
}

test('document.md 4.2, step lists: of confirm are left alone by the step that holds them', () => {
  const { diagnostics, document } = checkDocument(
    main('- connect: {to: "sip:a@b", confirm: [{play: "say:${x.y()}"}]}'),
  );
  assert.deepEqual([diagnostics, document?.usesExpressions], [[], true]);
});

test('document.md 4.2, keys and labels: are not expanded', async () => {
  const test = await run(`
- set: {k: a, v: "\${k}"}
- set: {o: {"\${k}": 1}}
- switch: {variable: k, case: {"\${k}": [{play: "say:case"}]}, default: [{play: "say:default"}]}
- label: "\${k}"
- goto: {label: a, max: 1}`).catch((error: unknown) => error);
  assert.match(String(test), /no label "a"/);
});

const NUMBERS: readonly (readonly [title: string, value: string, ms: number | undefined])[] = [
  ['a number', '250', 250],
  ['a text of digits', '"250"', 250],
  ['a placeholder', '"${n}"', 250],
  ['a placeholder whose value is a text', '"${s}"', 250],
  ['an expression', '"%{n * 2}"', 500],
  ['a fraction of an integer', '"${2.5}"', undefined],
  ['an empty value', '"${nothing}"', undefined],
  ['a word', '"${w}"', undefined],
  ['another notation', '"${h}"', undefined],
  ['a list', '"${l}"', undefined],
  ['a truth value', '"${n > 1}"', undefined],
];

for (const [title, value, ms] of NUMBERS) {
  const outcome = ms === undefined ? 'relay_script_method_parameter_invalid_value' : `${ms}`;
  test(`document.md 4.4, number or boolean property: ${title} (${value}) is ${outcome}`, async () => {
    const { result, clock } = await run(
      `- set: {n: 250, s: "250", w: soon, h: "0x10", l: [250]}\n- sleep: {duration: ${value}}`,
    );
    assert.equal(result.error?.code, ms === undefined ? outcome : undefined);
    if (ms !== undefined) assert.equal(clock.monotonic(), ms);
  });
}

for (const [value, answered] of [
  ['false', false],
  ['"false"', false],
  ['"${f}"', false],
  ['"${n == 1}"', false],
  ['"${s}"', false],
  ['"true"', true],
  ['"${n}"', undefined],
  ['"${nothing}"', undefined],
] as const) {
  test(`document.md 4.4, number or boolean property: ${value} as a truth value`, async () => {
    const { result, leg } = await run(
      `- set: {f: false, s: "false", n: 2}\n- play: {url: "say:a", auto_answer: ${value}}`,
    );
    if (answered === undefined)
      assert.equal(result.error?.code, 'relay_script_method_parameter_invalid_value');
    else assert.equal(leg.log.includes('answer'), answered);
  });
}

test('document.md 4.4, enum property: a placeholder is allowed, and its value is checked', async () => {
  const good = await run('- set: {r: busy}\n- hangup: {reason: "${r}"}');
  assert.deepEqual(good.leg.log, ['hangup busy']);
  const bad = await run('- set: {r: bsy}\n- hangup: {reason: "${r}"}');
  assert.equal(bad.result.error?.code, 'relay_script_method_parameter_invalid_value');
  assert.equal(bad.result.error?.diagnostic.suggestion, 'did you mean "busy"?');
});

test('document.md 4.4, string value: the wrapper is required', async () => {
  const test = await run('- set: {n: 1}\n- play: "say:n + 1"\n- play: "say:${n + 1}"');
  assert.deepEqual(said(test), ['n + 1', '2']);
});

test('document.md 4.4, string value: a number that a placeholder gives becomes text', async () => {
  const { leg } = await run('- set: {n: 12}\n- send_digits: {digits: "${n}"}');
  assert.ok(leg.log.includes('digits 12'));
});

test('document.md 4.4, when: no wrapper; bare names resolve by scope', async () => {
  const test = await run(
    '- set: {n: 1}\n- cond: [{when: n == 1 && type == "sip", then: [{play: "say:yes"}]}]',
  );
  assert.deepEqual(said(test), ['yes']);
});

for (const [title, when, outcome] of [
  ['a number as text is a number', "'%{digits} == 1'", 'yes'],
  ['a word within quotes', "\"'${word}' == 'yes'\"", 'yes'],
  ['an unquoted word becomes a name', "'${word}.x.y'", 'relay_script_js_eval_error'],
  ['an unset one leaves nothing', "'${nothing} == 1'", 'relay_script_js_eval_error'],
  ['an expression within', "'${1 + 1} == 2'", 'yes'],
  ['an object as JSON', "'(${o}).a == 5'", 'yes'],
] as const) {
  test(`document.md 4.4, when with placeholders: ${title}`, async () => {
    const test = await run(
      `- set: {digits: "1", word: "yes", o: {a: 5}}\n- cond: [{when: ${when}, then: [{play: "say:yes"}]}]`,
    );
    assert.deepEqual(test.result.error?.code ?? said(test)[0], outcome);
  });
}

test('document.md 4.4, switch.variable: a path without a wrapper', async () => {
  const test = await run(
    '- set: {o: {k: [a]}}\n- switch: {variable: "o.k[0]", case: {a: [{play: "say:a"}]}}',
  );
  assert.deepEqual(said(test), ['a']);
});

test('document.md 4.1, path grammar: and what is none is JavaScript', () => {
  const uses = (text: string): boolean | undefined =>
    checkDocument(main(`- set: {x: ${JSON.stringify(text)}}`)).document?.usesExpressions;
  for (const path of ['${a}', '${a.b-c}', '${a[0]["x y"]}', "${$a._b['c'].0}"])
    assert.equal(uses(path), false, path);
  for (const code of ['${a-b}', '${a.b()}', '${a[b]}', '${a[-1]}', '${1}', '${"a"}', '${!a}'])
    assert.equal(uses(code), true, code);
});

test('document.md 4.1, nested placeholders: are JavaScript elsewhere, and fail as such', async () => {
  const { result } = await run('- set: {k: a, o: {a: 1}}\n- set: {x: "${o.${k}}"}');
  assert.equal(result.error?.code, 'relay_script_js_eval_error');
});

test('document.md 4.5, only in AI methods: elsewhere they are text, or JavaScript that fails', async () => {
  const text = await run('- play: "say:@{echo hi} @{expr 1+1}"');
  assert.deepEqual(said(text), ['@{echo hi} @{expr 1+1}']);
  const code = await run('- set: {n: A}\n- play: "say:${lc:n}"');
  assert.equal(code.result.error?.code, 'relay_script_js_eval_error');
});

test('document.md 4.3, not allowed: statements; functions and loops inside of one run within its limits', async () => {
  for (const source of ['for (;;) {}', 'let a = 1', 'return 1', 'await 1', 'function f() {} f()']) {
    const { result } = await run(`- set: {x: ${JSON.stringify(`\${ ${source} }`)}}`);
    assert.equal(result.error?.code, 'relay_script_js_eval_error', source);
  }
  const { result } = await run(
    '- set: {x: "${(() => { let n = 0; for (let i = 0; i < 4; i++) n += i; return n })()}"}',
  );
  assert.equal(result.vars['x'], 6);
});
