import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDocument } from '../../methods/check.ts';
import { main, run, said } from '../run.test-helper.ts';

test('flow.md 3, dest: a section, which runs and comes back', async () => {
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

test('flow.md 3, params are restored: those of the step, not merged; the caller has its own back on return', async () => {
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

test('flow.md 3, vars are shared: with the section, both ways', async () => {
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
  ['flow.md 4, strings: expanded', '"${params.n}!"', '3!'],
  ['flow.md 3, return_value: has the type of the expression', '"${params.n * 2}"', '6'],
  ['flow.md 4, strings: expanded in depth, in calling', '["${params.n}", {a: "${params.n}"}]', '[3,{"a":3}]'],
  ['flow.md 4, no value: null', 'null', ''],
  ['flow.md 4, no value: {}', '{}', ''],
  ['flow.md 4, in an executed frame: false is a value', 'false', 'false'],
] as const) {
  test(title, async () => {
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

test('flow.md 3, callee without return: leaves no return_value, not even an older one', async () => {
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

test('flow.md 4, in an executed frame: pops it at any depth of blocks', async () => {
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

test('flow.md 3, order after return: on_return, then result, then the next step', async () => {
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

test('flow.md 3, result by its own type: a list is a cond, whatever was returned', async () => {
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

test('flow.md 3, result: an object is a switch; variable may be another; no match is no warning', async () => {
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

test('flow.md 3, return inside on_return: returns from the section of the caller', async () => {
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

test('flow.md 4, without a caller: return in main ends the script', async () => {
  const test = await run('- play: "say:a"\n- return: x\n- play: "say:b"');
  assert.deepEqual(said(test), ['a']);
  assert.equal(test.result.outcome, 'finished');
});

test('flow.md 3, fetch: a URL by POST with call, vars, envs and params', async () => {
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

test('flow.md 3, section names: of a fetched document are its own, after return those of the first document again', async () => {
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
  test(`document.md 2, inline strings: execute runs a document given as ${title}`, async () => {
    assert.deepEqual(said(await run(`- execute: {dest: ${dest}}\n- play: "say:after"`)), ['inline', 'after']);
  });
}

test('flow.md 3, recursion: allowed to a depth of 32, then relay_script_nested_too_deep', async () => {
  const test = await run('- set: {n: "${n + 1 || 1}"}\n- execute: {dest: main}');
  assert.equal(test.result.error?.code, 'relay_script_nested_too_deep');
  assert.equal(test.result.vars['n'], 33);
});

for (const [title, dest, code] of [
  [
    'flow.md 3, unknown section: known at run only',
    '"${unknown}x"',
    'relay_script_section_parameter_undefined',
  ],
  [
    'flow.md 3, fetch failure: not to be had',
    'https://example.com/404',
    'relay_script_method_execute_failed',
  ],
  ['flow.md 3, fetch failure: not to be parsed', 'https://example.com/bad', 'relay_script_parse_error'],
  [
    'document.md 5.2, relay_script_parse_error: a malformed URL',
    '"https://${unknown}"',
    'relay_script_parse_error',
  ],
  [
    'document.md 2, destination: relay: is not supported',
    '"relay:app"',
    'relay_script_method_execute_failed',
  ],
] as const) {
  test(`${title}, which stops the script with ${code}`, async () => {
    const test = await run(`- execute: {dest: ${dest}}\n- play: "say:after"`, {
      documents: { 'https://example.com/bad': '{oops' },
    });
    assert.equal(test.result.outcome, 'error');
    assert.equal(test.result.error?.code, code);
    assert.deepEqual(said(test), []);
    assert.equal(test.leg.log.at(-1), 'hangup error');
  });
}

test('flow.md 3, dest: is expanded before it is resolved', async () => {
  const test = await run(`
sections:
  main: [{set: {name: other}}, {execute: {dest: "\${name}"}}]
  other: [{play: "say:here"}]`);
  assert.deepEqual(said(test), ['here']);
});

test('flow.md 3, params: left out are none, not those of the caller', async () => {
  const test = await run(`
sections:
  main: [{execute: {dest: one, params: {a: 1}}}]
  one: [{execute: {dest: two}}]
  two: [{play: "say:(\${params.a})"}]`);
  assert.deepEqual(said(test), ['()']);
});

test('flow.md 3, on_return: runs in the caller, with its params', async () => {
  const test = await run(`
sections:
  main: [{execute: {dest: one, params: {a: mine}}}]
  one: [{execute: {dest: two, params: {a: other}, on_return: [{play: "say:\${params.a}"}]}}]
  two: [{label: nothing}]`);
  assert.deepEqual(said(test), ['mine']);
});

test('flow.md 3, meta: is taken and not used', async () => {
  const test = await run('- execute: {dest: "https://example.com/doc", meta: {ticket: 7}}', {
    documents: { 'https://example.com/doc': 'sections: {main: [{play: "say:(${meta.ticket})"}]}' },
  });
  assert.deepEqual(said(test), ['()']);
});

test('flow.md 3, meta is not sent: with the fetch', async () => {
  const test = await run('- execute: {dest: "https://example.com/doc", meta: {ticket: 7}}', {
    documents: { 'https://example.com/doc': 'sections: {main: [{label: a}]}' },
  });
  assert.doesNotMatch(JSON.stringify(test.fetches[0]!.payload), /ticket/);
});

test('flow.md 3, dest missing: relay_script_method_parameter_missing', () => {
  assert.deepEqual(
    checkDocument(main('- execute: {params: {}}')).diagnostics.map(({ code }) => code),
    ['relay_script_method_parameter_missing'],
  );
});

test('flow.md 3, unknown section: one that is written out is refused at load', () => {
  assert.deepEqual(
    checkDocument(main('- execute: {dest: nowhere}')).diagnostics.map(({ code }) => code),
    ['relay_script_section_parameter_undefined'],
  );
});

test('flow.md 3, no transfer: execute is not counted', async () => {
  const test = await run(`
sections:
  main:
    - label: again
    - execute: {dest: other}
    - goto: {label: again, max: 50}
    - play: "say:\${n}"
  other: [{set: {n: "\${n + 1 || 1}"}}]`);
  assert.deepEqual(said(test), ['51']);
  assert.equal(test.session.snapshot().transfers, 0);
});

test('flow.md 4, access: members and items of what was returned', async () => {
  const test = await run(`
sections:
  main:
    - execute: {dest: other}
    - play: "say:\${return_value[0].a} \${return_value[1]}"
  other: [{return: [{a: 1}, two]}]`);
  assert.deepEqual(said(test), ['1 two']);
});

test('flow.md model, frame: document, place, params and jumps of one activation of a section', async () => {
  const test = await run(
    `
sections:
  main: [{execute: {dest: "https://example.com/doc", params: {p: 1}}}, {play: "say:main (\${params.p})"}]`,
    {
      documents: {
        'https://example.com/doc':
          'sections: {main: [{label: a}, {play: "say:${params.p}"}, {goto: {label: a, max: 1}}, {execute: {dest: main2}}], main2: [{play: "say:second"}]}',
      },
    },
  );
  assert.deepEqual(said(test), ['1', '1', 'second', 'main ()']);
});

test('flow.md model, stack: execute pushes a frame, its end pops it, transfer drops all', async () => {
  const depths: number[] = [];
  await run(
    `
sections:
  main: [{execute: {dest: one}}, {play: "say:never"}]
  one: [{execute: {dest: two}}, {label: back}, {transfer: {dest: last}}]
  two: [{label: inner}]
  last: [{label: end}]`,
    {
      onTrace: (event) => event.kind === 'step-start' && event.method === 'label' && depths.push(event.depth),
    },
  );
  assert.deepEqual(depths, [2, 1, 0]);
});
