import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from '../../call/leg.ts';
import { checkDocument } from '../../methods/check.ts';
import { FakeLeg } from '../../methods/fake-leg.test-helper.ts';
import { main, run, start } from '../run.test-helper.ts';

for (const [title, step] of [
  ['a bare text is one sound', '- play: "say:hi"'],
  ['url is one sound', '- play: {url: "say:hi"}'],
  ['a list of texts is several sounds', '- play: ["say:hi"]'],
  ['urls are several sounds', '- play: {urls: ["say:hi"]}'],
] as const) {
  test(`play: ${title}`, async () => {
    const { leg } = await run(step);
    assert.deepEqual(leg.played, [{ kind: 'say', text: 'hi', language: 'en-US', gender: 'female' }]);
  });
}

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

test('play reports playing and finished to status_url under one control id', async () => {
  const { callbacks } = await run('- play: {url: "say:hi", status_url: "https://example.com/cb"}');
  assert.deepEqual(
    callbacks.map(({ url, eventType, params }) => [url, eventType, params['state']]),
    [
      ['https://example.com/cb', 'calling.call.play', 'playing'],
      ['https://example.com/cb', 'calling.call.play', 'finished'],
    ],
  );
  assert.equal(new Set(callbacks.map(({ params }) => params['control_id'])).size, 1);
  assert.equal(callbacks[0]?.params['call_id'], 'call-1');
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

test('an empty list of sounds plays nothing and is no error', async () => {
  const { leg, result } = await run('- play: {urls: []}');
  assert.equal(result.outcome, 'finished');
  assert.deepEqual(leg.played, []);
});

test('playing stops when the script is replaced', async () => {
  const leg = new FakeLeg();
  leg.playResult = new Promise(() => {});
  const test = await start('sections: {main: [{play: "say:hi"}], other: [{set: {here: true}}]}', { leg });
  test.session.replace(test.document, 'other');
  assert.equal((await test.finish()).vars['here'], true);
  assert.ok(leg.log.includes('stop play'));
});

for (const [title, params, code] of [
  ['url and urls together', '{url: "say:a", urls: ["say:b"]}', 'relay_script_method_parameter_conflict'],
  ['neither url nor urls', '{}', 'relay_script_method_parameter_missing'],
  ['a volume above 40 dB', '{url: "say:a", volume: 41}', 'relay_script_method_parameter_invalid_value'],
  [
    'a status_url that is not http',
    '{url: "say:a", status_url: "ftp://x"}',
    'relay_script_method_parameter_invalid_value',
  ],
] as const) {
  test(`play refuses ${title}`, () => {
    const { diagnostics } = checkDocument(main(`- play: ${params}`));
    assert.deepEqual(
      diagnostics.map((diagnostic) => diagnostic.code),
      [code],
    );
  });
}

test('an unset placeholder as url fails when the step runs, and the script stops', async () => {
  const { result, leg } = await run('- play: "${nothing}"\n- set: {after: 1}');
  assert.equal(result.error?.code, 'relay_script_method_parameter_invalid_value');
  assert.deepEqual(result.error?.diagnostic.position, { line: 3, column: 13 });
  assert.equal(result.vars['after'], undefined);
  assert.deepEqual(leg.log, ['hangup error']);
});

test('a sound that the language does not know is refused at load, with the reason', () => {
  const { diagnostics } = checkDocument(main('- play: {urls: ["say:fine", "ring:zz"]}'));
  assert.equal(diagnostics[0]?.code, 'relay_script_method_parameter_invalid_value');
  assert.equal(diagnostics[0]?.path, 'sections.main[0].play.urls[1]');
  assert.match(diagnostics[0]?.expected ?? '', /no ringing tone of "zz"/);
});
