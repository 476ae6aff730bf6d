/** The method prompt on whole calls: real packets, real keys, in virtual time (spec/media.md 4). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MumblingVoice, type VirtualCall, type VirtualCallOptions, virtualCall } from './index.ts';

const voice = new MumblingVoice();
const STATUS = 'https://app.example/collect';

function place(steps: string, options: Partial<VirtualCallOptions> = {}): Promise<VirtualCall> {
  const document = `sections:\n  main:\n${steps.trim().replace(/^/gm, '    ')}\n`;
  return virtualCall({ document, voice, ...options });
}

const MENU = `
- prompt: { play: "say:For sales press one. For support press two.", status_url: "${STATUS}" }
- switch:
    variable: prompt_value
    case: { "2": [ { play: "say:Support." } ] }
    default: [ { play: "say:Sorry." } ]
`;

test('a key breaks the sound off, and leads on to what it chose', async () => {
  const call = await place(MENU);
  await call.caller.hears('press one');
  await call.caller.presses('2');
  await call.caller.hears('Support');
  await call.ends();
  assert.doesNotMatch(call.transcript, /press two/);
  assert.equal(call.vars['prompt_result'], 'match_digits');
  const types = call.callbacks.all.map(({ params }) => (params['result'] as { type: string }).type);
  assert.deepEqual(types, ['start_of_input', 'digit']);
});

test('a caller who does nothing is waited for from the end of the sound on', async () => {
  const call = await place('- prompt: { play: "silence:2", initial_timeout: 3 }');
  await call.ends();
  assert.equal(call.vars['prompt_result'], 'no_input');
  assert.ok(Math.abs(call.seconds - 5) < 0.2, `${call.seconds} s`);
});

test('a key that ends a running record_call reaches the prompt, too', async () => {
  const call = await place(`
- record_call: { terminators: "#" }
- prompt: { play: "silence:1", max_digits: 4, terminators: "#" }
- sleep: 500
`);
  await call.caller.waits(0.5);
  await call.caller.presses('12#');
  await call.ends();
  assert.deepEqual(
    [call.vars['prompt_result'], call.vars['prompt_value'], call.vars['prompt_digit_terminator']],
    ['match_digits', '12', '#'],
  );
  assert.deepEqual(
    call.recordings.map(({ endedBy, terminator }) => [endedBy, terminator]),
    [['terminator', '#']],
  );
});

test('who hangs up while keys are collected ends the prompt as failed', async () => {
  const call = await place(`- prompt: { play: "silence:1", max_digits: 4, status_url: "${STATUS}" }`);
  await call.caller.presses('1');
  await call.caller.hangsUp();
  await call.ends();
  assert.equal(call.vars['prompt_result'], 'failed');
  assert.equal(call.error, undefined);
});

test('keys that were pressed too many are not taken for an answer of the next prompt', async () => {
  const call = await place(`
- prompt: { play: "silence:1", max_digits: 2 }
- set: { first: "%{prompt_value}" }
- prompt: { play: "silence:1", initial_timeout: 1 }
`);
  await call.caller.presses('12');
  await call.ends();
  assert.deepEqual([call.vars['first'], call.vars['prompt_result']], ['12', 'no_input']);
});

const ASK = `
- prompt: { play: "say:Who would you like to speak to?", speech_end_timeout: 0.8, speech_language: en-US }
`;

test('what the caller says is understood, word for word, when it has been followed by silence', async () => {
  const call = await place(ASK);
  await call.caller.hears('speak to');
  await call.caller.says('To the sales department please.');
  await call.ends();
  const { prompt_result, prompt_value, prompt_speech_confidence } = call.vars;
  assert.deepEqual(
    [prompt_result, prompt_value, prompt_speech_confidence],
    ['match_speech', 'To the sales department please.', 0.95],
  );
});

test('speech breaks the sound off', async () => {
  const call = await place('- prompt: { play: "silence:60", speech_end_timeout: 0.8 }');
  await call.caller.waits(1);
  await call.caller.says('Never mind all that.');
  await call.ends();
  assert.equal(call.vars['prompt_result'], 'match_speech');
  assert.ok(call.seconds < 5, `${call.seconds} s`);
});

test('stubs of recognition: other words, no words, a failure, one for each utterance', async () => {
  const prompt = '- prompt: { play: "silence:0.5", speech_end_timeout: 0.5 }';
  const copy = '- set: { all: "${vars.all} %{prompt_result}:%{prompt_value}" }';
  const call = await place(`- set: { all: "" }\n${[1, 2, 3].map(() => `${prompt}\n${copy}`).join('\n')}`, {
    recognition: [{ text: 'sails', confidence: 0.4 }, '', { error: 'out of order' }],
  });
  for (let utterance = 1; utterance <= 3; utterance++) {
    await call.caller.says('The sales department.');
    await call.caller.waits(1.5);
  }
  await call.ends();
  assert.equal(call.vars['all'], ' match_speech:sails no_match: failed:');
});

test('nobody speaks: no_input', async () => {
  const call = await place('- prompt: { play: "silence:0.5", speech_timeout: 3 }');
  await call.ends();
  assert.equal(call.vars['prompt_result'], 'no_input');
});
