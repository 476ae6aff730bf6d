import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AacDecoder } from '../../media/aac/decoder.ts';
import { audioSpecificConfig } from '../../media/mp4-boxes.ts';
import { sine, speechLike } from '../../media/test-signals.ts';
import { openAacEncoder } from './aac-encoder.ts';
import { LEAD_FRAMES } from './complete.ts';
import type { EncodingSpec } from './frame-encoder.ts';

/** Samples of the encoder's frames, by channel, its delay of a frame cut off. */
async function roundTrip(
  samples: Int16Array,
  sampleRate: number,
  channels: 1 | 2,
): Promise<readonly Float32Array[]> {
  const spec = {
    format: 'mp4',
    sampleRate,
    channels,
    kbps: channels * (sampleRate > 24_000 ? 96 : 40),
  } as const;
  const encoder = await openAacEncoder({ ...spec, skipFrames: 0 });
  const decoder = new AacDecoder(audioSpecificConfig(sampleRate, channels));
  assert.deepEqual(decoder.config, { sampleRate, channels });
  const out = Array.from({ length: channels }, () => [] as number[]);
  for (const { bytes, sizes } of [encoder.encode(samples), encoder.finish()]) {
    let at = 0;
    for (const size of sizes) {
      for (const [channel, decoded] of decoder.decode(bytes.subarray(at, at + size)).entries()) {
        out[channel]!.push(...decoded);
      }
      at += size;
    }
  }
  encoder.close();
  // The first frame's samples come with the second: the delay of encoder and decoder together.
  return out.map((side) => Float32Array.from(side.slice(1024)));
}

/** How much louder than its error, dB. */
function quality(original: Int16Array, decoded: Float32Array, stride = 1, channel = 0): number {
  let power = 0;
  let error = 0;
  for (let i = 1024; (i + 1024) * stride < original.length; i++) {
    const expected = original[i * stride + channel]!;
    power += expected ** 2;
    error += (expected - decoded[i]!) ** 2;
  }
  return 10 * Math.log10(power / error);
}

test('what the encoder makes of a tone, the decoder makes a tone of, at every rate of a call', async () => {
  for (const sampleRate of [8000, 16_000, 48_000]) {
    const tone = sine(sampleRate, 440, -12, sampleRate);
    const [mono] = await roundTrip(tone, sampleRate, 1);
    assert.ok(quality(tone, mono!) > 30, `${sampleRate} Hz: ${quality(tone, mono!)} dB`);
  }
});

test('channels stay apart, and something like speech stays what it was', async () => {
  const [left, right] = [speechLike(16_000, -20, 8000, 1), sine(16_000, 1000, -20)];
  const both = Int16Array.from({ length: 32_000 }, (_, i) => (i % 2 === 0 ? left : right)[i >> 1]!);
  const sides = await roundTrip(both, 8000, 2);
  assert.ok(quality(both, sides[0]!, 2, 0) > 12, `left: ${quality(both, sides[0]!, 2, 0)} dB`);
  assert.ok(quality(both, sides[1]!, 2, 1) > 20, `right: ${quality(both, sides[1]!, 2, 1)} dB`);
});

test('frames of a fresh encoder that was fed from a few frames before follow those of another without a seam', async () => {
  const tone = sine(8000 * 4, 475, -12);
  const spec = { format: 'mp4', sampleRate: 8000, channels: 1, kbps: 32 } as const;
  const whole = await encodedFrames({ ...spec, skipFrames: 0 }, tone);
  for (const cut of [9, 14, 20]) {
    const rest = tone.subarray((cut - LEAD_FRAMES) * 1024);
    const frames = [
      ...whole.slice(0, cut),
      ...(await encodedFrames({ ...spec, skipFrames: LEAD_FRAMES }, rest)),
    ];
    const [joined, expected] = [decodedFrames(frames), decodedFrames(whole)];
    assert.equal(joined.length, expected.length);
    const off = joined.map((sample, i) => Math.abs(sample - expected[i]!));
    assert.ok(Math.max(...off) < 0.02 * Math.max(...expected), `${Math.max(...off)} at the seam ${cut}`);
  }
});

async function encodedFrames(spec: EncodingSpec, samples: Int16Array): Promise<Uint8Array[]> {
  const encoder = await openAacEncoder(spec);
  const frames: Uint8Array[] = [];
  for (const { bytes, sizes } of [encoder.encode(samples), encoder.finish()]) {
    let at = 0;
    for (const size of sizes) {
      frames.push(bytes.subarray(at, at + size));
      at += size;
    }
  }
  encoder.close();
  return frames;
}

function decodedFrames(frames: readonly Uint8Array[]): number[] {
  const decoder = new AacDecoder(audioSpecificConfig(8000, 1));
  return frames.flatMap((frame) => [...decoder.decode(frame)[0]!]);
}
