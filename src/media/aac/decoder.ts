import { AAC_SAMPLE_RATES } from '../mp4-boxes.ts';
import { BitReader } from './bit-reader.ts';
import {
  type ChannelStream,
  forEachBand,
  INTENSITY,
  INTENSITY_INVERSE,
  NOISE,
  readChannelStream,
  readWindowInfo,
} from './channel-stream.ts';
import { FilterBank } from './filter-bank.ts';
import { shape } from './noise-shaping.ts';

/** What an AudioSpecificConfig says (ISO/IEC 14496-3 1.6.2.1). */
export interface AacConfig {
  /** Of the samples that come out, Hz. */
  readonly sampleRate: number;
  readonly channels: 1 | 2;
}

const AAC_LC = 2;
const SBR = 5;
const PS = 29;
const ESCAPE_TYPE = 31;

const SINGLE = 0;
const PAIR = 1;
const LOW_FREQUENCY = 3;
const DATA = 4;
const FILL = 6;
const END = 7;
/** Of all elements of a frame that there may be (each kind has 16 tags), with two to a pair. */
const MAX_CHANNELS = 64;

/**
 * Decodes AAC-LC, of one or two channels. What high-efficiency AAC adds to it is left out: the upper half of its
 * spectrum, which a telephone does not carry, either.
 */
export class AacDecoder {
  readonly config: AacConfig;
  readonly #rateIndex: number;
  readonly #banks: readonly FilterBank[];
  #noise = 1;

  /** @param specificConfig AudioSpecificConfig @throws Error when it is not decoded here, saying what it is */
  constructor(specificConfig: Uint8Array) {
    const reader = new BitReader(specificConfig);
    let type = readObjectType(reader);
    const rateIndex = readRateIndex(reader);
    const channels = reader.bits(4);
    if (type === SBR || type === PS) {
      readRateIndex(reader);
      type = readObjectType(reader);
    }
    if (type !== AAC_LC) throw new Error(`it is AAC of type ${type}; only AAC-LC (2) is decoded`);
    if (channels !== 1 && channels !== 2) throw new Error(`it has the channel configuration ${channels}`);
    if (reader.bit() === 1) throw new Error('its frames have 960 samples');
    this.#rateIndex = rateIndex;
    this.config = { sampleRate: AAC_SAMPLE_RATES[rateIndex]!, channels };
    this.#banks = Array.from({ length: channels }, () => new FilterBank());
  }

  /**
   * Decodes a frame (raw_data_block).
   * @returns 1024 samples for each channel, which are those before it; full scale is 32768
   * @throws Error when it is none of AAC-LC; BitsEnded
   */
  decode(frame: Uint8Array): readonly Float32Array[] {
    const reader = new BitReader(frame);
    const found: ChannelStream[] = [];
    for (let element = reader.bits(3); element !== END; element = reader.bits(3)) {
      if (found.length > MAX_CHANNELS) throw new Error(`a frame has more than ${MAX_CHANNELS} channels`);
      switch (element) {
        case SINGLE:
        case LOW_FREQUENCY:
          reader.skip(4);
          found.push(readChannelStream(reader, this.#rateIndex, undefined, this.#random));
          break;
        case PAIR:
          reader.skip(4);
          found.push(...this.#readPair(reader));
          break;
        case DATA:
          skipData(reader);
          break;
        case FILL: {
          const count = reader.bits(4);
          reader.skip(8 * (count === 15 ? 14 + reader.bits(8) : count));
          break;
        }
        default:
          throw new Error(`element ${element} is not decoded`);
      }
    }
    if (found.length < this.#banks.length) throw new Error(`a frame has ${found.length} channels`);
    return this.#banks.map((bank, channel) => {
      const { spectrum, info, shaping } = found[channel]!;
      if (shaping !== undefined) shape(spectrum, info, shaping);
      return bank.process(spectrum, info);
    });
  }

  /** channel_pair_element */
  #readPair(reader: BitReader): [ChannelStream, ChannelStream] {
    const common = reader.bit() === 1 ? readWindowInfo(reader, this.#rateIndex) : undefined;
    const mask = common === undefined ? 0 : reader.bits(2);
    const bands = common === undefined ? 0 : common.groups.length * common.maxBand;
    const middleSide = new Uint8Array(bands);
    if (mask === 1) for (let i = 0; i < bands; i++) middleSide[i] = reader.bit();
    else if (mask === 2) middleSide.fill(1);
    const left = readChannelStream(reader, this.#rateIndex, common, this.#random);
    const right = readChannelStream(reader, this.#rateIndex, common, this.#random);
    if (common !== undefined) joinStereo(left, right, middleSide);
    else joinStereo(left, right, new Uint8Array(right.books.length));
    return [left, right];
  }

  /** Noise, the same for the same file (Lehmer's generator). */
  readonly #random = (): number => {
    this.#noise = (this.#noise * 48_271) % 0x7fffffff;
    return this.#noise / 0x3fffffff - 1;
  };
}

/** Middle and side, and intensity stereo (4.6.8), in place. */
function joinStereo(left: ChannelStream, right: ChannelStream, middleSide: Uint8Array): void {
  forEachBand(right.info, (index, start, width) => {
    const book = right.books[index]!;
    const end = start + width;
    if (book === INTENSITY || book === INTENSITY_INVERSE) {
      const inverse = (book === INTENSITY_INVERSE) !== (middleSide[index] === 1);
      const factor = 0.5 ** (right.positions[index]! / 4) * (inverse ? -1 : 1);
      for (let i = start; i < end; i++) right.spectrum[i] = left.spectrum[i]! * factor;
    } else if (middleSide[index] === 1 && book !== NOISE && left.books[index] !== NOISE) {
      for (let i = start; i < end; i++) {
        const [middle, side] = [left.spectrum[i]!, right.spectrum[i]!];
        left.spectrum[i] = middle + side;
        right.spectrum[i] = middle - side;
      }
    }
  });
}

/** data_stream_element */
function skipData(reader: BitReader): void {
  reader.skip(4);
  const aligned = reader.bit() === 1;
  let count = reader.bits(8);
  if (count === 255) count += reader.bits(8);
  if (aligned) reader.align();
  reader.skip(8 * count);
}

function readObjectType(reader: BitReader): number {
  const type = reader.bits(5);
  return type === ESCAPE_TYPE ? 32 + reader.bits(6) : type;
}

function readRateIndex(reader: BitReader): number {
  const index = reader.bits(4);
  if (index < AAC_SAMPLE_RATES.length) return index;
  const rate = index === 15 ? reader.bits(24) : 0;
  const found = (AAC_SAMPLE_RATES as readonly number[]).indexOf(rate);
  if (found < 0) throw new Error(`its sample rate (${rate} Hz) is none of AAC`);
  return found;
}
