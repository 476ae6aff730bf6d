/** Somebody talks from the very first sample on: no noise of the line is known before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PACKET_SAMPLES, putPacketWithPauses } from '../bench/speech.ts';
import { hum, white } from '../bench/voice/noises.ts';
import { throughLine } from '../bench/voice/trials.ts';
import { decodePcmu } from '../src/media/g711.ts';
import { add, concat, speechLike, whiteNoise } from '../src/media/test-signals.ts';
import { VoiceActivityDetector } from '../src/media/voice-activity.ts';
import { Bench } from '../src/recording/recorder-bench.ts';

const RATE = 8000;
const FRAME = RATE / 100;
const SENSITIVITY = 44;
/** Samples of a caller's alignments to the packets of a recording, and more than those of the frames. */
const ALIGNMENTS = 800;
/** Longest that the beginning may take until it is heard, samples: the level must have changed by then. */
const HEARD_WITHIN = 0.6 * RATE;

/** What the callers of the load generator say: 2 s of speech, 1 s of silence, and again. */
const CALLER = callerSays(250);

test('a caller who talks from the first sample on is heard all along, wherever that sample lies', () => {
  for (let lead = 0; lead < ALIGNMENTS; lead++) {
    for (const samples of [concat(new Int16Array(lead), CALLER), CALLER.subarray(lead)]) {
      const heard = listen(samples);
      assert.ok(heard.first <= lead + HEARD_WITHIN, `${lead}: first heard at ${heard.first}`);
      assert.ok(heard.longestGap <= 1.2 * RATE, `${lead}: nothing heard for ${heard.longestGap}`);
    }
  }
});

test('a recording that begins in the midst of speech does not end by silence before there is any', async () => {
  const says = concat(callerSays(400), whiteNoise(3 * RATE, -62));
  for (let lead = 0; lead < ALIGNMENTS; lead += 16) {
    for (const samples of [concat(new Int16Array(lead), says), says.subarray(lead)]) {
      const bench = new Bench({ initialTimeoutMs: 1000, endSilenceTimeoutMs: 2000 });
      bench.recorder.begin();
      bench.feed(samples, undefined, samples.length);
      const outcome = await bench.finish();
      assert.equal(outcome.endedBy, 'silence');
      const endMs = (samples.length - RATE) / 8;
      assert.ok(Math.abs(outcome.durationMs - endMs) <= 30, `${lead}: ${outcome.durationMs} of ${endMs}`);
    }
  }
});

test('speech at full level from the first sample on, at any level, is heard to its end before noise', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1 << 30 }),
      fc.integer({ min: -36, max: -10 }),
      fc.integer({ min: 20, max: 60 }),
      fc.integer({ min: 0, max: ALIGNMENTS - 1 }),
      (seed, levelDbfs, snrDb, cut) => {
        const speech = speechLike(3 * RATE, levelDbfs, RATE, seed).subarray(cut);
        const whole = concat(speech, new Int16Array(2 * RATE));
        const samples = throughLine(
          add(whole, whiteNoise(whole.length, Math.max(-70, levelDbfs - snrDb), seed)),
        );
        const heard = listen(samples, levelDbfs < -30 ? 64 : SENSITIVITY);
        assert.ok(heard.first < 2 * RATE, `first heard at ${heard.first}`);
        assert.ok(
          Math.abs(heard.end - speech.length) <= 0.2 * RATE,
          `${heard.end}, speech to ${speech.length}`,
        );
        assert.ok(heard.longestGapWithin <= 0.3 * RATE, `nothing heard for ${heard.longestGapWithin}`);
      },
    ),
    { numRuns: 50, seed: 800 },
  );
});

test('noise from the first sample on is no speech, bright, dull or mains, at any level', () => {
  const seconds = 4;
  const noises = [hum(seconds, 50, 3), hum(seconds, 60, 3)];
  for (const dullness of [0, 0.4, 0.6, 0.8, 0.9]) {
    let low = 0;
    noises.push(
      white(seconds, 7).map((sample) => {
        low = dullness * low + (1 - dullness) * sample;
        return low * Math.sqrt((1 + dullness) / (1 - dullness));
      }),
    );
  }
  for (const [index, noise] of noises.entries())
    for (const levelDbfs of [-15, -25, -35, -45]) {
      const gain = 32768 * 10 ** (levelDbfs / 20);
      const heard = listen(throughLine(Int16Array.from(noise, (sample) => sample * gain)), 70);
      assert.equal(heard.first, Number.POSITIVE_INFINITY, `noise ${index}, ${levelDbfs} dBFS`);
    }
});

interface Heard {
  /** Where the first speech begins, samples; Infinity when there is none. */
  readonly first: number;
  /** Behind the last of it. */
  readonly end: number;
  /** Longest stretch without speech from the first sample to the last, and between two of speech. */
  readonly longestGap: number;
  readonly longestGapWithin: number;
}

function listen(samples: Int16Array, sensitivity = SENSITIVITY): Heard {
  const detector = new VoiceActivityDetector({ sampleRate: RATE, sensitivity });
  let first = Number.POSITIVE_INFINITY;
  let end = 0;
  let longestGap = 0;
  let longestGapWithin = 0;
  for (let at = 0; at + FRAME <= samples.length; at += FRAME) {
    detector.process(samples, at, FRAME);
    if (detector.speaking) {
      const gap = detector.speechStart - end;
      longestGap = Math.max(longestGap, gap);
      if (first === Number.POSITIVE_INFINITY) first = detector.speechStart;
      else longestGapWithin = Math.max(longestGapWithin, gap);
      end = detector.speechEnd;
    }
  }
  return { first, end, longestGap: Math.max(longestGap, detector.analysed - end), longestGapWithin };
}

function callerSays(packets: number): Int16Array {
  const coded = new Uint8Array(packets * PACKET_SAMPLES);
  for (let index = 0; index < packets; index++) putPacketWithPauses(7, index, coded, index * PACKET_SAMPLES);
  const samples = new Int16Array(coded.length);
  decodePcmu(coded, 0, coded.length, samples, 0);
  return samples;
}
