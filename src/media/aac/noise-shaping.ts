/** Temporal noise shaping (ISO/IEC 14496-3 4.6.9): filters along the spectrum. */
import type { BitReader } from './bit-reader.ts';
import type { WindowInfo } from './channel-stream.ts';
import { TNS_MAX_LONG, TNS_MAX_SHORT } from './tables.ts';

interface Filter {
  /** Bands that it covers, downward from where the one before ended. */
  readonly length: number;
  readonly downward: boolean;
  /** Prediction coefficients a1, a2 …; none: the bands are left as they are. */
  readonly coefficients: readonly number[];
}

export interface Shaping {
  /** Of each window. */
  readonly filters: readonly (readonly Filter[])[];
  readonly maxBand: number;
}

/** Of AAC-LC, in long and short windows. */
const MAX_ORDER_LONG = 12;
const MAX_ORDER_SHORT = 7;

/** tns_data. @throws Error, BitsEnded */
export function readShaping(reader: BitReader, short: boolean, rateIndex: number): Shaping {
  const filters = Array.from({ length: short ? 8 : 1 }, () => {
    const count = reader.bits(short ? 1 : 2);
    const resolution = count > 0 ? reader.bit() + 3 : 3;
    return Array.from({ length: count }, () => readFilter(reader, short, resolution));
  });
  return { filters, maxBand: (short ? TNS_MAX_SHORT : TNS_MAX_LONG)[rateIndex]! };
}

function readFilter(reader: BitReader, short: boolean, resolution: number): Filter {
  const length = reader.bits(short ? 4 : 6);
  const order = reader.bits(short ? 3 : 5);
  if (order === 0) return { length, downward: false, coefficients: [] };
  if (order > (short ? MAX_ORDER_SHORT : MAX_ORDER_LONG)) throw new Error(`a filter has the order ${order}`);
  const downward = reader.bit() === 1;
  const bits = resolution - reader.bit();
  // 4.6.9.3: reflection coefficients are sines, in steps that differ a little by sign.
  const half = 1 << (resolution - 1);
  const reflections = Array.from({ length: order }, () => {
    const raw = reader.bits(bits);
    const value = raw >= 1 << (bits - 1) ? raw - (1 << bits) : raw;
    return Math.sin((value * Math.PI) / 2 / (value >= 0 ? half - 0.5 : half + 0.5));
  });
  return { length, downward, coefficients: toPrediction(reflections) };
}

function toPrediction(reflections: readonly number[]): number[] {
  let coefficients: number[] = [];
  for (const [m, reflection] of reflections.entries()) {
    const before = coefficients;
    coefficients = before.map((value, i) => value + reflection * before[m - 1 - i]!);
    coefficients.push(reflection);
  }
  return coefficients;
}

/** Filters the spectrum of a channel, in place. */
export function shape(spectrum: Float32Array, { bands, maxBand }: WindowInfo, shaping: Shaping): void {
  const last = Math.min(shaping.maxBand, maxBand);
  for (const [window, filters] of shaping.filters.entries()) {
    let top = bands.length - 1;
    for (const { length, downward, coefficients } of filters) {
      const bottom = Math.max(0, top - length);
      const start = window * 128 + bands[Math.min(bottom, last)]!;
      const end = window * 128 + bands[Math.min(top, last)]!;
      if (coefficients.length > 0) filter(spectrum, start, end, downward, coefficients);
      top = bottom;
    }
  }
}

function filter(
  spectrum: Float32Array,
  start: number,
  end: number,
  downward: boolean,
  coefficients: readonly number[],
): void {
  const step = downward ? -1 : 1;
  let at = downward ? end - 1 : start;
  for (let done = 0; done < end - start; done++, at += step) {
    const reach = Math.min(done, coefficients.length);
    let value = spectrum[at]!;
    for (let i = 1; i <= reach; i++) value -= coefficients[i - 1]! * spectrum[at - i * step]!;
    spectrum[at] = value;
  }
}
