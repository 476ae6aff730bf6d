/** What a caller hears of `ring:` (spec/media.md 2), measured on the audio that came over the line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { virtualCall } from './index.ts';

/**
 * Ringing tones as the national figures print them (ITU-T E.180 Supplement 2; AS/ACIF S002, BT SIN350, TNA102,
 * IDA PSTN1): hertz, `+` for sounding together, `x` for modulated by; then on-off-… in seconds. A tone f1 x f2
 * is two partials, f2 apart around f1: so Australia prints 425 x 25 as 413+438, South Africa 400 x 33 as 383+417.
 */
const PRINTED = `
  at 420        1.0-5.0
  au 413+438    0.4-0.2-0.4-2.0
  bg 425        1.0-4.0
  br 425        1.0-4.0
  be 425        1.0-3.0
  ch 425        1.0-4.0
  cl 400        1.0-3.0
  cn 450        1.0-4.0
  cz 425        1.0-4.0
  de 425        1.0-4.0
  dk 425        1.0-4.0
  ee 425        1.0-4.0
  es 425        1.5-3.0
  fi 425        1.0-4.0
  fr 440        1.5-3.5
  gr 425        1.0-4.0
  hu 425        1.25-3.75
  il 414        1.0-3.0
  in 400x25     0.4-0.2-0.4-2.0
  it 425        1.0-4.0
  lt 425        1.0-4.0
  jp 400x16     1.0-2.0
  mx 425        1.0-4.0
  my 425        0.4-0.2-0.4-2.0
  nl 425        1.0-4.0
  no 425        1.0-4.0
  nz 400+450    0.4-0.2-0.4-2.0
  ph 425+480    1.0-4.0
  pl 425        1.0-4.0
  pt 425        1.0-5.0
  ru 425        1.0-4.0
  se 425        1.0-5.0
  sg 425x24     0.4-0.2-0.4-2.0
  th 420        1.0-5.0
  uk 400+450    0.4-0.2-0.4-2.0
  us 440+480    2.0-4.0
  us-old 420x40 2.0-4.0
  tw 440+480    1.0-2.0
  ve 425        1.0-4.0
  za 383+417    0.4-0.2-0.4-2.0
`;

interface Ring {
  readonly country: string;
  readonly partialsHz: readonly number[];
  readonly onOffMs: readonly number[];
}

const RINGS: readonly Ring[] = PRINTED.trim()
  .split('\n')
  .map((line) => {
    const [country, tone, cadence] = line.trim().split(/ +/) as [string, string, string];
    const [carrier, by] = tone.split('x').map(Number) as [number, number?];
    return {
      country,
      partialsHz: by === undefined ? tone.split('+').map(Number) : [carrier - by / 2, carrier + by / 2],
      onOffMs: cadence.split('-').map((seconds) => Number(seconds) * 1000),
    };
  });

const RATE = 8000;
const WINDOW = RATE / 200;
/** Beats are silent for a moment, pauses for longer, ms. */
const SHORTEST_PAUSE_MS = 60;

interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Where something sounds, in samples. */
function sounding(samples: Int16Array): Stretch[] {
  const found: { from: number; to: number }[] = [];
  for (let at = 0; at + WINDOW <= samples.length; at += WINDOW) {
    const loud = samples.subarray(at, at + WINDOW).some((sample) => Math.abs(sample) > 800);
    if (!loud) continue;
    const last = found.at(-1);
    if (last !== undefined && at - last.to < (SHORTEST_PAUSE_MS * RATE) / 1000) last.to = at + WINDOW;
    else found.push({ from: at, to: at + WINDOW });
  }
  return found;
}

/** Half a second in a Hann window: what lies beside a partial does not hide it, or make up another. */
function windowed(samples: Int16Array): Float64Array {
  const count = Math.min(samples.length, RATE / 2);
  return Float64Array.from({ length: count }, (_, n) => {
    return samples[n]! * (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / count));
  });
}

/** Power of one frequency in windowed samples (Goertzel). */
function powerAt(values: Float64Array, hz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / RATE);
  let last = 0;
  let before = 0;
  for (const value of values) {
    const next = value + coefficient * last - before;
    before = last;
    last = next;
  }
  return last * last + before * before - coefficient * last * before;
}

/** The partials of a sound between 350 and 520 Hz, those within 13 dB of all of it, with their share in dB. */
function partials(samples: Int16Array): { hz: number; db: number }[] {
  const values = windowed(samples);
  const power = samples.subarray(0, values.length).reduce((sum, sample) => sum + sample ** 2, 0);
  const levels = Array.from(
    { length: 86 },
    (_, index) => 10 * Math.log10((8 * powerAt(values, 350 + 2 * index)) / values.length / power),
  );
  return levels.flatMap((db, index) => {
    const highest = db > (levels[index - 1] ?? db) && db >= (levels[index + 1] ?? db);
    return db > -13 && highest ? [{ hz: 350 + 2 * index, db }] : [];
  });
}

/** The stretches of one sound and the pauses behind them, ms. */
function cadence(stretches: readonly Stretch[], end: number): number[] {
  return stretches.flatMap(({ from, to }, index) => [
    ((to - from) * 1000) / RATE,
    (((stretches[index + 1]?.from ?? end) - to) * 1000) / RATE,
  ]);
}

function assertNear(
  found: readonly number[],
  expected: readonly number[],
  within: number,
  what: string,
): void {
  const near =
    found.length === expected.length &&
    found.every((value, index) => Math.abs(value - expected[index]!) <= within);
  assert.ok(near, `${what}: ${found.join(' ')}, expected ${expected.join(' ')}`);
}

async function heardOf(sounds: readonly string[]): Promise<Int16Array> {
  const call = await virtualCall({ document: { sections: { main: [{ play: { urls: sounds } }] } } });
  await call.ends();
  return call.heard;
}

test('media.md 2: each country rings as its national figures say, for one cycle with its pause', async () => {
  const heard = await heardOf(RINGS.map(({ country }) => `ring:${country}`));
  let stretches = sounding(heard);
  let from = stretches[0]!.from;
  for (const { country, partialsHz, onOffMs } of RINGS) {
    const cycle = (onOffMs.reduce((sum, ms) => sum + ms, 0) * RATE) / 1000;
    const own = stretches.filter((stretch) => stretch.from < from + cycle - RATE / 50);
    assertNear(cadence(own, from + cycle), onOffMs, 20, `ring:${country}, ms`);
    for (const stretch of own) {
      const samples = heard.subarray(stretch.from + 80, stretch.to - 80);
      const found = partials(samples);
      assertNear(
        found.map(({ hz }) => hz),
        partialsHz,
        2,
        `ring:${country}, Hz`,
      );
      // Each has its share, and together they are nearly all that sounds.
      for (const { db } of found)
        assert.ok(Math.abs(db + 10 * Math.log10(found.length)) < 1.5, `${country}: ${db} dB`);
    }
    stretches = stretches.slice(own.length);
    from += cycle;
  }
  assert.deepEqual(stretches, []);
});

test('media.md 2: a ring with seconds is cut off or goes on in its cadence', async () => {
  const cut = await heardOf(['ring:1.3:us', 'silence:0.5']);
  assertNear(cadence(sounding(cut), 0).slice(0, 1), [1300], 20, 'ring:1.3:us, ms');
  const repeated = sounding(await heardOf(['ring: 5.4: uk']));
  const end = repeated[0]!.from + 5.4 * RATE;
  assertNear(cadence(repeated, end), [400, 200, 400, 2000, 400, 200, 400, 1400], 20, 'ring:5.4:uk, ms');
});
