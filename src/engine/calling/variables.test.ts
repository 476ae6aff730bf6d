import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDocument } from '../../methods/check.ts';
import type { JsonObject, JsonValue } from '../../swml/json.ts';
import { FakeLeg } from '../../methods/fake-leg.test-helper.ts';
import { main, run, said } from '../run.test-helper.ts';

/** The variables after these steps. */
async function vars(steps: string, envs: JsonObject = {}): Promise<JsonObject> {
  const { result } = await run(steps, { envs });
  assert.equal(result.error, undefined);
  return result.vars;
}

const SETUP =
  '- set: {n: 5, f: 1.5, t: true, z: null, s: text, l: [1, "two", [3]], o: {k: {d: deep}, "a-b": 1}, d: "${1+1}"}\n';

type Expansions = readonly (readonly [text: string, value: JsonValue])[];

function expansions(rule: string, rows: Expansions): void {
  for (const [text, value] of rows) {
    test(`${rule}: ${text} is ${JSON.stringify(value)}`, async () => {
      const found = await vars(`${SETUP}- set: {result: ${JSON.stringify(text)}}`, { region: 'eu' });
      assert.deepEqual(found['result'], value);
    });
  }
}

expansions('document.md 4.2, exactly one placeholder: the native type', [
  ['${n}', 5],
  ['%{n}', 5],
  ['${f}', 1.5],
  ['${t}', true],
  ['${z}', null],
  ['${s}', 'text'],
  ['${l}', [1, 'two', [3]]],
  ['${o}', { k: { d: 'deep' }, 'a-b': 1 }],
  ['${d}', 2],
  ['${d.toFixed(1)}', '2.0'],
  ['${n * 2}', 10],
  ['${n > 4}', true],
  ['${[n, n]}', [5, 5]],
  ['${({n})}', { n: 5 }],
  ['${params}', {}],
]);

expansions('document.md 4.1, plain path: a lookup', [
  ['${o.k.d}', 'deep'],
  ['${o.a-b}', 1],
  ['${o["a-b"]}', 1],
  ['${l[0]}', 1],
  ['${l[2][0]}', 3],
  ['${l.length}', ''],
  ['${s.length}', ''],
  ['${vars.n}', 5],
  ['${envs.region}', 'eu'],
  ['${call.type}', 'sip'],
  ['${call.call_state}', 'created'],
]);

expansions('document.md 4.1, anything else: JavaScript', [
  ['${(l.length)}', 3],
  ['%{(l.length)}', 3],
  ['${n-1}', 4],
  ['${s.toUpperCase()}', 'TEXT'],
  ['%{s.toUpperCase()}', 'TEXT'],
  ['${ n ? "a}" : "{b" }', 'a}'],
]);

expansions('document.md 4.2, path unset: an empty text', [
  ['<${nothing}>', '<>'],
  ['<${o.nothing.deeper}>', '<>'],
  ['<${l[9]}>', '<>'],
  ['<${params.x}>', '<>'],
  ['<${undefined}>', '<>'],
]);

expansions('document.md 4.2, unset alone: an empty text, not null', [
  ['${nothing}', ''],
  ['${l[9]}', ''],
  ['${o.nothing.deeper}', ''],
  ['${params.x}', ''],
  ['${(nothing)}', ''],
]);

expansions('document.md 4.2, inside other text: concatenated', [
  ['<${s}>', '<text>'],
  ['${n}${n}', '55'],
  ['${n} ', '5 '],
  ['<%{n}${s}>', '<5text>'],
  ['<${t}>', '<true>'],
  ['a } b', 'a } b'],
  ['${open', '${open'],
]);

expansions('document.md 4.2, undefined in text: an empty text', [
  ['<${(undefined)}>', '<>'],
  ['<${(null)}>', '<>'],
  ['<${z}>', '<>'],
  ['<${(() => 1)}>', '<>'],
]);

expansions('document.md 4.2, array or object in text: joined by commas, or compact JSON', [
  ['<${[1, "a", true]}>', '<1,a,true>'],
  ['<${[1, null]}>', '<1,>'],
  ['<${[]}>', '<>'],
  ['<${l}>', '<[1,"two",[3]]>'],
  ['<${o.k}>', '<{"d":"deep"}>'],
]);

expansions('document.md 4.2, number in text: as JavaScript writes it', [
  ['<${n}>', '<5>'],
  ['<${f}>', '<1.5>'],
  ['<${1e21}>', '<1e+21>'],
  ['<${0.1 + 0.2}>', '<0.30000000000000004>'],
  ['<${-0}>', '<0>'],
]);

expansions('document.md 4.2, no recursion: what a placeholder produced is not scanned again', [
  ['${"${" + "n}"}', '${n}'],
  ['<${"%{" + "n}"}>', '<%{n}>'],
]);

test('document.md 3, lookup order: vars, then envs, then call', async () => {
  const found = await vars('- set: {type: mine}\n- set: {a: "${type}", b: "${from}", c: "${call.from}"}', {
    from: 'env',
  });
  assert.deepEqual([found['a'], found['b'], found['c']], ['mine', 'env', 'sip:ann@example.com']);
});

test('document.md 3, lookup order: a variable whose member is missing does not fall through to the environment', async () => {
  assert.equal((await vars('- set: {a: {x: 1}}\n- set: {r: "${a.y}"}', { a: { y: 2 } }))['r'], '');
});

test('flow.md 6, order: that of the document; later values see earlier ones', async () => {
  assert.deepEqual(await vars('- set: {a: 1, b: "${a + 1}", c: "${b + 1}"}'), { a: 1, b: 2, c: 3 });
});

test('document.md 4.2, keys and labels: texts at any depth of set are expanded, keys are not', async () => {
  assert.deepEqual(await vars('- set: {n: 1, o: {"k${n}": ["${n}", {x: "${n}!"}]}}'), {
    n: 1,
    o: { 'k${n}': [1, { x: '1!' }] },
  });
});

test('document.md 4.2, no recursion: pieces that make a placeholder together', async () => {
  assert.equal((await vars('- set: {a: \'$\', n: 1}\n- set: {r: "${a}{n}"}'))['r'], '${n}');
});

test('flow.md 6, overwrite: the whole value, without merging', async () => {
  assert.deepEqual(await vars('- set: {o: {a: 1}}\n- set: {o: {b: 2}}'), { o: { b: 2 } });
});

test('flow.md 6, dotted names: set a member; a leading vars. is dropped', async () => {
  assert.deepEqual(
    await vars('- set: {o: {a: 1, l: [1, 2]}}\n- set: {o.b: 2, vars.x: 3, "o.l[1]": 9, new.deep.one: 1}'),
    {
      o: { a: 1, b: 2, l: [1, 9] },
      x: 3,
      new: { deep: { one: 1 } },
    },
  );
});

test('flow.md 6, dotted names: values that were read before stay as they were', async () => {
  assert.deepEqual(await vars('- set: {o: {a: 1}}\n- set: {copy: "${o}"}\n- set: {o.a: 2}'), {
    o: { a: 2 },
    copy: { a: 1 },
  });
});

test('flow.md 6, unset: names, members and method outputs; unknown names are no error', async () => {
  assert.deepEqual(
    await vars(
      '- record: {}\n- set: {a: 1, o: {x: 1, y: 2}, l: [1, 2]}\n- unset: a\n- unset: [o.x, nothing, o.no.where, record_url, "l[0]", vars.z]',
    ),
    { o: { y: 2 }, l: [2], record_result: 'success' },
  );
});

test('flow.md 6, empty object: does nothing', async () => {
  assert.deepEqual(await vars('- set: {}'), {});
});

test('flow.md 6, set: __proto__ and constructor are names like others', async () => {
  const found = await vars(
    '- set: {constructor: 1, "__proto__": {x: 1}}\n- set: {r: "${constructor}", p: "${__proto__.x}", q: "${toString}"}',
  );
  assert.deepEqual([found['r'], found['p'], found['q']], [1, 1, '']);
});

for (const name of ['call', 'params', 'vars', 'envs', 'message', 'call.x', 'a b', 'a..b', '${n}']) {
  test(`flow.md 6, scope names: set and unset refuse ${name} at load`, () => {
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

test('document.md 3, reserved names: unset refuses a scope also when its name comes from a placeholder', async () => {
  const { result } = await run('- set: {n: call}\n- unset: "${n}"');
  assert.equal(result.error?.code, 'relay_script_method_parameter_invalid_value');
});

test('document.md 4.3, failure: in a placeholder stops the script with relay_script_js_eval_error at its place', async () => {
  const { result } = await run(
    '- set:\n    ok: 1\n- set:\n    bad: [1, "${missing.x()}"]\n- set: {after: 1}',
  );
  assert.equal(result.error?.code, 'relay_script_js_eval_error');
  assert.equal(result.error?.diagnostic.position?.line, 6);
  assert.equal(result.vars['after'], undefined);
});

test('flow.md 6, types: literals keep theirs, one placeholder takes that of its value, mixed text is text', async () => {
  assert.deepEqual(await vars('- set: {a: 1, b: "1", c: [true], d: "${a}", e: "${a}0", f: "${a + 0.5}"}'), {
    a: 1,
    b: '1',
    c: [true],
    d: 1,
    e: '10',
    f: 1.5,
  });
});

test('document.md 4.2, order within set: each value is visible to the next, later ones are not yet', async () => {
  assert.deepEqual(await vars('- set: {a: "${b}", b: 2, c: "${b}"}'), { a: '', b: 2, c: 2 });
});

test('flow.md 6, method outputs: may be overwritten and unset', async () => {
  assert.deepEqual(await vars('- record: {}\n- set: {record_result: mine}\n- unset: record_url'), {
    record_result: 'mine',
  });
});

test('flow.md 6, unknown name: of unset is no error', async () => {
  assert.deepEqual(await vars('- unset: nothing\n- unset: [a.b, "c[0]"]'), {});
});

test('flow.md 6, after unset: reads give an empty text, and a method that needs the value fails', async () => {
  const test = await run('- set: {u: "say:x"}\n- unset: u\n- set: {r: "<${u}>"}\n- play: {url: "${u}"}');
  assert.equal(test.result.vars['r'], '<>');
  assert.equal(test.result.error?.code, 'relay_script_method_parameter_invalid_value');
});

test('flow.md 6, special names: say_voice, say_language and say_gender change later speech', async () => {
  const { leg } = await run(
    '- set: {say_voice: v, say_language: de-DE, say_gender: male}\n- play: "say:a"\n- unset: [say_voice, say_language, say_gender]\n- play: "say:b"',
  );
  assert.deepEqual(leg.played, [
    { kind: 'say', text: 'a', voice: 'v', language: 'de-DE', gender: 'male' },
    { kind: 'say', text: 'b', language: 'en-US', gender: 'female' },
  ]);
});

test('flow.md 6, lifetime: variables are of the session of one leg; another starts empty', async () => {
  const test = await run('- set: {v: 1}\n- play: "say:${v}"');
  assert.deepEqual(said(test), ['1']);
  const other = await run('- play: "say:(${v})"', { leg: new FakeLeg({ call_id: 'call-2' }) });
  assert.deepEqual(said(other), ['()']);
});

test('document.md 3, vars: kept across execute, transfer and remote documents', async () => {
  const test = await run(
    `
sections:
  main: [{set: {v: 1}}, {execute: {dest: more}}, {transfer: {dest: "https://example.com/doc"}}]
  more: [{set: {w: 2}}]`,
    { documents: { 'https://example.com/doc': 'sections: {main: [{play: "say:${v} ${w}"}]}' } },
  );
  assert.deepEqual(said(test), ['1 2']);
});
