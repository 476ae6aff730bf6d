/** A small part of `npm run bench:voice`, with the embedded voices alone: the same samples on every machine. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { hum, music, tones, type Signal, white } from '../bench/voice/noises.ts';
import { RATE, Speakers } from '../bench/voice/speakers.ts';
import {
  judge,
  measureUtterance,
  mixTrial,
  scale,
  segmentsOf,
  type TrialResult,
  type Utterance,
} from '../bench/voice/trials.ts';
import { concat, seededRandom } from '../src/media/test-signals.ts';

const SEED = 4242;
const TEXTS = ['Yes.', 'Please call me back before five, otherwise try tomorrow.', 'Customer service.'];

describe('voice detection on synthetic speech', () => {
  const utterances: Utterance[] = [];

  before(async () => {
    const speakers = await Speakers.load();
    for (const voice of ['rms', 'slt', 'awb'])
      for (const text of TEXTS)
        utterances.push(measureUtterance(await speakers.speak({ engine: 'flite', voice }, text)));
  });

  function trials(noise: Signal, snrDb: number): readonly TrialResult[] {
    const random = seededRandom(SEED);
    for (let i = 0; i < 8; i++) random();
    return [-10, -20, -30].flatMap((levelDbfs) =>
      utterances.map((utterance) => judge(mixTrial(utterance, levelDbfs, noise, snrDb, random), 44)),
    );
  }

  const wrong = (results: readonly TrialResult[], what: 'start' | 'end'): number =>
    results.filter((result) => result[what] !== 'right').length;

  it('finds beginning and end to 200 ms in white noise and hum down to 10 dB SNR', () => {
    for (const [name, noise] of [
      ['white', white(20, SEED)],
      ['hum', hum(20, 50, SEED)],
    ] as const)
      for (const snrDb of [20, 10]) {
        const results = trials(noise, snrDb);
        assert.equal(results.length, 27);
        assert.equal(wrong(results, 'start'), 0, `starts in ${name}, ${snrDb} dB`);
        assert.equal(wrong(results, 'end'), 0, `ends in ${name}, ${snrDb} dB`);
      }
  });

  it('at 5 dB SNR finds every beginning, and four of five ends: the last sound drowns first', () => {
    const results = trials(white(20, SEED), 5);
    assert.equal(wrong(results, 'start'), 0);
    assert.ok(wrong(results, 'end') <= 5, `${wrong(results, 'end')} of ${results.length}`);
    assert.equal(results.filter(({ end }) => end === 'late').length, 0);
  });

  it('knows of a beginning within 250 ms, most often within 130', () => {
    const delays = trials(white(20, SEED), 20)
      .flatMap(({ startDelayMs }) => startDelayMs ?? [])
      .sort((a, b) => a - b);
    assert.ok(delays.at(-1)! <= 250, `${delays.at(-1)}`);
    assert.ok(delays[Math.floor(delays.length / 2)]! <= 130, `${delays}`);
  });

  it('takes neither music on hold nor call progress tones for speech', () => {
    const sounds: readonly (readonly [string, Signal])[] = [
      ['music', music(30, SEED)],
      ['US ringing', tones(30, [440, 480], 2, 4)],
      ['US busy', tones(30, [480, 620], 0.5, 0.5)],
      ['UK ringing', tones(30, [400, 450], 0.4, 0.2)],
    ];
    for (const [name, sound] of sounds)
      for (const levelDbfs of [-25, -40])
        assert.deepEqual(segmentsOf(scale(sound, levelDbfs), 44), [], `${name} at ${levelDbfs} dBFS`);
  });

  it('hears a talker 3 dB above the level of the sensitivity, and not one 14 dB below', () => {
    const line = white(20, SEED);
    for (const sensitivity of [30, 44, 70]) {
      const threshold = -15 - 0.5 * sensitivity;
      const random = seededRandom(SEED);
      const heard = (levelDbfs: number): number =>
        utterances.filter(
          (utterance) =>
            segmentsOf(mixTrial(utterance, levelDbfs, line, levelDbfs + 80, random).samples, sensitivity)
              .length > 0,
        ).length;
      assert.equal(heard(threshold + 3), utterances.length, `sensitivity ${sensitivity}`);
      assert.ok(heard(threshold - 14) <= 1, `sensitivity ${sensitivity}`);
    }
  });

  it('does not let go of a talker for as long as a second, in text read without pauses', () => {
    const parts = utterances.flatMap(({ samples, from, to }) => [samples.subarray(from, to)]);
    const whole = measureUtterance(concat(...parts));
    const { samples, from, to } = mixTrial(whole, -22, white(20, SEED), 30, seededRandom(SEED));
    let end = from;
    for (const segment of segmentsOf(samples, 44)) {
      assert.ok(segment.start - end < 0.5 * RATE, `nothing from ${end - from} to ${segment.start - from}`);
      end = segment.end;
    }
    assert.ok(Math.abs(end - to) < 0.2 * RATE);
  });
});
