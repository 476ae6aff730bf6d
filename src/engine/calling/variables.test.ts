import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDocument } from '../../methods/check.ts';
import type { JsonObject, JsonValue } from '../../swml/json.ts';
import { main, run } from '../run.test-helper.ts';

/** The variables after these steps. */
async function vars(steps: string, envs: JsonObject = {}): Promise<JsonObject> {
  const { result } = await run(steps, { envs });
  assert.equal(result.error, undefined);
  return result.vars;
}

const SETUP =
  '- set: {n: 5, f: 1.5, t: true, z: null, s: text, l: [1, "two", [3]], o: {k: {d: deep}, "a-b": 1}, d: "${1+1}"}\n';

const EXPANSIONS: readonly [text: string, value: JsonValue][] = [
  ['${n}', 5],
  ['%{n}', 5],
  ['${f}', 1.5],
  ['${t}', true],
  ['${z}', null],
  ['${s}', 'text'],
  ['${l}', [1, 'two', [3]]],
  ['${o}', { k: { d: 'deep' }, 'a-b': 1 }],
  ['${o.k.d}', 'deep'],
  ['${o.a-b}', 1],
  ['${o["a-b"]}', 1],
  ['${l[0]}', 1],
  ['${l[2][0]}', 3],
  ['${l[9]}', ''],
  ['${l.length}', ''],
  ['${(l.length)}', 3],
  ['${s.length}', ''],
  ['${vars.n}', 5],
  ['${d}', 2],
  ['${d.toFixed(1)}', '2.0'],
  ['${nothing}', ''],
  ['${o.nothing.deeper}', ''],
  ['${envs.region}', 'eu'],
  ['${region}', 'eu'],
  ['${call.type}', 'sip'],
  ['${type}', 'sip'],
  ['${call.call_state}', 'created'],
  ['${call.state}', 'created'],
  ['${params.x}', ''],
  ['${params}', {}],
  ['<${n}>', '<5>'],
  ['${n}${n}', '55'],
  ['<${f}> <${t}> <${z}>', '<1.5> <true> <>'],
  ['<${nothing}>', '<>'],
  ['<${undefined}>', '<>'],
  ['<${[1, "a", null]}>', '<1,a,>'],
  ['<${l}>', '<[1,"two",[3]]>'],
  ['<${o.k}>', '<{"d":"deep"}>'],
  ['${n * 2}', 10],
  ['${n-1}', 4],
  ['${"${" + "n}"}', '${n}'],
  ['a } b', 'a } b'],
  ['${open', '${open'],
];

for (const [text, value] of EXPANSIONS) {
  test(`${text} is ${JSON.stringify(value)}`, async () => {
    const found = await vars(`${SETUP}- set: {result: ${JSON.stringify(text)}}`, { region: 'eu' });
    assert.deepEqual(found['result'], value);
  });
}

test('a name is looked up in vars, then envs, then call', async () => {
  const found = await vars('- set: {type: mine}\n- set: {a: "${type}", b: "${from}", c: "${call.from}"}', {
    from: 'env',
  });
  assert.deepEqual([found['a'], found['b'], found['c']], ['mine', 'env', 'sip:ann@example.com']);
});

test('a variable whose member is missing does not fall through to the environment', async () => {
  assert.equal((await vars('- set: {a: {x: 1}}\n- set: {r: "${a.y}"}', { a: { y: 2 } }))['r'], '');
});

test('set works in the order of the document, and later values see earlier ones', async () => {
  assert.deepEqual(await vars('- set: {a: 1, b: "${a + 1}", c: "${b + 1}"}'), { a: 1, b: 2, c: 3 });
});

test('set expands texts at any depth, but no keys', async () => {
  assert.deepEqual(await vars('- set: {n: 1, o: {"k${n}": ["${n}", {x: "${n}!"}]}}'), {
    n: 1,
    o: { 'k${n}': [1, { x: '1!' }] },
  });
});

test('what a placeholder produced is not scanned again', async () => {
  assert.equal((await vars('- set: {a: \'$\', n: 1}\n- set: {r: "${a}{n}"}'))['r'], '${n}');
});

test('set replaces a value whole, without merging', async () => {
  assert.deepEqual(await vars('- set: {o: {a: 1}}\n- set: {o: {b: 2}}'), { o: { b: 2 } });
});

test('a dotted name sets a member; a leading vars. is dropped', async () => {
  assert.deepEqual(
    await vars('- set: {o: {a: 1, l: [1, 2]}}\n- set: {o.b: 2, vars.x: 3, "o.l[1]": 9, new.deep.one: 1}'),
    {
      o: { a: 1, b: 2, l: [1, 9] },
      x: 3,
      new: { deep: { one: 1 } },
    },
  );
});

test('setting a member leaves values that were read before as they were', async () => {
  assert.deepEqual(await vars('- set: {o: {a: 1}}\n- set: {copy: "${o}"}\n- set: {o.a: 2}'), {
    o: { a: 2 },
    copy: { a: 1 },
  });
});

test('unset removes names, members and method outputs; unknown names are no error', async () => {
  assert.deepEqual(
    await vars(
      '- record: {}\n- set: {a: 1, o: {x: 1, y: 2}, l: [1, 2]}\n- unset: a\n- unset: [o.x, nothing, o.no.where, record_url, "l[0]", vars.z]',
    ),
    { o: { y: 2 }, l: [2], record_result: 'success' },
  );
});

test('an empty set does nothing', async () => {
  assert.deepEqual(await vars('- set: {}'), {});
});

test('__proto__ and constructor are names like others', async () => {
  const found = await vars(
    '- set: {constructor: 1, "__proto__": {x: 1}}\n- set: {r: "${constructor}", p: "${__proto__.x}", q: "${toString}"}',
  );
  assert.deepEqual([found['r'], found['p'], found['q']], [1, 1, '']);
});

for (const name of ['call', 'params', 'vars', 'envs', 'message', 'call.x', 'a b', 'a..b', '${n}']) {
  test(`set and unset refuse the name ${name} at load`, () => {
    for (const step of [`- set: {"${name}": 1}`, `- unset: ["${name}"]`]) {
      if (name === '${n}' && step.startsWith('- unset')) continue;
      assert.deepEqual(
        checkDocument(main(step)).diagnostics.map(({ code }) => code),
        ['relay_script_method_parameter_invalid_value'],
        step,
      );
    }
  });
}

test('unset refuses a scope also when its name comes from a placeholder', async () => {
  const { result } = await run('- set: {n: call}\n- unset: "${n}"');
  assert.equal(result.error?.code, 'relay_script_method_parameter_invalid_value');
});

test('an expression that fails in a placeholder stops the script with relay_script_js_eval_error at its place', async () => {
  const { result } = await run(
    '- set:\n    ok: 1\n- set:\n    bad: [1, "${missing.x()}"]\n- set: {after: 1}',
  );
  assert.equal(result.error?.code, 'relay_script_js_eval_error');
  assert.equal(result.error?.diagnostic.position?.line, 6);
  assert.equal(result.vars['after'], undefined);
});
