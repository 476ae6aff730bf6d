import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Concealment } from './concealment.ts';
import { type DecodeSamples, SampleRing } from './sample-ring.ts';

const RATE = 8000;
const PACKET = 160;
/** Its pitch rises from 75 to 180 Hz. */
const SPEECH = Int16Array.from(
  { length: RATE },
  (_, n) => 9000 * Math.sin(2 * Math.PI * (75 + 140 * (n / RATE)) * (n / RATE)),
);
/** Positions are samples of {@link SPEECH}. */
const spoken: DecodeSamples = (_bytes, from, count, dest, at) => {
  for (let n = 0; n < count; n++) dest[at + n] = SPEECH[from + n]!;
};

/**
 * Speech whose packets numbered in `lost` do not come in time, those behind them `ahead` frames before they are heard;
 * `between` is called before each frame.
 */
function heard(lost: readonly number[], between: (concealment: Concealment) => void, ahead = 0): Int16Array {
  const ring = new SampleRing(4096);
  const concealment = new Concealment(ring, RATE);
  const heard = new Int16Array(20 * PACKET);
  let come = 0;
  for (let packet = 0; packet < 20; packet++) {
    for (; come <= Math.min(packet + ahead, 19); come++) {
      if (lost.includes(come)) continue;
      ring.write(come * PACKET, spoken, new Uint8Array(0), come * PACKET, PACKET);
      concealment.placed(come * PACKET);
    }
    between(concealment);
    const from = packet * PACKET;
    concealment.live(from, from + PACKET);
    ring.copyTo(heard, from, from, PACKET);
  }
  return heard;
}

test('a gap that grows is made up as if its period were looked for anew for each frame', () => {
  for (const lost of [
    [5],
    [5, 6],
    [5, 6, 7],
    [5, 6, 7, 8, 9, 10],
    [0, 1],
    [4, 6, 8, 9],
    [5, 6, 8, 9, 12, 13, 14],
  ]) {
    // What is placed, wherever it is, makes it look again.
    const anew = (concealment: Concealment): void => concealment.placed(0);
    const asItGrows = heard(lost, () => {});
    assert.deepEqual(asItGrows, heard(lost, anew), lost.join());
    const known = heard(lost, () => {}, 19);
    assert.deepEqual(known, heard(lost, anew, 19), `${lost.join()} of packets that have all come before`);
    const first = lost[0]! * PACKET;
    const isMadeUp = asItGrows.subarray(first, first + PACKET).some((sample) => sample !== 0);
    assert.equal(isMadeUp, lost[0] !== 0, 'nothing is known before the first packet');
  }
});
