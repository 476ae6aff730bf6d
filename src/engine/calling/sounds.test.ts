/** What `play` and `prompt` ask of a leg, and make of its answers; the rest is in conformance/. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError, type PlayResult } from '../../call/leg.ts';
import { loadDocument } from '../../methods/check.ts';
import { FakeLeg } from '../../methods/fake-leg.test-helper.ts';
import { main, run, said, start, type TestRun } from '../run.test-helper.ts';

const STATUS = 'https://app.example/collect';
const OUTPUTS = [
  'prompt_result',
  'prompt_value',
  'prompt_value_raw',
  'prompt_digit_terminator',
  'prompt_speech_confidence',
];

/** What the caller does: presses keys, or lets seconds pass. */
type Act = string | number;

async function prompt(properties: string, acts: readonly Act[] = [], leg = new FakeLeg()): Promise<TestRun> {
  const steps = `- prompt: {play: "say:?", status_url: "${STATUS}"${properties === '' ? '' : `, ${properties}`}}`;
  const run = await start(main(steps), { leg });
  for (const act of acts) {
    if (typeof act === 'string') leg.press(act);
    else await run.clock.advance(act * 1000);
    await run.clock.settle();
  }
  await run.finish();
  return run;
}

/** The variables that are set, without the prefix, in the order of 4.4. */
function outputs(run: TestRun): unknown[] {
  return OUTPUTS.map((name) => run.result?.vars[name]);
}

function events(run: TestRun): unknown[] {
  return run.callbacks.map(({ params }) => params['result']);
}

/** A sound that goes on until it is stopped. */
function endless(): FakeLeg {
  const leg = new FakeLeg();
  leg.playResult = new Promise<PlayResult>(() => {});
  return leg;
}

const NONE = undefined;
test('media.md 4.3: playback that fails: failed, a warning, an error event, and the next step runs', async () => {
  const leg = new FakeLeg();
  leg.playResult = { state: 'error', playedMs: 0, error: '404 for a.wav' };
  const run = await prompt('', [], leg);
  assert.deepEqual(outputs(run), ['failed', NONE, NONE, NONE, NONE]);
  assert.deepEqual(events(run), [{ type: 'error' }]);
  assert.equal(run.warnings[0]?.code, 'relay_script_method_execute_failed');
  assert.match(run.warnings[0]?.message ?? '', /The prompt failed: playing failed: 404 for a\.wav/);
});

test('media.md 4.3: a call that cannot be answered: failed', async () => {
  const leg = new FakeLeg();
  leg.answerError = new CallError('answer_failed', 'no ACK');
  const run = await prompt('', [], leg);
  assert.deepEqual(outputs(run), ['failed', NONE, NONE, NONE, NONE]);
  assert.match(run.warnings[0]?.message ?? '', /no ACK/);
});

test('a play whose document is replaced while the call is being answered sounds no more', async () => {
  const leg = new FakeLeg();
  const answered = Promise.withResolvers<void>();
  leg.answering = answered.promise;
  const run = await start(main(`- play: {url: "say:old", status_url: "${STATUS}"}`), { leg });
  run.session.replace(loadDocument(main('- sleep: 5000')));
  answered.resolve();
  await run.clock.advance(1000);
  assert.deepEqual([leg.log, leg.played, run.callbacks], [['answer'], [], []]);
  await run.finish();
});

test('media.md 4.1: the sounds are one playlist, with its volume and voice', async () => {
  const { leg } = await prompt('volume: -6, say_voice: openai.nova', ['1']);
  assert.deepEqual(leg.log.slice(0, 2), ['answer', 'play say -6']);
  assert.deepEqual(leg.played, [
    { kind: 'say', text: '?', voice: 'openai.nova', language: 'en-US', gender: 'female' },
  ]);
});

/** A prompt that listens, with what the party's speech becomes. */
async function listening(properties: string, leg = new FakeLeg()): Promise<TestRun> {
  return await start(main(`- prompt: {play: "say:?", status_url: "${STATUS}", ${properties}}`), { leg });
}

test('media.md 4.1: language, hints and silence go to the recognition', async () => {
  const { leg } = await listening(
    'speech_language: de-DE, speech_hints: [ja, nein], speech_end_timeout: 0.7',
  );
  assert.deepEqual(leg.listenings[0]?.options, { language: 'de-DE', hints: ['ja', 'nein'], endSilence: 0.7 });
  leg.end();
});

test('media.md 4.1: an empty language turns speech on, and is none for the recognition', async () => {
  const { leg } = await listening('speech_language: "${language}"');
  assert.equal(leg.listenings[0]?.options.language, undefined);
  assert.equal(leg.listenings.length, 1);
  leg.end();
});

test('media.md 4.3: speech during playback stops it, and is the value with its confidence', async () => {
  const run = await listening('speech_end_timeout: 1', endless());
  const [speech] = run.leg.listenings;
  speech?.begin();
  assert.ok(run.leg.log.includes('stop play'));
  speech?.finish({ kind: 'match', text: 'to sales', confidence: 0.9 });
  await run.finish();
  assert.deepEqual(outputs(run), ['match_speech', 'to sales', 'to sales', NONE, 0.9]);
  assert.deepEqual(events(run), [
    { type: 'start_of_input' },
    { type: 'speech', params: { text: 'to sales', confidence: 0.9 } },
  ]);
});

test('media.md 4.3: speech_timeout cuts the utterance, whose words still count', async () => {
  const run = await listening('speech_timeout: 3');
  await run.clock.advance(2000);
  run.leg.listenings[0]?.begin();
  await run.clock.advance(1001);
  assert.ok(run.leg.log.includes('cut speech'));
  run.leg.listenings[0]?.finish({ kind: 'match', text: 'well', confidence: undefined });
  await run.finish();
  assert.deepEqual(outputs(run), ['match_speech', 'well', 'well', NONE, NONE]);
});

test('media.md 4.3: digits and speech both on: a first digit disarms speech', async () => {
  const run = await listening('speech_timeout: 9, max_digits: 2');
  const [speech] = run.leg.listenings;
  speech?.begin();
  run.leg.press('1');
  assert.ok(run.leg.log.includes('stop listening'));
  speech?.finish({ kind: 'match', text: 'one', confidence: 1 });
  await run.clock.settle();
  run.leg.press('2');
  await run.finish();
  assert.deepEqual(outputs(run), ['match_digits', '12', '12', NONE, NONE]);
  assert.deepEqual(events(run)[0], { type: 'start_of_input' });
  assert.equal(events(run).length, 2);
});

test('a prompt that needs speech where none is configured fails before it plays, naming setting and cure', async () => {
  const leg = new FakeLeg();
  leg.recogniseError = new CallError('no_recogniser', 'set speech.recognition.url');
  const run = await listening('speech_timeout: 9', leg);
  await run.finish();
  assert.deepEqual(outputs(run), ['failed', NONE, NONE, NONE, NONE]);
  assert.match(run.warnings[0]?.message ?? '', /set speech\.recognition\.url/);
  assert.deepEqual(leg.log, ['answer', 'hangup hangup']);
});

test('with digits on as well they still work where no speech is configured, with a warning', async () => {
  const leg = new FakeLeg();
  leg.recogniseError = new CallError('no_recogniser', 'set speech.recognition.url');
  const run = await listening('speech_timeout: 9, max_digits: 1', leg);
  leg.press('3');
  await run.finish();
  assert.deepEqual(outputs(run), ['match_digits', '3', '3', NONE, NONE]);
  assert.match(run.warnings[0]?.message ?? '', /Speech is not understood: set speech/);
});

test('play sends all sounds as one playlist with its volume', async () => {
  const { leg } = await run('- play: {urls: ["https://example.com/a.wav", "silence:1"], volume: -6.5}');
  assert.deepEqual(leg.log, ['answer', 'play url,silence -6.5', 'hangup hangup']);
});

test('document.md 4.2, exactly one placeholder: a list is the urls of play, an object all its parameters', async () => {
  const { leg, result } = await run(
    `
- play: "\${sounds}"
- play: "\${quiet}"
- sleep: "\${nap}"
- sleep: "\${n * 2}"`,
    {
      vars: {
        sounds: ['say:one', 'say:%{n}'],
        quiet: { url: 'say:two', volume: -6, say_voice: null },
        nap: { duration: 1 },
        n: 5,
      },
    },
  );
  assert.equal(result.error, undefined);
  assert.deepEqual(leg.log, ['answer', 'play say,say 0', 'play say -6', 'hangup hangup']);
  assert.deepEqual(said({ leg }), ['one', '%{n}', 'two']);
  const bad = await run('- play: "${sounds}"', { vars: { sounds: ['say:one', 'two'] } });
  assert.equal(bad.result.error?.code, 'relay_script_method_parameter_invalid_value');
  const none = await run('- play: "${sound}"', { vars: { sound: null } });
  assert.equal(none.result.error?.code, 'relay_script_method_parameter_invalid_value');
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

test('an empty voice, language or gender of a step, as a variable gives that is not set, leaves it to the variables', async () => {
  const { leg } = await run(`
- set: {say_voice: amazon.Joanna, say_language: de-DE, say_gender: male}
- play: {url: "say:one", say_voice: "\${none}", say_language: "", say_gender: ""}`);
  assert.deepEqual(leg.played, [
    { kind: 'say', text: 'one', voice: 'amazon.Joanna', language: 'de-DE', gender: 'male' },
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

test('play that the caller breaks off while the call is being answered has not failed', async () => {
  const leg = new FakeLeg();
  leg.answer = async () => {
    leg.end({ by: 'remote', reason: 'cancel' });
    throw new CallError('call_over', 'the call ended before it was answered');
  };
  const { callbacks, warnings } = await run(`- play: {url: "say:hi", status_url: "${STATUS}"}`, { leg });
  assert.deepEqual(
    callbacks.map(({ params }) => params['state']),
    ['finished'],
  );
  assert.deepEqual(warnings, []);
});

test('a prompt that another document breaks off tells that it is over, and sets nothing in the one that takes its place', async () => {
  const call = await start(main(`- prompt: {play: "say:?", status_url: "${STATUS}"}`), { leg: endless() });
  call.session.replace(loadDocument(main('- sleep: 1000')));
  assert.equal((await call.finish()).vars['prompt_result'], undefined);
  assert.deepEqual(events(call), [{ type: 'finished' }]);
});

test('playing stops when the script is replaced', async () => {
  const leg = new FakeLeg();
  leg.playResult = new Promise(() => {});
  const test = await start('sections: {main: [{play: "say:hi"}], other: [{set: {here: true}}]}', { leg });
  test.session.replace(test.document, 'other');
  assert.equal((await test.finish()).vars['here'], true);
  assert.ok(leg.log.includes('stop play'));
});
