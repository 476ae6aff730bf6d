import { ToneGenerator, type ToneStep } from './tones.ts';

//          1209 1336 1477 1633 Hz
//    697    1    2    3    A
//    770    4    5    6    B        ITU-T Q.23
//    852    7    8    9    C
//    941    *    0    #    D
export const ROWS_HZ = [697, 770, 852, 941];
export const COLUMNS_HZ = [1209, 1336, 1477, 1633];
export const KEYPAD = ['123A', '456B', '789C', '*0#D'];

/** Pauses within a string of keys. */
const PAUSES_MS: Readonly<Record<string, number>> = { w: 500, W: 1000 };

/** The upper group is sent 2 dB louder, because lines attenuate it more (ITU-T Q.24; "twist"). */
const LOW_GROUP_DBFS = -15;
const HIGH_GROUP_DBFS = -13;

/** How long keys sound and pause. */
export interface DtmfTiming {
  /** ms; Q.24 receivers need 40. */
  readonly toneMs: number;
  /** Between two keys, and behind the last, ms. */
  readonly gapMs: number;
}

/** spec/call-control.md 5. */
export const DEFAULT_DTMF_TIMING: DtmfTiming = { toneMs: 250, gapMs: 50 };

/**
 * The two frequencies of a key, Hz: lower group, upper group.
 * @param digit one of `0-9A-D*#`, letters in any case
 * @returns undefined for anything else
 */
export function dtmfFrequencies(digit: string): readonly [low: number, high: number] | undefined {
  const key = digit.toUpperCase();
  if (key.length !== 1) return undefined;
  const row = KEYPAD.findIndex((keys) => keys.includes(key));
  if (row < 0) return undefined;
  return [ROWS_HZ[row]!, COLUMNS_HZ[KEYPAD[row]!.indexOf(key)]!];
}

/**
 * The in-band sound of a string of keys.
 * @param digits any of `0-9A-Da-d*#`; `w` is a pause of 500 ms, `W` of 1 s
 * @param sampleRate Hz
 * @throws RangeError naming the character that is no key
 */
export function generateDtmf(
  digits: string,
  sampleRate: number,
  timing: DtmfTiming = DEFAULT_DTMF_TIMING,
): ToneGenerator {
  return new ToneGenerator(
    Array.from(digits).flatMap((digit) => stepsOf(digit, timing)),
    sampleRate,
  );
}

function stepsOf(digit: string, timing: DtmfTiming): ToneStep[] {
  const pauseMs = PAUSES_MS[digit];
  if (pauseMs !== undefined) return [{ sines: [], durationMs: pauseMs }];
  const frequencies = dtmfFrequencies(digit);
  if (frequencies === undefined) {
    throw new RangeError(`"${digit}" is no key: use 0-9 A-D * #, or w and W for a pause`);
  }
  const sines = [
    { frequencyHz: frequencies[0], levelDbfs: LOW_GROUP_DBFS },
    { frequencyHz: frequencies[1], levelDbfs: HIGH_GROUP_DBFS },
  ];
  return [
    { sines, durationMs: timing.toneMs },
    { sines: [], durationMs: timing.gapMs },
  ];
}
