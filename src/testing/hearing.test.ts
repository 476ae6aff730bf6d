import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodePcmu, encodePcmu } from '../media/g711.ts';
import { add, concat, sine, speechLike, whiteNoise } from '../media/test-signals.ts';
import { findTone, speechIn } from './audio-facts.ts';
import { HeardAudio } from './heard-audio.ts';
import { loneTone } from '../media/lone-tone.ts';
import { createBeepDetector } from './tone-detector.ts';
import { Transcript } from './transcript.ts';

const RATE = 8000;
const silence = (ms: number): Int16Array => new Int16Array((ms * RATE) / 1000);

/** As it sounds at the other end of a telephone line. */
function overLine(samples: Int16Array): Int16Array {
  const codes = new Uint8Array(samples.length);
  const heard = new Int16Array(samples.length);
  encodePcmu(samples, 0, samples.length, codes, 0);
  decodePcmu(codes, 0, codes.length, heard, 0);
  return heard;
}

/** Frames in which a beep is heard. */
function beeps(samples: Int16Array): number {
  const detector = createBeepDetector(RATE);
  let count = 0;
  for (let at = 0; at + 160 <= samples.length; at += 160) {
    if (detector.push(samples.subarray(at, at + 160))) count++;
  }
  return count;
}

test('a lone tone is known by its frequency, over the line and under noise 20 dB below it', () => {
  for (const frequency of [260, 400, 440, 1000, 2000, 2800]) {
    for (let seed = 1; seed <= 20; seed++) {
      const noisy = overLine(add(sine(160, frequency, -20), whiteNoise(160, -40, seed)));
      assert.ok(Math.abs(loneTone(noisy, RATE) / frequency - 1) < 0.01, `${frequency} Hz`);
    }
  }
  assert.equal(loneTone(overLine(whiteNoise(160, -20)), RATE), 0);
  assert.equal(loneTone(silence(20), RATE), 0);
});

test('two tones are no lone one, however near they are to each other', () => {
  for (let lower = 300; lower <= 1500; lower += 40) {
    for (let upper = lower + 40; upper <= lower + 500; upper += 20) {
      const pair = overLine(add(sine(960, lower, -19), sine(960, upper, -19)));
      for (let at = 0; at < 960; at += 160) {
        const hz = loneTone(pair.subarray(at, at + 160), RATE);
        // Between two beats, two tones 40 Hz apart are as one for a moment.
        assert.ok(hz === 0 || upper - lower < 60, `${lower} + ${upper} Hz at ${at}: ${hz} Hz`);
      }
    }
  }
  const ringback = overLine(add(sine(1600, 440, -19), sine(1600, 480, -19)));
  assert.equal(beeps(ringback), 0);
});

test('speech is no beep, whatever it sounds like', () => {
  for (let seed = 1; seed <= 10; seed++) {
    assert.ok(beeps(overLine(speechLike(RATE * 5, -20, RATE, seed))) <= 3, `seed ${seed}`);
  }
  assert.ok(beeps(overLine(concat(silence(100), sine(3200, 1000, -18), silence(100)))) >= 17);
});

test('tones that sound together are found where they sound', () => {
  const ringback = add(sine(8000, 440, -19), sine(8000, 480, -19));
  const samples = overLine(concat(silence(500), ringback, silence(500)));
  const found = findTone(samples, RATE, [440, 480], 500);
  assert.ok(found !== undefined);
  assert.ok(Math.abs(found.fromMs - 540) <= 40 && Math.abs(found.toMs - 1500) <= 40, JSON.stringify(found));
  assert.equal(findTone(samples, RATE, [440], 500), undefined);
  assert.equal(findTone(samples, RATE, [440, 480], 1200), undefined);
  assert.equal(findTone(silence(1000), RATE, [440], 100), undefined);
});

test('speech is measured without the pauses between', () => {
  const samples = concat(
    silence(1000),
    speechLike(16_000, -20),
    silence(2000),
    speechLike(8000, -25),
    silence(500),
  );
  const ms = speechIn(overLine(samples), RATE);
  assert.ok(Math.abs(ms - 3000) <= 150, `${ms} ms`);
  assert.equal(speechIn(silence(1000), RATE), 0);
});

test('audio is kept as it came, in whatever portions', () => {
  const heard = new HeardAudio(RATE);
  const original = concat(silence(2500), whiteNoise(9001, -20), silence(3000), whiteNoise(100, -30));
  for (let at = 0; at < original.length; ) {
    const count = Math.min(original.length - at, 1 + ((at * 7) % 500));
    heard.append(original.subarray(at, at + count), count);
    at += count;
  }
  assert.equal(heard.length, original.length);
  assert.deepEqual(heard.slice(), original);
  assert.deepEqual(heard.slice(7990, 20_011), original.slice(7990, 20_011));
  assert.equal(heard.slice(1e6).length, 0);
});

test('text is heard in the measure in which it sounds, and no further than it got', () => {
  const transcript = new Transcript();
  const say = (text: string) => ({ kind: 'say', text }) as const;
  transcript.started('p1', say('one two three four'), 0, 1000, 2000);
  assert.equal(transcript.text(1000), '');
  assert.equal(transcript.text(2000), 'one two');
  assert.equal(transcript.text(3000), 'one two three four');
  transcript.started('p1', { kind: 'silence', seconds: 1 }, 2000, 3000, undefined);
  transcript.started('p1', say('<speak>five <break time="1s"/> six</speak>'), 3000, 4000, 1000);
  transcript.ended('p1', 3500, 4500);
  assert.equal(transcript.text(9000), 'one two three four five');
  transcript.started('p2', { kind: 'url', url: 'https://a.example/x.wav' }, 0, 9000, undefined);
  transcript.ended('p2', undefined, 9700);
  assert.deepEqual(
    transcript.sounds(1000).map(({ kind, startedAt, lasted, cut }) => [kind, startedAt, lasted, cut]),
    [
      ['say', 0, 2, false],
      ['silence', 2, 1, false],
      ['say', 3, 0.5, true],
      ['url', 8, 0.7, false],
    ],
  );
});
