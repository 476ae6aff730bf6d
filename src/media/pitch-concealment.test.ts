import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { goertzelDbfs } from './goertzel.ts';
import { rmsDbfs } from './level.ts';
import { CONTEXT_MS, FADE_MS, PitchConcealer } from './pitch-concealment.ts';
import { concat, sine, speechLike } from './test-signals.ts';

interface Gap {
  readonly from: number;
  readonly length: number;
}

/** `signal` with the gap made up; `closed`: what follows it is known. */
function concealed(signal: Int16Array, { from, length }: Gap, rate: number, closed = true): Int16Array {
  const concealer = new PitchConcealer(rate);
  const { context } = concealer;
  const past = signal.slice(from - context, from);
  const future = closed ? signal.slice(from + length, from + length + context) : new Int16Array(0);
  const made = new Int16Array(length);
  concealer.conceal(past, context, length, future, future.length, 0, made);
  return made;
}

const at = (ms: number, rate: number): number => (ms * rate) / 1000;

for (const rate of [8000, 16_000, 48_000]) {
  describe(`concealment at ${rate} Hz`, () => {
    test('a tone goes on through a lost packet at its level, in its phase', () => {
      for (const frequency of [200, 440, 1000]) {
        const tone = sine(at(400, rate), frequency, -20, rate);
        const gap = { from: at(200, rate), length: at(20, rate) };
        const truth = tone.slice(gap.from, gap.from + gap.length);
        const error = concealed(tone, gap, rate).map((sample, n) => sample - truth[n]!);
        assert.ok(rmsDbfs(error) < rmsDbfs(truth) - 15, `${frequency} Hz: ${rmsDbfs(error)} dBFS wrong`);
      }
    });

    test(`what is not known to go on is faded out over ${FADE_MS} ms and is silence from there on`, () => {
      const tone = sine(at(400, rate), 500, -20, rate);
      const made = concealed(tone, { from: at(200, rate), length: at(120, rate) }, rate, false);
      const level = (fromMs: number): number => rmsDbfs(made, at(fromMs, rate), at(10, rate));
      assert.ok(Math.abs(level(0) + 20) < 0.5);
      for (let ms = 10; ms < 50; ms += 10) assert.ok(level(ms + 10) < level(ms) - 0.5, `${ms} ms`);
      assert.ok(made.subarray(at(FADE_MS, rate)).every((sample) => sample === 0));
    });
  });
}

test('speech with a gap of 20 ms keeps its energy there, and fits at both edges', () => {
  let energy = 0;
  let truth = 0;
  let widest = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const speech = speechLike(8000, -20, 8000, seed);
    const gap = { from: 2000 + seed * 97, length: 160 };
    const made = concealed(speech, gap, 8000);
    const whole = concat(speech.slice(0, gap.from), made, speech.slice(gap.from + gap.length));
    for (let n = 0; n < gap.length; n++) {
      energy += made[n]! ** 2;
      truth += speech[gap.from + n]! ** 2;
    }
    let usual = 0;
    for (let n = 1; n < speech.length; n++) usual = Math.max(usual, Math.abs(speech[n]! - speech[n - 1]!));
    for (const edge of [gap.from, gap.from + gap.length])
      widest = Math.max(widest, Math.abs(whole[edge]! - whole[edge - 1]!) / usual);
  }
  const change = 10 * Math.log10(energy / truth);
  assert.ok(change > -3 && change < 1, `${change} dB`);
  assert.ok(widest <= 1, `a step of ${widest} times the steepest of the speech`);
});

test('silence, and too little audio to know a period of, give silence', () => {
  const concealer = new PitchConcealer(8000);
  const made = new Int16Array(160).fill(1);
  concealer.conceal(new Int16Array(concealer.context), concealer.context, 160, new Int16Array(0), 0, 0, made);
  assert.ok(made.every((sample) => sample === 0));
  const shortest = sine(30, 440, -20);
  concealer.conceal(shortest, 30, 160, shortest, 30, 0, made.fill(1));
  assert.ok(made.every((sample) => sample === 0));
  assert.ok(concealer.context >= at(CONTEXT_MS, 8000));
});

test('a tone that is lost while it sounds is heard on, at its frequency', () => {
  const tone = sine(3200, 697, -20);
  for (const from of [1000, 1040, 1080, 1120]) {
    const made = concealed(tone, { from, length: 160 }, 8000);
    assert.ok(goertzelDbfs(made, 697, 8000) > -24);
  }
});
