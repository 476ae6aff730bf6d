import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run, said } from '../run.test-helper.ts';

test('transfer never comes back, also not to sections that called it', async () => {
  const test = await run(`
sections:
  main:
    - execute: {dest: middle}
    - play: "say:never"
  middle:
    - transfer: {dest: last}
    - play: "say:never"
  last:
    - play: "say:last"`);
  assert.deepEqual(said(test), ['last']);
});

test('a return after a transfer ends the script', async () => {
  const test = await run(`
sections:
  main: [{execute: {dest: middle}}, {play: "say:never"}]
  middle: [{transfer: {dest: last}}]
  last: [{return: x}]`);
  assert.deepEqual(said(test), []);
  assert.equal(test.result.outcome, 'finished');
});

test('variables are kept, params are those of the step or empty', async () => {
  const test = await run(`
sections:
  main:
    - set: {v: kept}
    - transfer: {dest: one, params: {p: 1}}
  one:
    - play: "say:\${v} \${params.p}"
    - transfer: {dest: two}
  two:
    - play: "say:\${v} (\${params.p})"`);
  assert.deepEqual(said(test), ['kept 1', 'kept ()']);
});

test('transfer to a URL posts variables and params, and its document takes over', async () => {
  const test = await run('- set: {v: 1}\n- transfer: {dest: "https://example.com/next", params: {p: 2}}', {
    documents: { 'https://example.com/next': '{"sections": {"main": [{"play": "say:${v} ${params.p}"}]}}' },
  });
  assert.deepEqual(said(test), ['1 2']);
  assert.deepEqual(test.fetches[0]?.payload['vars'], { v: 1 });
});

test('the 33rd transfer of a call stops the script with relay_script_too_many_transfers', async () => {
  const test = await run('- set: {n: "${n + 1 || 1}"}\n- transfer: {dest: main}');
  assert.equal(test.result.error?.code, 'relay_script_too_many_transfers');
  assert.equal(test.result.vars['n'], 33);
});

for (const [title, dest, code] of [
  ['an unknown section', '"${nothing}x"', 'relay_script_section_parameter_undefined'],
  ['a malformed URL', '"http://${nothing}"', 'relay_script_parse_error'],
  ['a document that cannot be fetched', 'https://example.com/404', 'relay_script_method_execute_failed'],
] as const) {
  test(`transfer to ${title} ends the script with ${code}`, async () => {
    const test = await run(`- transfer: {dest: ${dest}}\n- play: "say:after"`);
    assert.equal(test.result.error?.code, code);
    assert.deepEqual(said(test), []);
  });
}
