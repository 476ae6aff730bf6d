import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run, said } from '../run.test-helper.ts';

test('execute runs a section and comes back', async () => {
  const test = await run(`
sections:
  main:
    - play: "say:a"
    - execute: {dest: other}
    - play: "say:c"
  other:
    - play: "say:b"`);
  assert.deepEqual(said(test), ['a', 'b', 'c']);
});

test('params are those of the step, not merged, and the caller has its own back on return', async () => {
  const test = await run(`
sections:
  main:
    - execute: {dest: one, params: {a: 1, b: 2}}
  one:
    - execute: {dest: two, params: {b: "\${params.b * 10}"}}
    - play: "say:one \${params.a} \${params.b}"
  two:
    - play: "say:two \${params.a}|\${params.b}"`);
  assert.deepEqual(said(test), ['two |20', 'one 1 2']);
});

test('variables are shared with the section, both ways', async () => {
  const test = await run(`
sections:
  main:
    - set: {n: 1}
    - execute: {dest: other}
    - play: "say:\${n} \${m}"
  other:
    - set: {n: "\${n + 1}", m: new}`);
  assert.deepEqual(said(test), ['2 new']);
});

for (const [title, value, spoken] of [
  ['a text with placeholders', '"${params.n}!"', '3!'],
  ['a value of its own type', '"${params.n * 2}"', '6'],
  ['a list, expanded in depth', '["${params.n}", {a: "${params.n}"}]', '[3,{"a":3}]'],
  ['null, which is no value', 'null', ''],
  ['{}, which is no value', '{}', ''],
  ['false, which is a value', 'false', 'false'],
] as const) {
  test(`return gives ${title}`, async () => {
    const test = await run(`
sections:
  main:
    - execute: {dest: other, params: {n: 3}}
    - play: "say:\${return_value}"
  other:
    - return: ${value}
    - play: "say:never"`);
    assert.deepEqual(said(test), [spoken]);
  });
}

test('a section that ends without return leaves no return_value, not even an older one', async () => {
  const test = await run(`
sections:
  main:
    - set: {return_value: stale}
    - execute: {dest: other}
    - play: "say:(\${return_value})"
  other:
    - label: nothing`);
  assert.deepEqual(said(test), ['()']);
});

test('return leaves nested blocks at any depth', async () => {
  const test = await run(`
sections:
  main:
    - execute: {dest: other}
    - play: "say:\${return_value}"
  other:
    - cond: [{when: "true", then: [{switch: {variable: x, case: {"": [{return: deep}]}}}]}]
    - play: "say:never"`);
  assert.deepEqual(said(test), ['deep']);
});

test('on_return runs before result, and both before the next step', async () => {
  const test = await run(`
sections:
  main:
    - execute:
        dest: other
        on_return: [{play: "say:on_return \${return_value}"}]
        result:
          case: {ok: [{play: "say:result"}]}
    - play: "say:next"
  other:
    - return: ok`);
  assert.deepEqual(said(test), ['on_return ok', 'result', 'next']);
});

test('result as a list is a cond', async () => {
  const test = await run(`
sections:
  main:
    - execute:
        dest: other
        result:
          - {when: return_value > 5, then: [{play: "say:many"}]}
          - {else: [{play: "say:few"}]}
  other:
    - return: 7`);
  assert.deepEqual(said(test), ['many']);
});

test('result may name another variable, and matching nothing is no warning', async () => {
  const test = await run(`
sections:
  main:
    - execute: {dest: other, result: {variable: mood, case: {good: [{play: "say:good"}]}}}
    - execute: {dest: other, result: {case: {unlikely: []}}}
  other:
    - set: {mood: good}`);
  assert.deepEqual(said(test), ['good']);
  assert.deepEqual(test.warnings, []);
});

test('return inside on_return returns from the section of the caller', async () => {
  const test = await run(`
sections:
  main:
    - execute: {dest: middle}
    - play: "say:main \${return_value}"
  middle:
    - execute: {dest: inner, on_return: [{return: from middle}]}
    - play: "say:never"
  inner:
    - return: from inner`);
  assert.deepEqual(said(test), ['main from middle']);
});

test('return in main ends the script', async () => {
  const test = await run('- play: "say:a"\n- return: x\n- play: "say:b"');
  assert.deepEqual(said(test), ['a']);
  assert.equal(test.result.outcome, 'finished');
});

test('execute fetches a URL by POST with call, vars, envs and params', async () => {
  const test = await run(
    `
- set: {v: 1}
- execute: {dest: "https://user:pw@example.com/doc", params: {p: "\${v}"}}
- play: "say:\${return_value}"`,
    {
      envs: { e: 2 },
      documents: {
        'https://user:pw@example.com/doc': 'sections: {main: [{return: "${params.p} ${vars.v} ${envs.e}"}]}',
      },
    },
  );
  assert.deepEqual(said(test), ['1 1 2']);
  const { payload, method } = test.fetches[0]!;
  assert.equal(method, 'POST');
  assert.deepEqual(Object.keys(payload), ['call', 'vars', 'envs', 'params']);
  assert.deepEqual([payload['vars'], payload['envs'], payload['params']], [{ v: 1 }, { e: 2 }, { p: 1 }]);
  assert.equal((payload['call'] as { call_id: string }).call_id, 'call-1');
});

test('section names in a fetched document are its own, and after return those of the first document again', async () => {
  const test = await run(
    `
sections:
  main:
    - execute: {dest: "https://example.com/doc"}
    - execute: {dest: same}
  same:
    - play: "say:mine"`,
    {
      documents: {
        'https://example.com/doc':
          'sections: {main: [{execute: {dest: same}}], same: [{play: "say:fetched"}]}',
      },
    },
  );
  assert.deepEqual(said(test), ['fetched', 'mine']);
});

for (const [title, dest] of [
  ['JSON', '\'{"sections": {"main": [{"play": "say:inline"}]}}\''],
  ['YAML', '"sections:\\n  main:\\n    - play: say:inline"'],
] as const) {
  test(`execute runs a document given inline as ${title}`, async () => {
    assert.deepEqual(said(await run(`- execute: {dest: ${dest}}\n- play: "say:after"`)), ['inline', 'after']);
  });
}

test('recursion is allowed to a depth of 32, then stops with relay_script_nested_too_deep', async () => {
  const test = await run('- set: {n: "${n + 1 || 1}"}\n- execute: {dest: main}');
  assert.equal(test.result.error?.code, 'relay_script_nested_too_deep');
  assert.equal(test.result.vars['n'], 33);
});

for (const [title, dest, code] of [
  ['an unknown section', '"${unknown}x"', 'relay_script_section_parameter_undefined'],
  ['a document that cannot be fetched', 'https://example.com/404', 'relay_script_method_execute_failed'],
  ['a document that cannot be parsed', 'https://example.com/bad', 'relay_script_parse_error'],
  ['a malformed URL', '"https://${unknown}"', 'relay_script_parse_error'],
  ['an application of the vendor', '"relay:app"', 'relay_script_method_execute_failed'],
] as const) {
  test(`execute of ${title} stops the script with ${code}`, async () => {
    const test = await run(`- execute: {dest: ${dest}}\n- play: "say:after"`, {
      documents: { 'https://example.com/bad': '{oops' },
    });
    assert.equal(test.result.outcome, 'error');
    assert.equal(test.result.error?.code, code);
    assert.deepEqual(said(test), []);
    assert.equal(test.leg.log.at(-1), 'hangup error');
  });
}
