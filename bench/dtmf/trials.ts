/** Keys as tones, with everything that ITU-T Q.24 lets vary, and what the detector makes of them. */
import { DtmfDetector } from '../../src/media/dtmf-detector.ts';
import { dtmfFrequencies } from '../../src/media/dtmf-tones.ts';
import { decodePcmu, encodePcmu } from '../../src/media/g711.ts';
import { sineAmplitude } from '../../src/media/level.ts';
import { add, seededRandom, whiteNoise } from '../../src/media/test-signals.ts';

export const RATE = 8000;
export const KEYS = '0123456789ABCD*#';

/** One press. */
export interface Press {
  readonly digit: string;
  readonly toneMs: number;
  /** Level of each tone, dBFS. */
  readonly lowDbfs: number;
  readonly highDbfs: number;
  /** How far each frequency is off, as a part of it. */
  readonly lowOff: number;
  readonly highOff: number;
  /** White noise on the line, dBFS. */
  readonly noiseDbfs: number;
}

export const NORMAL: Omit<Press, 'digit'> = {
  toneMs: 50,
  lowDbfs: -16,
  highDbfs: -16,
  lowOff: 0,
  highOff: 0,
  noiseDbfs: -60,
};

export interface Found {
  readonly digit: string;
  readonly start: number;
  end: number;
}

/** What a row of presses came to. */
export interface Acceptance {
  /** Presses found, as exactly one press of the right key. */
  readonly right: number;
  /** Presses of which anything at all was found. */
  readonly any: number;
  readonly of: number;
  /** How far the found beginnings and ends are off, ms: least and greatest. */
  readonly startMs: readonly [number, number];
  readonly endMs: readonly [number, number];
}

/** Keys that the detector finds. */
export function keysIn(samples: Int16Array): readonly Found[] {
  const found: Found[] = [];
  const detector = new DtmfDetector(RATE, {
    keyDown: (digit, start) => found.push({ digit, start, end: Number.NaN }),
    keyUp: (_digit, _start, end) => {
      found.at(-1)!.end = end;
    },
  });
  for (let at = 0; at < samples.length; at += 160)
    detector.process(samples, at, Math.min(160, samples.length - at));
  detector.process(new Int16Array(800), 0, 800);
  return found;
}

/** Presses each key `times` times, each time in another place of the grid and with other phases, on G.711. */
export function accept(press: Partial<Press>, times: number, seed = 7): Acceptance {
  const random = seededRandom(seed);
  for (let i = 0; i < 8; i++) random();
  let right = 0;
  let any = 0;
  const starts: number[] = [];
  const ends: number[] = [];
  for (let time = 0; time < times; time++)
    for (const digit of KEYS) {
      const lead = 800 + Math.floor(400 * random());
      const tone = keyTone({ ...NORMAL, ...press, digit }, random);
      const samples = new Int16Array(lead + tone.length + 800);
      samples.set(tone, lead);
      const noise = whiteNoise(
        samples.length,
        press.noiseDbfs ?? NORMAL.noiseDbfs,
        1 + Math.floor(1e6 * random()),
      );
      const found = keysIn(throughG711(add(samples, noise)));
      if (found.length > 0) any++;
      const only = found[0];
      if (found.length !== 1 || only?.digit !== digit) continue;
      right++;
      starts.push(((only.start - lead) * 1000) / RATE);
      ends.push(((only.end - lead - tone.length) * 1000) / RATE);
    }
  const range = (values: readonly number[]): readonly [number, number] => [
    Math.min(...values),
    Math.max(...values),
  ];
  return { right, any, of: times * KEYS.length, startMs: range(starts), endMs: range(ends) };
}

/** How often two presses of one key, `pauseMs` apart, are found to be one, two, or anything else. */
export function pausesFound(
  pauseMs: number,
  times: number,
  seed = 9,
): Readonly<Record<'one' | 'two' | 'other', number>> {
  const random = seededRandom(seed);
  for (let i = 0; i < 8; i++) random();
  const found = { one: 0, two: 0, other: 0 };
  for (let time = 0; time < times; time++)
    for (const digit of KEYS) {
      const lead = 800 + Math.floor(400 * random());
      const tones = [0, 1].map(() => keyTone({ ...NORMAL, digit }, random));
      const second = lead + tones[0]!.length + (pauseMs * RATE) / 1000;
      const samples = new Int16Array(second + tones[1]!.length + 800);
      samples.set(tones[0]!, lead);
      samples.set(tones[1]!, second);
      const keys = keysIn(throughG711(add(samples, whiteNoise(samples.length, NORMAL.noiseDbfs, 3 + time))));
      const right = keys.every((key) => key.digit === digit);
      found[right && keys.length === 1 ? 'one' : right && keys.length === 2 ? 'two' : 'other']++;
    }
  return found;
}

/** The two tones of a press. */
export function keyTone(press: Press, random: () => number): Int16Array {
  const [low, high] = dtmfFrequencies(press.digit)!;
  const sines = [
    { hz: low * (1 + press.lowOff), amplitude: sineAmplitude(press.lowDbfs), phase: 2 * Math.PI * random() },
    {
      hz: high * (1 + press.highOff),
      amplitude: sineAmplitude(press.highDbfs),
      phase: 2 * Math.PI * random(),
    },
  ];
  return Int16Array.from({ length: Math.round((press.toneMs * RATE) / 1000) }, (_, n) => {
    let sum = 0;
    for (const { hz, amplitude, phase } of sines)
      sum += amplitude * Math.sin((2 * Math.PI * hz * n) / RATE + phase);
    return Math.max(-32768, Math.min(32767, Math.round(sum)));
  });
}

function throughG711(samples: Int16Array): Int16Array {
  const coded = new Uint8Array(samples.length);
  encodePcmu(samples, 0, samples.length, coded, 0);
  decodePcmu(coded, 0, coded.length, samples, 0);
  return samples;
}
