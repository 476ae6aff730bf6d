/** Alone in its process, so that nothing else has loaded the sandbox. */
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { test } from 'node:test';
import { run, said } from './run.test-helper.ts';

/** What was imported that belongs to the sandbox. */
const loaded: string[] = [];
registerHooks({
  resolve(specifier, context, next) {
    if (/quickjs/.test(specifier)) loaded.push(specifier);
    return next(specifier, context);
  },
});

test('document.md 4.1, plain path: never starts the sandbox', async () => {
  const test = await run(
    `- set: {n: 5, l: [{a: x}], o: {a-b: 1}}
- switch: {variable: "l[0].a", case: {x: [{play: "say:\${n} %{l[0].a} \${o.a-b} \${call.type} \${envs.e}"}]}}
- unset: n`,
    { envs: { e: 'eu' } },
  );
  assert.deepEqual(said(test), ['5 x 1 sip eu']);
  assert.deepEqual(loaded, []);
});

test('document.md 4.1, anything else: starts it, once', async () => {
  await run('- set: {n: "${1 + 1}"}');
  const once = loaded.length;
  assert.ok(once > 0);
  const { result } = await run('- set: {n: "${2 + 2}"}');
  assert.deepEqual([result.vars['n'], loaded.length], [4, once]);
});
