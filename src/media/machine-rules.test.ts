import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type MachineFrame, type MachineRules, type MachineState, stepMachine } from './machine-rules.ts';

const RULES: MachineRules = {
  initialTimeoutMs: 4500,
  endSilenceTimeoutMs: 1000,
  machineReadyTimeoutMs: 800,
  machineVoiceMs: 1250,
  machineWords: 6,
  detectMessageEnd: false,
  timeoutMs: 30_000,
};
const WAITING: MachineFrame = {
  atMs: 1000,
  speaking: false,
  voiceMs: 0,
  words: 0,
  silenceMs: 0,
  tone: false,
  beep: false,
};
const WITH_END: MachineRules = { ...RULES, detectMessageEnd: true };

const after = (phase: 'waiting' | 'utterance' | 'greeting', frame: Partial<MachineFrame>, rules = RULES) => {
  const { state, events } = stepMachine({ phase }, { ...WAITING, ...frame }, rules);
  return [state.phase === 'ended' ? state.outcome : state.phase, ...events];
};

describe('who answered (spec/media.md 9.4)', () => {
  test('1: no voice within initial_timeout is UNKNOWN', () => {
    assert.deepEqual(after('waiting', { atMs: 4480 }), ['waiting']);
    assert.deepEqual(after('waiting', { atMs: 4500 }), ['UNKNOWN', 'UNKNOWN']);
    assert.deepEqual(after('waiting', { atMs: 4500, speaking: true }), ['utterance']);
  });

  test('2: voice without a pause of machine_voice_threshold is a MACHINE', () => {
    assert.deepEqual(after('utterance', { speaking: true, voiceMs: 1240 }), ['utterance']);
    assert.deepEqual(after('utterance', { speaking: true, voiceMs: 1260 }), ['MACHINE', 'MACHINE']);
    const off = { ...RULES, machineVoiceMs: 0 };
    assert.deepEqual(after('utterance', { speaking: true, voiceMs: 9000 }, off), ['utterance']);
  });

  test('2: machine_words_threshold words in one utterance are a MACHINE', () => {
    assert.deepEqual(after('utterance', { speaking: true, words: 5 }), ['utterance']);
    assert.deepEqual(after('utterance', { speaking: true, words: 6 }), ['MACHINE', 'MACHINE']);
  });

  test('3: an utterance that ends below both is a HUMAN', () => {
    assert.deepEqual(after('utterance', { silenceMs: 980 }), ['utterance']);
    assert.deepEqual(after('utterance', { silenceMs: 1000 }), ['HUMAN', 'HUMAN']);
    assert.deepEqual(after('utterance', { silenceMs: 1000, speaking: true }), ['utterance']);
  });

  test('5, 6: with detect_message_end the greeting goes on until silence, READY, or the beep', () => {
    assert.deepEqual(after('utterance', { speaking: true, voiceMs: 1260 }, WITH_END), [
      'greeting',
      'MACHINE',
    ]);
    assert.deepEqual(after('greeting', { speaking: true, silenceMs: 900 }, WITH_END), ['greeting']);
    assert.deepEqual(after('greeting', { silenceMs: 780 }, WITH_END), ['greeting']);
    assert.deepEqual(after('greeting', { silenceMs: 800 }, WITH_END), ['MACHINE', 'READY']);
    assert.deepEqual(after('greeting', { beep: true }, WITH_END), ['MACHINE']);
  });

  test('a beep is that of a machine, with a greeting or without', () => {
    assert.deepEqual(after('waiting', { beep: true }), ['MACHINE', 'MACHINE']);
    assert.deepEqual(after('utterance', { beep: true }, WITH_END), ['MACHINE', 'MACHINE']);
  });

  test('the end of a beep that sounds at the end of initial_timeout is waited for, up to timeout', () => {
    assert.deepEqual(after('waiting', { atMs: 4500, tone: true }), ['waiting']);
    assert.deepEqual(after('waiting', { atMs: 4600, beep: true }), ['MACHINE', 'MACHINE']);
    assert.deepEqual(after('waiting', { atMs: 4600 }), ['UNKNOWN', 'UNKNOWN']);
    assert.deepEqual(after('waiting', { atMs: 30_000, tone: true }), ['UNKNOWN', 'UNKNOWN']);
  });

  test('7: timeout ends with what was found last', () => {
    assert.deepEqual(after('utterance', { atMs: 30_000, speaking: true }), ['UNKNOWN', 'UNKNOWN']);
    assert.deepEqual(after('greeting', { atMs: 30_000, speaking: true }, WITH_END), ['MACHINE']);
  });

  test('behind the end nothing happens', () => {
    const ended: MachineState = { phase: 'ended', outcome: 'HUMAN' };
    const frame = { ...WAITING, atMs: 99_000, speaking: true, voiceMs: 9000, words: 9, beep: true };
    assert.deepEqual(stepMachine(ended, frame, RULES), { state: ended, events: [] });
  });
});
