/** One channel of a frame: individual_channel_stream and what it holds (ISO/IEC 14496-3 4.4.2.7, 4.6). */
import type { BitReader } from './bit-reader.ts';
import { Codes, SpectrumCodes } from './huffman.ts';
import { readShaping, type Shaping } from './noise-shaping.ts';
import { LONG_BANDS, SCALE_FACTOR_CODES, SHORT_BANDS, SPECTRUM_BOOKS } from './tables.ts';

export const FRAME = 1024;
const SHORT = 128;

export const ONLY_LONG = 0;
export const LONG_START = 1;
export const EIGHT_SHORT = 2;
export const LONG_STOP = 3;

/** Codebooks that are none: how the band comes about instead. */
const ZERO = 0;
const RESERVED = 12;
export const NOISE = 13;
export const INTENSITY_INVERSE = 14;
export const INTENSITY = 15;

/** How the frame is cut into windows and bands: ics_info. */
export interface WindowInfo {
  readonly sequence: number;
  /** 0: sine, 1: Kaiser-Bessel. */
  readonly shape: 0 | 1;
  readonly maxBand: number;
  /** Windows in each group; one group of one for a long window. */
  readonly groups: readonly number[];
  /** Where each band begins in its window, and the last one ends. */
  readonly bands: readonly number[];
}

export interface ChannelStream {
  readonly info: WindowInfo;
  /** Codebook of each band, group after group; {@link WindowInfo.maxBand} to a group. */
  readonly books: Uint8Array;
  /** Position of each band in intensity stereo. */
  readonly positions: Int16Array;
  readonly shaping: Shaping | undefined;
  /** Values of the spectrum: of short windows, one behind the other. */
  readonly spectrum: Float32Array;
}

const spectrumCodes = SPECTRUM_BOOKS.map((book) => new SpectrumCodes(book));
const scaleFactorCodes = new Codes(SCALE_FACTOR_CODES);
/** |q|^(4/3), for all that is common. */
const POWERS = Float64Array.from({ length: 1024 }, (_, q) => q ** (4 / 3));

/** @throws Error when it is none of AAC-LC */
export function readWindowInfo(reader: BitReader, rateIndex: number): WindowInfo {
  reader.bit();
  const sequence = reader.bits(2);
  const shape = reader.bit() as 0 | 1;
  const short = sequence === EIGHT_SHORT;
  const maxBand = reader.bits(short ? 4 : 6);
  const bands = (short ? SHORT_BANDS : LONG_BANDS)[rateIndex]!;
  if (maxBand >= bands.length) throw new Error(`there are ${bands.length - 1} bands, not ${maxBand}`);
  const groups = [1];
  if (short) {
    for (let window = 1; window < 8; window++) {
      if (reader.bit() === 1) groups[groups.length - 1]!++;
      else groups.push(1);
    }
  } else if (reader.bit() === 1) {
    throw new Error('it predicts (AAC Main or LTP), which is not decoded');
  }
  return { sequence, shape, maxBand, groups, bands };
}

/**
 * @param common the windows, when both channels of a pair have the same ones
 * @param random noise from −1 to 1
 * @throws Error when it is none of AAC-LC; BitsEnded
 */
export function readChannelStream(
  reader: BitReader,
  rateIndex: number,
  common: WindowInfo | undefined,
  random: () => number,
): ChannelStream {
  const globalGain = reader.bits(8);
  const info = common ?? readWindowInfo(reader, rateIndex);
  const books = readSections(reader, info);
  const factors = readScaleFactors(reader, info, books, globalGain);
  const pulses = reader.bit() === 1 ? readPulses(reader, info) : undefined;
  const shaping =
    reader.bit() === 1 ? readShaping(reader, info.sequence === EIGHT_SHORT, rateIndex) : undefined;
  if (reader.bit() === 1) throw new Error('it controls gain (AAC SSR), which is not decoded');
  const quantised = readSpectrum(reader, info, books);
  for (const { position, amount } of pulses ?? []) {
    quantised[position]! += quantised[position]! > 0 ? amount : -amount;
  }
  const spectrum = scale(quantised, info, books, factors, random);
  return { info, books, positions: factors, shaping, spectrum };
}

/** section_data: runs of bands with one codebook. */
function readSections(reader: BitReader, { sequence, groups, maxBand }: WindowInfo): Uint8Array {
  const bits = sequence === EIGHT_SHORT ? 3 : 5;
  const more = (1 << bits) - 1;
  const books = new Uint8Array(groups.length * maxBand);
  for (let group = 0; group < groups.length; group++) {
    for (let band = 0; band < maxBand; ) {
      const book = reader.bits(4);
      if (book === RESERVED) throw new Error('there is no codebook 12');
      let end = band;
      let run: number;
      do {
        run = reader.bits(bits);
        end += run;
      } while (run === more);
      if (end > maxBand) throw new Error('a section reaches behind the last band');
      books.fill(book, group * maxBand + band, group * maxBand + end);
      // A section of no length says nothing; bits run out before many of them do harm.
      band = end;
    }
  }
  return books;
}

/** scale_factor_data: of spectra and noise in quarters of a doubling, of intensity the position. */
function readScaleFactors(
  reader: BitReader,
  { groups, maxBand }: WindowInfo,
  books: Uint8Array,
  globalGain: number,
): Int16Array {
  const factors = new Int16Array(groups.length * maxBand);
  let gain = globalGain;
  let noise = globalGain - 90;
  let position = 0;
  let firstNoise = true;
  const difference = (): number => scaleFactorCodes.read(reader) - 60;
  for (let i = 0; i < factors.length; i++) {
    switch (books[i]) {
      case ZERO:
        break;
      case NOISE:
        noise += firstNoise ? reader.bits(9) - 256 : difference();
        firstNoise = false;
        factors[i] = noise;
        break;
      case INTENSITY:
      case INTENSITY_INVERSE:
        position += difference();
        factors[i] = position;
        break;
      default:
        gain += difference();
        if (gain < 0 || gain > 255) throw new Error(`a scale factor is ${gain}`);
        factors[i] = gain;
    }
  }
  return factors;
}

function readPulses(reader: BitReader, info: WindowInfo): { position: number; amount: number }[] {
  if (info.sequence === EIGHT_SHORT) throw new Error('there are no pulses in short windows');
  const count = reader.bits(2) + 1;
  let position = info.bands[reader.bits(6)] ?? FRAME;
  return Array.from({ length: count }, () => {
    position += reader.bits(5);
    if (position >= FRAME) throw new Error('a pulse lies behind the spectrum');
    return { position, amount: reader.bits(4) };
  });
}

function readSpectrum(reader: BitReader, info: WindowInfo, books: Uint8Array): Int32Array {
  const quantised = new Int32Array(FRAME);
  forEachBand(info, (index, start, width) => {
    const codes = spectrumCodes[books[index]! - 1];
    if (codes === undefined) return;
    for (let at = start; at < start + width; at += codes.values) codes.read(reader, quantised, at);
  });
  return quantised;
}

function scale(
  quantised: Int32Array,
  info: WindowInfo,
  books: Uint8Array,
  factors: Int16Array,
  random: () => number,
): Float32Array {
  const spectrum = new Float32Array(FRAME);
  forEachBand(info, (index, start, width) => {
    const book = books[index]!;
    if (book === ZERO || book === INTENSITY || book === INTENSITY_INVERSE) return;
    if (book === NOISE) {
      let energy = 0;
      for (let at = start; at < start + width; at++) {
        const value = random();
        spectrum[at] = value;
        energy += value * value;
      }
      const factor = energy > 0 ? 2 ** (factors[index]! / 4) / Math.sqrt(energy) : 0;
      for (let at = start; at < start + width; at++) spectrum[at]! *= factor;
      return;
    }
    const factor = 2 ** ((factors[index]! - 100) / 4);
    for (let at = start; at < start + width; at++) {
      const value = quantised[at]!;
      const magnitude = Math.abs(value);
      const power = POWERS[magnitude] ?? magnitude ** (4 / 3);
      spectrum[at] = (value < 0 ? -power : power) * factor;
    }
  });
  return spectrum;
}

/** Every band of every window, as the bits come: group by group, band by band, window by window. */
export function forEachBand(
  { groups, maxBand, bands }: WindowInfo,
  visit: (index: number, start: number, width: number) => void,
): void {
  let window = 0;
  for (let group = 0; group < groups.length; group++) {
    const length = groups[group]!;
    for (let band = 0; band < maxBand; band++) {
      const width = bands[band + 1]! - bands[band]!;
      for (let i = 0; i < length; i++) {
        visit(group * maxBand + band, (window + i) * SHORT + bands[band]!, width);
      }
    }
    window += length;
  }
}
