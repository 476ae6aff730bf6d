import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError, type PlayResult } from '../../call/leg.ts';
import { FakeLeg } from '../../methods/fake-leg.test-helper.ts';
import { main, start, type TestRun } from '../run.test-helper.ts';

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
for (const [rule, properties, acts, expected] of [
  ['max_digits reached: match_digits', 'max_digits: 3', ['123'], ['match_digits', '123', '123', NONE, NONE]],
  ['max_digits is 1 by default', '', ['5'], ['match_digits', '5', '5', NONE, NONE]],
  [
    'a terminator after digits is not among them',
    'max_digits: 9, terminators: "#*"',
    ['12*'],
    ['match_digits', '12', '12*', '*', NONE],
  ],
  [
    'a terminator as the very first key: an empty value',
    'max_digits: 9, terminators: "#"',
    ['#'],
    ['match_digits', '', '#', '#', NONE],
  ],
  [
    'terminators are read without regard to case',
    'max_digits: 9, terminators: "a"',
    ['1A'],
    ['match_digits', '1', '1A', 'A', NONE],
  ],
  [
    'digit_timeout after a digit: what came so far',
    'max_digits: 9, digit_timeout: 2',
    ['1', 1.5, '2', 2.1],
    ['match_digits', '12', '12', NONE, NONE],
  ],
  [
    'nothing within initial_timeout: no_input',
    'initial_timeout: 3',
    [3.1],
    ['no_input', NONE, NONE, NONE, NONE],
  ],
  ['keys left over are discarded', 'max_digits: 2', ['1234'], ['match_digits', '12', '12', NONE, NONE]],
] as const) {
  test(`media.md 4.3: ${rule}`, async () => {
    assert.deepEqual(outputs(await prompt(properties, acts)), expected);
  });
}

test('media.md 4.1: the defaults are one key, 5 s for input to begin, 5 s between keys', async () => {
  const nothing = await prompt('');
  assert.equal(nothing.clock.monotonic(), 5000);
  const gap = await prompt('max_digits: 2', [4.9, '1']);
  assert.equal(gap.clock.monotonic(), 9900);
});

test('media.md 4.3: the initial timer starts when the sounds are over', async () => {
  const leg = new FakeLeg();
  const playing = Promise.withResolvers<PlayResult>();
  leg.playResult = playing.promise;
  const run = await start(main('- prompt: {play: "say:?", initial_timeout: 2}'), { leg });
  await run.clock.advance(30_000);
  assert.equal(run.result, undefined);
  playing.resolve({ state: 'finished', playedMs: 30_000 });
  const { vars } = await run.finish();
  assert.equal(run.clock.monotonic(), 32_000);
  assert.equal(vars['prompt_result'], 'no_input');
});

test('media.md 4.3: there is no sound: the initial timer starts at once', async () => {
  const run = await start(main('- prompt: {play: [], initial_timeout: 2}'));
  await run.finish();
  assert.equal(run.clock.monotonic(), 2000);
});

test('media.md 4.3: a digit during playback stops it and starts collection', async () => {
  const leg = endless();
  const run = await prompt('max_digits: 2', ['4', 1, '2'], leg);
  assert.deepEqual(leg.log, ['answer', 'play say 0', 'stop play', 'hangup hangup']);
  assert.equal(run.result?.vars['prompt_value'], '42');
});

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

test('media.md 4.3: the call ends while keys are collected: failed, and the collection is finished', async () => {
  const leg = new FakeLeg();
  const run = await start(main(`- prompt: {play: "say:?", max_digits: 3, status_url: "${STATUS}"}`), { leg });
  leg.press('1');
  leg.end();
  await run.finish();
  assert.deepEqual(outputs(run), ['failed', NONE, NONE, NONE, NONE]);
  assert.deepEqual(events(run), [{ type: 'start_of_input' }, { type: 'finished' }]);
  assert.deepEqual(run.warnings, []);
});

test('media.md 4.4: all outputs are cleared when the method starts', async () => {
  const stale = OUTPUTS.map((name) => `${name}: old`).join(', ');
  const run = await start(main(`- set: {${stale}}\n- prompt: {play: "say:?", initial_timeout: 1}`));
  await run.clock.settle();
  assert.deepEqual(
    Object.keys(run.session.variables.snapshot()).filter((name) => OUTPUTS.includes(name)),
    [],
  );
  await run.finish();
  assert.deepEqual(outputs(run), ['no_input', NONE, NONE, NONE, NONE]);
});

for (const [rule, acts, expected] of [
  [
    'digits: start_of_input, then the digits and the terminator',
    ['12#'],
    [{ type: 'start_of_input' }, { type: 'digit', params: { digits: '12', terminator: '#' } }],
  ],
  [
    'digits without a terminator',
    ['123'],
    [{ type: 'start_of_input' }, { type: 'digit', params: { digits: '123', terminator: '' } }],
  ],
  ['nothing: no_input', [], [{ type: 'no_input' }]],
] as const) {
  test(`media.md 4.5: ${rule}`, async () => {
    const run = await prompt('max_digits: 3, terminators: "#"', acts);
    assert.deepEqual(events(run), expected);
    const [first] = run.callbacks;
    assert.deepEqual([first?.url, first?.eventType], [STATUS, 'calling.call.collect']);
    assert.equal(first?.params['call_id'], 'call-1');
    assert.equal(new Set(run.callbacks.map(({ params }) => params['control_id'])).size, 1);
  });
}

test('media.md 4.1: max_digits below 1 and a terminator that is no key are invalid values', async () => {
  await assert.rejects(start(main('- prompt: {play: "say:?", max_digits: 0}')), /max_digits/);
  await assert.rejects(start(main('- prompt: {play: "say:?", terminators: x}')), /terminators/);
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

for (const [properties, keys, speech] of [
  ['volume: 0', true, false],
  ['max_digits: 2', true, false],
  ['speech_language: en-US', false, true],
  ['speech_hints: [yes, no]', false, true],
  ['speech_end_timeout: 1', false, true],
  ['speech_timeout: 10, terminators: "#"', true, true],
  ['initial_timeout: 5, speech_timeout: 10', true, true],
  ['speech_engine: Deepgram', true, false],
] as const) {
  test(`media.md 4.2: {${properties}}: keys ${keys ? 'on' : 'off'}, speech ${speech ? 'on' : 'off'}`, async () => {
    const { leg, clock, session } = await listening(properties);
    assert.equal(leg.listenings.length, speech ? 1 : 0);
    leg.press('7#');
    await clock.settle();
    const { prompt_value: value } = session.variables.snapshot();
    assert.equal(value !== undefined || leg.log.includes('stop play'), keys);
    leg.end();
  });
}

test('media.md 4.1: language, hints and silence go to the recognition', async () => {
  const { leg } = await listening(
    'speech_language: de-DE, speech_hints: [ja, nein], speech_end_timeout: 0.7',
  );
  assert.deepEqual(leg.listenings[0]?.options, { language: 'de-DE', hints: ['ja', 'nein'], endSilence: 0.7 });
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

test('media.md 4.3: speech that is not understood: no_match', async () => {
  const run = await listening('speech_end_timeout: 1');
  run.leg.listenings[0]?.begin();
  run.leg.listenings[0]?.finish({ kind: 'noMatch' });
  await run.finish();
  assert.deepEqual(outputs(run), ['no_match', NONE, NONE, NONE, NONE]);
  assert.deepEqual(events(run), [{ type: 'start_of_input' }, { type: 'no_match' }]);
});

for (const [properties, seconds] of [
  ['speech_timeout: 8', 8],
  ['speech_end_timeout: 1', 5],
  ['speech_timeout: 8, initial_timeout: 3', 3],
  ['speech_timeout: 2, initial_timeout: 3', 2],
] as const) {
  test(`media.md 4.3: {${properties}}: nobody speaks: no_input after ${seconds} s`, async () => {
    const run = await listening(properties);
    await run.finish();
    assert.deepEqual(outputs(run), ['no_input', NONE, NONE, NONE, NONE]);
    assert.equal(run.clock.monotonic(), seconds * 1000);
    assert.ok(run.leg.log.includes('stop listening'));
  });
}

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

test('media.md 4.3: without keys a recognition that fails is a prompt that failed', async () => {
  const run = await listening('speech_timeout: 9');
  run.leg.listenings[0]?.finish({ kind: 'error', error: 'the server answered 500' });
  await run.finish();
  assert.deepEqual(outputs(run), ['failed', NONE, NONE, NONE, NONE]);
  assert.match(run.warnings[0]?.message ?? '', /recognition failed: the server answered 500/);
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
