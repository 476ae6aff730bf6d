import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from '../../call/leg.ts';
import { FakeLeg } from '../../methods/fake-leg.test-helper.ts';
import { run, start } from '../run.test-helper.ts';

test('play sends all sounds as one playlist with its volume', async () => {
  const { leg } = await run('- play: {urls: ["https://example.com/a.wav", "silence:1"], volume: -6.5}');
  assert.deepEqual(leg.log, ['answer', 'play url,silence -6.5', 'hangup hangup']);
});

test('play takes the voice from its property, then from the variable, then the default', async () => {
  const { leg } = await run(`
- play: "say:one"
- set: {say_voice: amazon.Joanna, say_language: de-DE, say_gender: male}
- play: "say:two"
- play: {url: "say:three", say_voice: azure.x, say_language: fr-FR, say_gender: female}
- play: "say:four"`);
  const variable = { voice: 'amazon.Joanna', language: 'de-DE', gender: 'male' };
  assert.deepEqual(leg.played, [
    { kind: 'say', text: 'one', language: 'en-US', gender: 'female' },
    { kind: 'say', text: 'two', ...variable },
    { kind: 'say', text: 'three', voice: 'azure.x', language: 'fr-FR', gender: 'female' },
    { kind: 'say', text: 'four', ...variable },
  ]);
});

test('play with auto_answer false leaves the call unanswered', async () => {
  const { leg } = await run('- play: {url: "say:hi", auto_answer: false}');
  assert.deepEqual(leg.log, ['play say 0', 'hangup hangup']);
});

test('play that fails reports error, warns, and the next step runs', async () => {
  const leg = new FakeLeg();
  leg.playResult = { state: 'error', playedMs: 0, error: '404 for a.wav' };
  const { callbacks, warnings, result } = await run(
    '- play: {url: "https://example.com/a.wav", status_url: "https://example.com/cb"}\n- set: {after: 1}',
    { leg },
  );
  assert.equal(callbacks.at(-1)?.params['state'], 'error');
  assert.equal(warnings[0]?.code, 'relay_script_method_execute_failed');
  assert.match(warnings[0]?.message ?? '', /404 for a\.wav/);
  assert.equal(result.vars['after'], 1);
});

test('play on a call that cannot be answered warns and goes on', async () => {
  const leg = new FakeLeg();
  leg.answerError = new CallError('answer_failed', 'no ACK');
  const { warnings, leg: same } = await run('- play: "say:hi"', { leg });
  assert.match(warnings[0]?.message ?? '', /no ACK/);
  assert.deepEqual(same.played, []);
});

test('playing stops when the script is replaced', async () => {
  const leg = new FakeLeg();
  leg.playResult = new Promise(() => {});
  const test = await start('sections: {main: [{play: "say:hi"}], other: [{set: {here: true}}]}', { leg });
  test.session.replace(test.document, 'other');
  assert.equal((await test.finish()).vars['here'], true);
  assert.ok(leg.log.includes('stop play'));
});
