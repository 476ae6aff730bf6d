import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PeerAudio } from './peer-audio.ts';

const FRAME = 160;

function frameOf(value: number): Int16Array {
  return new Int16Array(FRAME).fill(value);
}

function take(audio: PeerAudio): number | undefined {
  const out = new Int16Array(FRAME);
  return audio.mixInto(out, false) ? out[FRAME - 1] : undefined;
}

test('frames come out in their order, each once, and nothing comes of nothing', () => {
  const audio = new PeerAudio(FRAME, 8000);
  assert.equal(take(audio), undefined);
  for (const value of [1000, 2000]) audio.push(frameOf(value), FRAME, 8000);
  assert.deepEqual([take(audio), take(audio), take(audio)], [1000, 2000, undefined]);
});

test('what is sounding already lies over it, neither is lost', () => {
  const audio = new PeerAudio(FRAME, 8000);
  audio.push(frameOf(1000), FRAME, 8000);
  const out = frameOf(300);
  assert.equal(audio.mixInto(out, true), true);
  assert.equal(out[0], 1300);
  assert.equal(audio.mixInto(out, true), true);
  assert.equal(out[0], 1300, 'what sounds alone is left as it is');
});

test('silence is told as such, so that it may be sent as silence', () => {
  const audio = new PeerAudio(FRAME, 8000);
  audio.push(frameOf(0), FRAME, 8000);
  assert.equal(take(audio), undefined);
  assert.equal(audio.waiting, 0);
});

test('a frame too much is left out where it is quiet, at the latest after two seconds', () => {
  for (const [value, most] of [
    [100, 26],
    [9000, 101],
  ] as const) {
    const audio = new PeerAudio(FRAME, 8000);
    audio.push(frameOf(value), FRAME, 8000);
    let takes = 0;
    do {
      audio.push(frameOf(value), FRAME, 8000);
      take(audio);
      takes++;
    } while (audio.waiting > 0 && takes < 1000);
    assert.ok(takes <= most, `${takes} takes at a level of ${value}`);
    assert.ok(takes >= 25, `${takes} takes: a frame that is wanted a moment later is kept`);
  }
});

test('no more than 200 ms ever wait', () => {
  const audio = new PeerAudio(FRAME, 8000);
  for (let n = 1; n <= 100; n++) audio.push(frameOf(n), FRAME, 8000);
  assert.equal(audio.waiting, 10 * FRAME);
  assert.equal(take(audio), 91, 'the newest are kept');
});

for (const [from, to] of [
  [16_000, 8_000],
  [8_000, 48_000],
  [48_000, 16_000],
] as const) {
  test(`a tone keeps its pitch and level from ${from} to ${to} Hz`, () => {
    const frame = to / 50;
    const audio = new PeerAudio(frame, to);
    const heard = new Int16Array(frame * 20);
    const said = new Int16Array(from / 50);
    for (let n = 0; n < 20; n++) {
      for (let i = 0; i < said.length; i++)
        said[i] = Math.round(10_000 * Math.sin((2 * Math.PI * 1000 * (n * said.length + i)) / from));
      audio.push(said, said.length, from);
      audio.mixInto(heard.subarray(n * frame, (n + 1) * frame), false);
    }
    const settled = heard.subarray(10 * frame);
    const peak = settled.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    assert.ok(Math.abs(peak - 10_000) < 200, `peak ${peak}`);
    let crossings = 0;
    for (let i = 1; i < settled.length; i++) if (settled[i - 1]! < 0 && settled[i]! >= 0) crossings++;
    assert.ok(Math.abs(crossings - 200) <= 1, `${crossings} periods in 200 ms of 1000 Hz`);
  });
}
