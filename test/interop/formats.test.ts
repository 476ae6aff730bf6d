/**
 * Recordings of every format, at every rate a leg may have, read by tools that are not ours: ffprobe, ffmpeg,
 * mediabunny, Chromium, and a reader of MP4 that forgives nothing.
 */
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { ALL_FORMATS, EncodedPacketSink, FilePathSource, Input } from 'mediabunny';
import { Mp4SoundReader } from '../../src/media/mp4-sound.ts';
import { type Encoders, sharedEncoders } from '../../src/recording/encoder/encoder-thread.ts';
import { FileTarget } from '../../src/recording/file-target.ts';
import { Recorder } from '../../src/recording/recorder.ts';
import { repairSpool } from '../../src/recording/repair.ts';
import { VirtualClock } from '../../src/time/virtual-clock.ts';
import { testFrequencies, toneSamples, type Wav } from '../support/audio-files.ts';
import { DECODE_RATE, type Played, playInChromium } from '../support/chromium.ts';
import { decodeWithFfmpeg, probe } from '../support/ffprobe.ts';
import { checkMp4 } from '../support/mp4-check.ts';
import { skipWithout } from '../support/programs.ts';
import { assertRunOfTones, near } from '../support/tone-assertions.ts';
import { until } from '../support/until.ts';
import { type FoundTone, findDisturbances, findTones } from '../support/tone-finder.ts';

const RATES = [8000, 16_000, 48_000];
/** Left, and right with stereo; the right side is silent for its second half. */
const LEFT = { frequencies: testFrequencies(6, 525), toneMs: 500 };
const RIGHT = { frequencies: testFrequencies(3, 1525), toneMs: 500 };
const BLUR_MS = 130;
/** Not a whole number of anything. */
const DURATION_MS = 3013.25;
const SKIP = { skip: skipWithout('ffmpeg', 'ffprobe') };

interface Recorded {
  readonly format: 'mp3' | 'mp4';
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  readonly file: string;
  /** As a crash leaves it: the unfinished file, repaired. */
  readonly repaired: string;
  /** The unfinished file as it is. */
  readonly unfinished: string;
  readonly durationMs: number;
  readonly repairedMs: number;
}

const folder = mkdtempSync(path.join(tmpdir(), 'openswml-formats-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const all: Recorded[] = [];

async function record(format: 'mp3' | 'mp4', sampleRate: number, channels: 1 | 2): Promise<Recorded> {
  const name = path.join(folder, `${sampleRate}-${channels}`);
  const file = `${name}.${format}`;
  const unfinished = `${name}-unfinished.${format}`;
  const repaired = `${name}-repaired.${format}`;
  const clock = new VirtualClock();
  const target = new FileTarget(file, { clock });
  const encoders = new CountingEncoders();
  const recorder = new Recorder(
    {
      recordingId: 'r',
      controlId: 'c',
      path: file,
      format,
      direction: 'both',
      stereo: channels === 2,
      beep: false,
      terminators: '',
      inputSensitivity: 44,
      initialTimeoutMs: 0,
      endSilenceTimeoutMs: 0,
      maxLengthMs: 3_600_000,
    },
    { sampleRate, clock, onEvent: () => {}, target, encoders },
  );
  const side = ({ frequencies, toneMs }: typeof LEFT): Int16Array => {
    const samples = new Int16Array((DURATION_MS * sampleRate) / 1000);
    const tones = frequencies.map((frequencyHz) => ({ frequencyHz, durationMs: toneMs }));
    samples.set(toneSamples(tones, sampleRate).subarray(0, samples.length));
    return samples;
  };
  const [left, right] = [side(LEFT), channels === 2 ? side(RIGHT) : undefined];
  recorder.begin();
  for (let at = 0; at < left.length; at += sampleRate / 50) {
    const count = Math.min(sampleRate / 50, left.length - at);
    recorder.observe(left, right, at, count);
    recorder.append(left, right, at, count);
    await clock.advance(20);
  }
  await encoders.settled();
  await target.drained();
  copyFileSync(`${file}.part`, unfinished);
  copyFileSync(`${file}.part`, `${repaired}.part`);
  recorder.stop('hangup');
  const outcome = await recorder.finish();
  assert.deepEqual([outcome.state, outcome.error], ['finished', undefined]);
  assert.equal(outcome.durationMs, (left.length * 1000) / sampleRate);
  const mended = await repairSpool(repaired, format);
  assert.ok(mended.state === 'complete');
  return {
    format,
    sampleRate,
    channels,
    file,
    repaired,
    unfinished,
    durationMs: outcome.durationMs,
    repairedMs: mended.durationMs,
  };
}

/** The encoders of all recordings, which work in real time: knows when they have brought all that they were given. */
class CountingEncoders implements Encoders {
  #owed = 0;

  open(...[spec, listener]: Parameters<Encoders['open']>): ReturnType<Encoders['open']> {
    const stream = sharedEncoders().open(spec, {
      frames: (frames, samples) => {
        listener.frames(frames, samples);
        this.#owed -= samples;
      },
      ended: (frames) => listener.ended(frames),
      lost: (reason) => listener.lost(reason),
    });
    return {
      send: (samples) => {
        this.#owed += samples.length;
        stream.send(samples);
      },
      end: () => stream.end(),
      drop: () => stream.drop(),
    };
  }

  async settled(): Promise<void> {
    await until(() => this.#owed <= 0, 'the encoder has not brought all');
  }
}

before(async () => {
  for (const format of ['mp3', 'mp4'] as const) {
    for (const sampleRate of RATES) {
      for (const channels of [1, 2] as const) all.push(await record(format, sampleRate, channels));
    }
  }
});

function forEach(check: (recorded: Recorded) => Promise<void> | void, format?: 'mp3' | 'mp4') {
  return async () => {
    for (const recorded of all) {
      if (format !== undefined && recorded.format !== format) continue;
      try {
        await check(recorded);
      } catch (cause) {
        throw new Error(`${path.basename(recorded.file)}: ${(cause as Error).message}`, { cause });
      }
    }
  };
}

function readMp4(file: Buffer): readonly Float32Array[] {
  const reader = new Mp4SoundReader();
  const sides: number[][] = [];
  reader.push(file);
  const drain = (): void => {
    for (let next = reader.read(); next !== undefined; next = reader.read()) {
      for (const [channel, samples] of next.entries()) {
        sides[channel] ??= [];
        sides[channel].push(...samples);
      }
    }
  };
  drain();
  reader.end();
  drain();
  return sides.map((samples) => Float32Array.from(samples));
}

/** No tone is interrupted; where one follows another, an encoder that works on blocks of 128 ms may blur them. */
function assertWhole(wav: Wav, tones: readonly FoundTone[]): void {
  const inside = findDisturbances(wav, tones).filter(({ startMs, endMs }) =>
    tones.some((tone) => startMs >= tone.startMs + BLUR_MS && endMs <= tone.endMs - BLUR_MS),
  );
  assert.deepEqual(inside, []);
}

describe('Recorded formats', { concurrency: 3 }, () => {
  test(
    'ffprobe finds nothing to complain about, and the length to 20 ms',
    SKIP,
    forEach(async ({ file, format, sampleRate, channels, durationMs }) => {
      const probed = await probe(file);
      assert.deepEqual(probed.streams, [{ codec: format === 'mp3' ? 'mp3' : 'aac', sampleRate, channels }]);
      // Of MP3 it counts whole frames, with what the tag says is to be cut off at both ends.
      if (format === 'mp4') near(probed.durationMs, durationMs, 20, 'duration');
      else assert.ok(probed.durationMs >= durationMs && probed.durationMs < durationMs + 250);
    }),
  );

  test(
    'ffmpeg decodes every frame: the tones on their channel at their time, silence silent, the length to 20 ms',
    SKIP,
    forEach(async ({ file, format, channels, sampleRate, durationMs }) => {
      const wav = await decodeWithFfmpeg(file);
      assert.equal(wav.channels.length, channels);
      // This ffmpeg leaves what fills up the last AAC frame.
      const frameMs = format === 'mp4' ? (1024 * 1000) / sampleRate : 0;
      assert.ok(wav.durationMs >= durationMs - 1 && wav.durationMs <= durationMs + frameMs + 1);
      const found = assertRunOfTones(wav, LEFT);
      assertWhole(wav, found);
      assert.equal(found.length, LEFT.frequencies.length);
      near(found[0]!.startMs, 0, 20, 'the first tone');
      if (channels === 1) return;
      const right = findTones(wav, { frequencies: RIGHT.frequencies, channel: 1 });
      assert.deepEqual(
        right.map(({ frequencyHz }) => frequencyHz),
        RIGHT.frequencies,
      );
      near(right.at(-1)!.endMs, 1500, 20, 'the last tone on the right');
      const silent = wav.channels[1]!.subarray((2 * wav.sampleRate) | 0, (2.9 * wav.sampleRate) | 0);
      const loudest = silent.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
      assert.ok(loudest < 330, `the silent side is as loud as ${loudest}`);
    }),
  );

  test(
    'the boxes of an MP4 hold to the last byte, and say what was recorded',
    forEach(({ file, sampleRate, channels, durationMs }) => {
      const checked = checkMp4(readFileSync(file));
      assert.ok(checked.brands.includes('mp42') && checked.brands.includes('isom'));
      assert.deepEqual([checked.sampleRate, checked.channels], [sampleRate, channels]);
      assert.equal(checked.samples, (durationMs * sampleRate) / 1000);
      // AAC-LC (14496-3 table 1.16) with this many channels.
      assert.equal(checked.config[0]! >> 3, 2);
      assert.equal((checked.config[1]! >> 3) & 15, channels);
      assert.ok(checked.frames.every(({ length }) => length > 0));
    }, 'mp4'),
  );

  test(
    'mediabunny reads the same length and the same frames',
    forEach(async ({ file, format, sampleRate, channels, durationMs }) => {
      const input = new Input({ source: new FilePathSource(file), formats: ALL_FORMATS });
      const track = await input.getPrimaryAudioTrack();
      assert.deepEqual([track?.sampleRate, track?.numberOfChannels], [sampleRate, channels]);
      let packets = 0;
      for await (const packet of new EncodedPacketSink(track!).packets())
        packets += packet.data.length > 0 ? 1 : 0;
      if (format === 'mp4') {
        assert.equal(packets, checkMp4(readFileSync(file)).frames.length);
        near((await input.computeDuration()) * 1000, durationMs, 0.01, 'duration');
      }
      assert.ok(packets > (durationMs * sampleRate) / 1000 / 1152);
    }),
  );

  test(
    'our own reader of MP4 gives the samples that ffmpeg gives',
    SKIP,
    forEach(async ({ file, repaired, channels, sampleRate, durationMs }) => {
      for (const name of [file, repaired]) {
        const theirs = await decodeWithFfmpeg(name);
        const ours = readMp4(readFileSync(name));
        assert.equal(ours.length, channels);
        if (name === file) assert.equal(ours[0]!.length, (durationMs * sampleRate) / 1000);
        for (const [channel, samples] of ours.entries()) {
          // Both make up noise of their own where the encoder says that there is some.
          let power = 0;
          let error = 0;
          for (const [i, sample] of samples.entries()) {
            const expected = theirs.channels[channel]![i]!;
            power += expected ** 2;
            error += (expected - sample) ** 2;
          }
          const db = 10 * Math.log10(power / error);
          assert.ok(db > 40, `${path.basename(name)}: ${db} dB`);
        }
      }
    }, 'mp4'),
  );

  test(
    'what a crash leaves is decoded by ffmpeg as it is, and once repaired it lacks less than a second',
    SKIP,
    forEach(async ({ format, unfinished, repaired, sampleRate, durationMs, repairedMs }) => {
      const asItIs = await decodeWithFfmpeg(unfinished);
      assertWhole(asItIs, assertRunOfTones(asItIs, LEFT));
      assert.ok(repairedMs < durationMs && repairedMs > durationMs - 1000, `${repairedMs} ms`);
      const wav = await decodeWithFfmpeg(repaired);
      const frameMs = format === 'mp4' ? (1024 * 1000) / sampleRate : 0;
      assert.ok(Math.abs(wav.durationMs - repairedMs) <= frameMs + 20, `${wav.durationMs} ms`);
      assertWhole(wav, assertRunOfTones(wav, LEFT));
      if (format === 'mp4') {
        near((await probe(repaired)).durationMs, repairedMs, 20, 'duration');
        assert.equal(checkMp4(readFileSync(repaired)).samples, (repairedMs * sampleRate) / 1000);
      }
    }),
  );

  test('Chromium plays them to the end, finished, repaired or as a crash leaves them, and knows their length', {
    skip: skipWithout('chromium'),
  }, async () => {
    const files = all.flatMap(({ file, repaired, unfinished }) => [file, repaired, unfinished]);
    const played = new Map<string, Played>();
    for (const result of await playInChromium(files)) played.set(result.name, result);
    for (const { file, repaired, unfinished, channels, durationMs, repairedMs } of all) {
      for (const [name, ms] of [
        [file, durationMs],
        [repaired, repairedMs],
      ] as const) {
        const result = played.get(path.basename(name));
        assert.ok(result !== undefined && result.error === undefined, `${name}: ${result?.error}`);
        near(result.duration * 1000, ms, 20, `duration of ${name}`);
        near(result.endedAt * 1000, ms, 20, `end of ${name}`);
        near((result.samples * 1000) / DECODE_RATE, ms, 20, `decoded length of ${name}`);
        assert.equal(result.channels, channels);
      }
      assert.equal(played.get(path.basename(unfinished))?.error, undefined, unfinished);
    }
  });
});
