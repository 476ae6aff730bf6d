/** The noise filter of a session, on virtual time. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { encodePcmu } from '../media/g711.ts';
import { rmsDbfs } from '../media/level.ts';
import { add, concat, speechLike, whiteNoise } from '../media/test-signals.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { decoded } from './peer.test-helper.ts';
import { SessionDenoiser } from './session-denoiser.ts';
import { openRig, type Rig } from './session.test-helper.ts';

/** Seconds of noise, then of a voice in it, then of noise again. */
const NOISE_S = 4;
const VOICE_S = 2;
const NOISE = whiteNoise((2 * NOISE_S + VOICE_S) * 8000, -40);
const VOICE = concat(
  new Int16Array(NOISE_S * 8000),
  speechLike(VOICE_S * 8000, -20),
  new Int16Array(NOISE_S * 8000),
);

async function talk(t: TestContext): Promise<{ rig: Rig; said: Int16Array }> {
  const rig = await openRig(t);
  const mixed = add(NOISE, VOICE);
  const codes = new Uint8Array(mixed.length);
  encodePcmu(mixed, 0, mixed.length, codes, 0);
  rig.peer.content = (n) => codes[n % codes.length]!;
  rig.peer.start(rig.port);
  await rig.clock.advance(100);
  return { rig, said: decoded(codes) };
}

/** Where `part` lies in `whole`, by their likeness. */
function placeOf(part: Int16Array, whole: Int16Array, from: number, to: number): number {
  let best = from;
  let highest = Number.NEGATIVE_INFINITY;
  for (let at = from; at < to; at++) {
    let sum = 0;
    for (let n = 0; n < part.length; n += 3) sum += part[n]! * whole[at + n]!;
    if (sum > highest) {
      highest = sum;
      best = at;
    }
  }
  return best;
}

const heardIn = (rig: Rig): Int16Array =>
  Int16Array.from(rig.events.flatMap((event) => (event.type === 'heardAudio' ? [...event.samples] : [])));

describe('denoise', () => {
  test('media.md 8, denoise: noise goes, the voice stays at its level and, in a recording, at its place', async (t) => {
    const { rig, said } = await talk(t);
    rig.record('plain');
    rig.record('clean');
    rig.send({ type: 'denoise', on: true });
    rig.send({ type: 'denoise', on: true });
    rig.send({ type: 'listen', listenId: 'l' });
    await rig.clock.settle();
    assert.equal(
      rig.events.filter((event) => event.type === 'denoised' && event.error === undefined).length,
      2,
    );
    await rig.clock.advance((2 * NOISE_S + VOICE_S) * 1000 - 500);
    rig.send({ type: 'stopRecord', recordingId: 'clean', cause: 'stop' });
    await rig.clock.settle();
    const file = rig.wav('clean')[0]!;
    assert.equal(rig.outcome('clean').durationMs, file.length / 8);
    const second = (from: number): number => rmsDbfs(file, from * 8000, 8000);
    assert.ok(second(2.5) < -60, `${second(2.5)} dBFS of noise before the voice`);
    assert.ok(second(NOISE_S + VOICE_S + 2) < -60, `${second(NOISE_S + VOICE_S + 2)} dBFS behind it`);
    const voice = file.slice((NOISE_S + 0.5) * 8000, (NOISE_S + 1.5) * 8000);
    const place = placeOf(voice, said, NOISE_S * 8000, (NOISE_S + 1) * 8000);
    const before = rmsDbfs(said, place, voice.length);
    assert.ok(Math.abs(rmsDbfs(voice) - before) < 3, `${rmsDbfs(voice)} of ${before} dBFS`);
    // The start of the recording on the timeline is known by its first moment, which no filter had yet.
    const start = placeOf(file.slice(0, 80), said, 0, 3200);
    assert.ok(Math.abs(place - start - (NOISE_S + 0.5) * 8000) <= 2, `${place - start} samples in`);
    const heard = heardIn(rig);
    assert.ok(rmsDbfs(heard, 20_000, 8000) < -60, 'those who listen hear the same');
    await rig.close();
  });

  test('media.md 8, stop_denoise: from then on every sample is as it came; recordings go on', async (t) => {
    const { rig, said } = await talk(t);
    rig.send({ type: 'denoise', on: true });
    rig.record('r');
    await rig.clock.advance(1000);
    rig.send({ type: 'denoise', on: false });
    await rig.clock.advance(1000);
    rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
    await rig.clock.settle();
    const file = rig.wav('r')[0]!;
    const tail = file.slice(-6400);
    const at = placeOf(tail, said, 0, 16_000);
    assert.deepEqual(tail, said.slice(at, at + tail.length));
    await rig.close();
  });

  test('media.md 8, denoise: the last moment of a recording has the level of what is before, also read by itself', async () => {
    const clock = new VirtualClock();
    const denoiser = new SessionDenoiser({ sessionId: 's', sampleRate: 8000, clock, onEvent: () => {} });
    denoiser.turn(true);
    await clock.settle();
    assert.equal(denoiser.active, true);
    const end = NOISE_S * 8000;
    for (let at = 0; at < end; at += 160) denoiser.process(at, 160, NOISE.slice(at, at + 160), at);
    // As a recorder that reads in portions: the last one is shorter than the delay of the filter.
    const portion = NOISE.slice(end - 1700, end - 100);
    denoiser.apply(portion, end - 1700, 1600);
    const last = NOISE.slice(end - 100, end);
    denoiser.apply(last, end - 100, 100);
    assert.ok(rmsDbfs(portion) < -55, `${rmsDbfs(portion)} dBFS`);
    assert.ok(rmsDbfs(last) < -55, `${rmsDbfs(last)} dBFS in the last moment`);
    denoiser.stop();
  });

  test('whoever waits for a filter that is turned off while it is loaded is told so, and nobody else', async (t) => {
    const { rig } = await talk(t);
    rig.send({ type: 'denoise', on: true, denoiseId: 'first' });
    rig.send({ type: 'denoise', on: false });
    rig.send({ type: 'denoise', on: true, denoiseId: 'second' });
    await rig.clock.settle();
    const told = rig.events.flatMap((event) =>
      event.type === 'denoised' ? [[event.denoiseId, event.error]] : [],
    );
    assert.deepEqual(told, [
      ['first', 'it was turned off before it was there'],
      ['second', undefined],
    ]);
    await rig.close();
  });

  test('keys that sound are heard through it', async (t) => {
    const rig = await openRig(t, { inbandDigits: 'always' });
    rig.send({ type: 'denoise', on: true });
    await rig.clock.advance(100);
    const tone = Int16Array.from(
      { length: 800 },
      (_, n) => 6000 * (Math.sin((2 * Math.PI * 770 * n) / 8000) + Math.sin((2 * Math.PI * 1336 * n) / 8000)),
    );
    const codes = new Uint8Array(800);
    encodePcmu(tone, 0, 800, codes, 0);
    rig.peer.content = (n) => (n >= 8000 && n < 8800 ? codes[n - 8000]! : 0xff);
    rig.peer.start(rig.port);
    await rig.clock.advance(2000);
    assert.deepEqual(
      rig.events.flatMap((event) => (event.type === 'digit' ? [event.digit] : [])),
      ['5'],
    );
    await rig.close();
  });
});
