import { DTMF_HOP, DtmfBins } from './dtmf-bins.ts';
import { COLUMNS_HZ, KEYPAD, ROWS_HZ } from './dtmf-tones.ts';
import { NARROWBAND_RATE, NarrowbandFrames } from './narrowband-frames.ts';

/** Told in the middle of {@link DtmfDetector.process}; positions count samples of the input. */
export interface DtmfListener {
  /** A key has been down since `start`: known some 40 ms later. */
  keyDown(digit: string, start: number): void;
  /** It sounded until `end`: known 20 ms later. */
  keyUp(digit: string, start: number, end: number): void;
}

/** Each tone must have this level, dBFS: about -32 dBm0. */
const MIN_TONE_DBFS = -38;
/** The upper tone may be this much weaker than the lower one, or this much louder, dB. */
const MAX_NORMAL_TWIST_DB = 10;
const MAX_REVERSE_TWIST_DB = 7;
/** Share of the two tones in all that sounds, at least, for a key to go down; and for it to stay down. */
const MIN_SHARE = 0.72;
const MIN_SHARE_HELD = 0.5;
/** A frequency may be off by this much: between the 1.5 % to be accepted and the 3.5 % to be refused. */
const MAX_DEVIATION = 0.025;
/** How steadily both tones must go on: 1 is a sine. */
const MIN_COHERENCE = 0.93;
/** Hops in a row (5 ms each) that must show a key: 40 ms of tone do, 23 ms do not. */
const DOWN_HOPS = 6;
/** Hops without it that end a key: it survives an interruption of 10 ms, and ends at a pause of 30. */
const UP_HOPS = 4;

/** How much of a window a tone must fill to be seen: it begins (ends) so many hops before the one that shows it. */
const START_HOPS = 0.8;
const END_HOPS = 0.5;

const FULL_SCALE_POWER = 32768 ** 2;
const MIN_POWER = FULL_SCALE_POWER * 10 ** (MIN_TONE_DBFS / 10);
const MAX_NORMAL_TWIST = 10 ** (MAX_NORMAL_TWIST_DB / 10);
const MAX_REVERSE_TWIST = 10 ** (MAX_REVERSE_TWIST_DB / 10);
/** Phase that a frequency gains in one hop when it is off by {@link MAX_DEVIATION}, as a tangent. */
const MAX_TURN = [...ROWS_HZ, ...COLUMNS_HZ].map((hz) =>
  Math.tan((2 * Math.PI * hz * MAX_DEVIATION * DTMF_HOP) / NARROWBAND_RATE),
);
const COLUMN = ROWS_HZ.length;
const NONE = -1;

/** What is known of one of the two tones while it goes on. */
interface ToneTrack {
  turnReal: number;
  turnImaginary: number;
  /** What the length of the turn's sum would be if the phase had gone on steadily. */
  power: number;
}

/**
 * Finds keys that are sent as tones in the audio (ITU-T Q.23, Q.24), and refuses what merely resembles them:
 * the two tones must be nearly all that sounds, last, and go on without a bend or a step of their phase.
 * docs/dtmf.md gives the measured limits. Decisions depend on the samples alone, not on the blocks in which
 * they come.
 */
export class DtmfDetector {
  readonly #listener: DtmfListener;
  readonly #input: NarrowbandFrames;
  readonly #factor: number;
  readonly #bins = new DtmfBins();
  readonly #rowTrack: ToneTrack = { turnReal: 0, turnImaginary: 0, power: 0 };
  readonly #columnTrack: ToneTrack = { turnReal: 0, turnImaginary: 0, power: 0 };
  #hops = 0;
  /** The key that the last hop showed, and for how many hops in a row; {@link NONE}: none. */
  #candidate = NONE;
  #candidateHops = 0;
  #lastRowPower = 0;
  #lastColumnPower = 0;
  /** The key that is down, since which hop, and hops that it was last seen ago. */
  #down = NONE;
  #downSince = 0;
  #missed = 0;

  /**
   * @param sampleRate Hz, a multiple of 8000
   * @throws RangeError
   */
  constructor(sampleRate: number, listener: DtmfListener) {
    this.#input = new NarrowbandFrames(sampleRate, DTMF_HOP);
    this.#factor = sampleRate / NARROWBAND_RATE;
    this.#listener = listener;
  }

  /** Where a tone began that may be a key but has not lasted long enough to tell; Infinity for nowhere. */
  get possibleStart(): number {
    if (this.#down !== NONE || this.#candidate === NONE) return Number.POSITIVE_INFINITY;
    return this.#position(this.#hops - this.#candidateHops - START_HOPS);
  }

  /** Takes the next `count` samples. */
  process(samples: Int16Array, offset: number, count: number): void {
    const input = this.#input;
    const end = offset + count;
    let at = offset;
    while (at < end) {
      at = input.take(samples, at, end);
      if (input.complete) this.#hop(input.samples, input.offset);
    }
  }

  #hop(samples: Int16Array, from: number): void {
    const bins = this.#bins;
    this.#hops++;
    const key = this.#keyShown(samples, from);
    if (key !== NONE && key === this.#candidate) {
      this.#candidateHops++;
      this.#follow(this.#rowTrack, bins.row, bins.rowPower, this.#lastRowPower);
      this.#follow(this.#columnTrack, COLUMN + bins.column, bins.columnPower, this.#lastColumnPower);
    } else {
      this.#candidate = key;
      this.#candidateHops = key === NONE ? 0 : 1;
      reset(this.#rowTrack);
      reset(this.#columnTrack);
    }
    this.#lastRowPower = bins.rowPower;
    this.#lastColumnPower = bins.columnPower;
    if (this.#down !== NONE) this.#holdOrRelease(key);
    if (this.#down === NONE && this.#candidateHops >= DOWN_HOPS && this.#isSteady()) this.#press();
  }

  /** The key whose two tones are nearly all that sounds in this hop. */
  #keyShown(samples: Int16Array, from: number): number {
    const bins = this.#bins;
    if (!bins.measure(samples, from, MIN_POWER)) return NONE;
    const { rowPower, columnPower } = bins;
    if (rowPower < MIN_POWER || columnPower < MIN_POWER) return NONE;
    if (rowPower > columnPower * MAX_NORMAL_TWIST || columnPower > rowPower * MAX_REVERSE_TWIST) return NONE;
    const key = bins.row * COLUMNS_HZ.length + bins.column;
    const share = key === this.#down ? MIN_SHARE_HELD : MIN_SHARE;
    return rowPower + columnPower >= share * bins.power ? key : NONE;
  }

  #follow(track: ToneTrack, tone: number, power: number, lastPower: number): void {
    track.turnReal += this.#bins.turnReal(tone);
    track.turnImaginary += this.#bins.turnImaginary(tone);
    track.power += Math.sqrt(power * lastPower);
  }

  #isSteady(): boolean {
    return (
      isSteady(this.#rowTrack, this.#bins.row) && isSteady(this.#columnTrack, COLUMN + this.#bins.column)
    );
  }

  #press(): void {
    this.#down = this.#candidate;
    this.#downSince = this.#hops - this.#candidateHops;
    this.#missed = 0;
    this.#listener.keyDown(digitOf(this.#down), this.#position(this.#downSince - START_HOPS));
  }

  #holdOrRelease(key: number): void {
    if (key === this.#down) {
      this.#missed = 0;
    } else if (++this.#missed === UP_HOPS) {
      const end = this.#position(this.#hops - UP_HOPS - END_HOPS);
      this.#listener.keyUp(digitOf(this.#down), this.#position(this.#downSince - START_HOPS), end);
      this.#down = NONE;
    }
  }

  /** A measurement stands for the middle of its window, one hop before the end of what it took. */
  #position(hops: number): number {
    return Math.max(0, Math.round(hops * DTMF_HOP * this.#factor));
  }
}

function reset(track: ToneTrack): void {
  track.turnReal = 0;
  track.turnImaginary = 0;
  track.power = 0;
}

function isSteady(track: ToneTrack, tone: number): boolean {
  const { turnReal, turnImaginary, power } = track;
  return (
    Math.abs(turnImaginary) <= MAX_TURN[tone]! * turnReal &&
    Math.hypot(turnReal, turnImaginary) >= MIN_COHERENCE * power
  );
}

function digitOf(key: number): string {
  return KEYPAD[Math.floor(key / COLUMNS_HZ.length)]![key % COLUMNS_HZ.length]!;
}
