import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AudioPacker } from './audio-packer.ts';

test('what is left at the end is packed, also where G.722 has no pair for its last sample', () => {
  for (const [rate, frame, rest] of [
    [16_000, 320, 161],
    // Of three samples, the codec has one.
    [48_000, 960, 483],
  ] as const) {
    const lengths: number[] = [];
    const packer = new AudioPacker(
      { codec: 'G722', sampleRate: 16_000, ptimeMs: 20 },
      rate,
      {},
      (_buffer, _offset, length) => lengths.push(length),
    );
    packer.push(new Int16Array(frame), frame);
    packer.push(new Int16Array(frame), rest);
    packer.close();
    assert.deepEqual(lengths, [160, 80], `${rate} Hz`);
  }
});
