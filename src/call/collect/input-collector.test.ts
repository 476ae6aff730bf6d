import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Effect, INPUTS, PHASES, step } from './input-collector.ts';

/** Every transition that does something (spec/media.md 4.3 and the rulings below it); all other pairs are ignored. */
const TRANSITIONS = [
  'playing + key -> keying: stopPlay, dropSpeech, addKey, announce, start digit',
  'playing + lastKey -> done: addKey, announce, conclude digits',
  'playing + terminator -> done: announce, conclude digits',
  'playing + played -> waiting: start initial, start speech',
  'playing + playFailed -> done: conclude playFailed',
  'playing + speechStart -> speaking: stopPlay, announce, start speech',
  'playing + recognised -> done: announce, conclude speech',
  'playing + notRecognised -> done: announce, conclude noMatch',
  'playing + speechFailed -> done: conclude speechFailed',
  'playing + ended -> done: conclude ended',
  'waiting + key -> keying: stop initial, stop speech, dropSpeech, addKey, announce, start digit',
  'waiting + lastKey -> done: addKey, announce, conclude digits',
  'waiting + terminator -> done: announce, conclude digits',
  'waiting + initialTimeout -> done: conclude noInput',
  'waiting + speechTimeout -> done: conclude noInput',
  'waiting + speechStart -> speaking: stop initial, announce',
  'waiting + recognised -> done: announce, conclude speech',
  'waiting + notRecognised -> done: announce, conclude noMatch',
  'waiting + speechFailed -> done: conclude speechFailed',
  'waiting + speechLost -> waiting: stop speech',
  'waiting + ended -> done: conclude ended',
  'keying + key -> keying: addKey, start digit',
  'keying + lastKey -> done: addKey, conclude digits',
  'keying + terminator -> done: conclude digits',
  'keying + digitTimeout -> done: conclude digits',
  'keying + ended -> done: conclude ended',
  'speaking + key -> keying: stop speech, dropSpeech, addKey, start digit',
  'speaking + lastKey -> done: addKey, conclude digits',
  'speaking + terminator -> done: conclude digits',
  'speaking + speechTimeout -> speaking: cutSpeech',
  'speaking + recognised -> done: conclude speech',
  'speaking + notRecognised -> done: conclude noMatch',
  'speaking + speechFailed -> done: conclude speechFailed',
  'speaking + speechLost -> waiting: stop speech, start initial',
  'speaking + ended -> done: conclude ended',
];

test('media.md 4.3: every pair of phase and input does what the list says, and nothing else', () => {
  const found: string[] = [];
  for (const phase of PHASES) {
    for (const input of INPUTS) {
      const next = step(phase, input);
      if (next.phase === phase && next.effects.length === 0) continue;
      found.push(`${phase} + ${input} -> ${next.phase}: ${next.effects.map(inWords).join(', ')}`);
    }
  }
  assert.deepEqual(found, TRANSITIONS);
});

test('media.md 4.3: it is concluded exactly when it is done, once, as the last effect', () => {
  for (const phase of PHASES) {
    for (const input of INPUTS) {
      const { phase: next, effects } = step(phase, input);
      const concluded = effects.map(({ type }) => type === 'conclude');
      assert.equal(concluded.filter(Boolean).length, phase !== 'done' && next === 'done' ? 1 : 0);
      if (concluded.includes(true)) assert.equal(concluded.at(-1), true);
    }
  }
});

test('media.md 4.3: from every phase the end of the call leads to done', () => {
  for (const phase of PHASES) assert.equal(step(phase, 'ended').phase, 'done');
});

function inWords(effect: Effect): string {
  if (effect.type === 'start' || effect.type === 'stop') return `${effect.type} ${effect.timer}`;
  return effect.type === 'conclude' ? `conclude ${effect.with}` : effect.type;
}
