/** Mixing and gain on 16-bit PCM: nothing here ever wraps round. */
import { dbToGain } from './level.ts';

const MAX = 32767;
/** Sums up to this level (-2.5 dBFS) are exact; louder ones are bent towards full scale. */
const KNEE = 24576;
/** Time in which {@link Gain} moves to a new value: too short to hear as a fade, too long to click. */
const RAMP_MS = 10;

/**
 * One sample of a two-party mix: the plain sum, so that each party keeps its level, with a soft limit where
 * both shout at once. The limit bends only what passes both {@link KNEE} and the louder of the two, so a party
 * that speaks alone goes through unchanged at any level, and the result is steady in both inputs.
 */
export function mixSamples(a: number, b: number): number {
  const sum = a + b;
  const size = sum < 0 ? -sum : sum;
  if (size <= KNEE) return sum;
  const loudA = a < 0 ? -a : a;
  const loudB = b < 0 ? -b : b;
  const knee = Math.min(MAX, Math.max(KNEE, loudA, loudB));
  if (size <= knee) return Math.max(-MAX, Math.min(MAX, sum));
  const room = MAX - knee;
  const excess = size - knee;
  const limited = room === 0 ? MAX : knee + (room * excess) / (room + excess);
  return Math.round(sum < 0 ? -limited : limited);
}

/** Adds `count` samples of `src` to `dest`, saturating at full scale. */
export function addInto(
  dest: Int16Array,
  destOffset: number,
  src: Int16Array,
  srcOffset: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    dest[destOffset + i] = saturate(dest[destOffset + i]! + src[srcOffset + i]!);
  }
}

/**
 * A volume control: applies a gain in place, saturating, and moves to a new gain over 10 ms, so that a change
 * is not heard as a click.
 */
export class Gain {
  readonly #rampSamples: number;
  #factor: number;
  #target: number;
  #step = 0;

  /** @param sampleRate Hz */
  constructor(sampleRate: number, gainDb = 0) {
    this.#rampSamples = Math.max(1, Math.round((RAMP_MS * sampleRate) / 1000));
    this.#factor = dbToGain(gainDb);
    this.#target = this.#factor;
  }

  /** Moves to `gainDb` from wherever the gain is now. -Infinity mutes. */
  set(gainDb: number): void {
    this.#target = dbToGain(gainDb);
    this.#step = (this.#target - this.#factor) / this.#rampSamples;
  }

  /** Applies the gain to `count` samples. */
  apply(samples: Int16Array, offset: number, count: number): void {
    let at = offset;
    const end = offset + count;
    for (; at < end && this.#factor !== this.#target; at++) {
      const next = this.#factor + this.#step;
      const arrived = this.#step > 0 ? next >= this.#target : next <= this.#target;
      this.#factor = arrived ? this.#target : next;
      samples[at] = saturate(Math.round(samples[at]! * this.#factor));
    }
    if (this.#factor === 1) return;
    for (; at < end; at++) samples[at] = saturate(Math.round(samples[at]! * this.#factor));
  }
}

function saturate(value: number): number {
  return value > 32767 ? 32767 : Math.max(value, -32768);
}
