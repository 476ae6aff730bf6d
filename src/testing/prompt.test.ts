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
