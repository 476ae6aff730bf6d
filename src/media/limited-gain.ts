import { dbToGain } from './level.ts';

/**
 * Level that no sample passes which was made louder, dBFS of the peak. Not 0: what comes behind overshoots the
 * samples it gets, be it a lossy codec, a change of rate or the curve between two samples (EBU R 128 allows
 * -1 dB of true peak for the same reason); and mu-law ends at -0.17 dBFS.
 */
export const CEILING_DBFS = -1;

const CEILING = Math.floor(32768 * dbToGain(CEILING_DBFS));
/** Each of the two averages through which the factor goes, ms; together they are the attack, known ahead. */
const AVERAGE_MS = 2.5;
/** The limiter lets go by 8.7 dB (a factor of e) in this time, ms: slower than a period of what the ear takes for pitch. */
const RELEASE_MS = 100;
/** Time in which the volume moves to a new value, ms: too short to hear as a fade, too long to click. */
const RAMP_MS = 10;
/** Factors are averaged as whole numbers of this fraction: sums stay exact however long it runs, and 1 stays 1. */
const UNIT = 2 ** -20;

/**
 * A volume control that never clips: samples that would pass {@link CEILING_DBFS} are turned down as a whole,
 * from shortly before they come until some time after, so that the wave keeps its shape (a look-ahead peak
 * limiter). At 0 dB and below nothing can become too loud, and nothing is limited: at 0 dB samples come out as
 * they went in.
 *
 * The least factor that any of the next samples needs (a sliding minimum) falls at once and rises slowly; two
 * averages over as many samples smooth it, and since no factor in them is larger than the least one allows,
 * neither is their result. So the limit is exact, not approached.
 *
 * It reads {@link lookAhead} samples further than it gives out; what it holds is given out by {@link flush}.
 * Nothing is allocated behind the constructor.
 */
export class LimitedGain {
  /** Samples that must be known beyond one that is given out: 5 ms. */
  readonly lookAhead: number;
  readonly #average: number;
  readonly #window: number;
  readonly #release: number;
  readonly #rampSamples: number;
  /** Rings of the samples that are held, and of the volume at each of them. */
  readonly #samples: Int16Array;
  readonly #volumes: Float64Array;
  /** Sliding minimum: factors that may still become the least, rising, each with the number of its sample. */
  readonly #factors: Float64Array;
  readonly #numbers: Float64Array;
  #first = 0;
  #last = 0;
  /** Rings and sums of the two averages, in {@link UNIT}. */
  readonly #ring1: Float64Array;
  readonly #ring2: Float64Array;
  #sum1 = 0;
  #sum2 = 0;
  #averageAt = 0;
  /** The factor of the last sample that came out, before it was averaged, and the volume at it. */
  #factor: number;
  #givenVolume: number;
  #volume: number;
  #target: number;
  #step = 1;
  /** Samples that went in, and out, since it began anew. */
  #in = 0;
  #out = 0;

  /** @param sampleRate Hz */
  constructor(sampleRate: number, gainDb = 0) {
    this.#average = Math.max(1, Math.round((AVERAGE_MS * sampleRate) / 1000));
    this.#window = 2 * this.#average - 1;
    this.lookAhead = this.#window - 1;
    this.#release = Math.exp(-1000 / (RELEASE_MS * sampleRate));
    this.#rampSamples = Math.max(1, Math.round((RAMP_MS * sampleRate) / 1000));
    this.#samples = new Int16Array(this.#window);
    this.#volumes = new Float64Array(this.#window);
    this.#factors = new Float64Array(this.#window);
    this.#numbers = new Float64Array(this.#window);
    this.#ring1 = new Float64Array(this.#average);
    this.#ring2 = new Float64Array(this.#average);
    this.#volume = dbToGain(gainDb);
    this.#target = this.#volume;
    this.#factor = this.#volume;
    this.#givenVolume = this.#volume;
  }

  /** Samples that went in and have not come out. */
  get held(): number {
    return this.#in - this.#out;
  }

  /** Moves to `gainDb` from wherever the volume is now. */
  set(gainDb: number): void {
    this.#target = dbToGain(gainDb);
    this.#step = (this.#target / this.#volume) ** (1 / this.#rampSamples);
  }

  /**
   * Takes `count` samples and gives out as many, but for those that it begins to hold.
   * @param dest may be `src`, at the same offset
   * @returns how many were written to `dest`
   */
  process(src: Int16Array, offset: number, count: number, dest: Int16Array, destOffset: number): number {
    let at = destOffset;
    for (let i = offset; i < offset + count; i++) {
      this.#take(src[i]!);
      if (this.held > this.lookAhead) dest[at++] = this.#give();
    }
    return at - destOffset;
  }

  /**
   * Gives out up to `count` of the samples that are held, as though nothing followed; when all are out, it
   * begins anew.
   * @returns how many were written
   */
  flush(dest: Int16Array, offset: number, count: number): number {
    const given = Math.min(count, this.held);
    for (let i = 0; i < given; i++) dest[offset + i] = this.#give();
    if (this.held === 0) {
      this.#in = 0;
      this.#out = 0;
      this.#first = 0;
      this.#last = 0;
    }
    return given;
  }

  #take(sample: number): void {
    // The first samples keep the volume that was: a change then finds the averages filled with it.
    if (this.#in >= this.lookAhead) this.#ramp();
    const at = this.#in % this.#window;
    const volume = this.#volume;
    this.#samples[at] = sample;
    this.#volumes[at] = volume;
    const size = Math.abs(sample);
    const factor = volume > 1 && size * volume > CEILING ? CEILING / size : volume;
    while (this.#last > this.#first && this.#factors[(this.#last - 1) % this.#window]! >= factor)
      this.#last--;
    this.#factors[this.#last % this.#window] = factor;
    this.#numbers[this.#last % this.#window] = this.#in;
    this.#last++;
    this.#in++;
  }

  #ramp(): void {
    if (this.#volume === this.#target) return;
    const next = this.#volume * this.#step;
    const arrived = this.#step > 1 ? next >= this.#target : next <= this.#target;
    this.#volume = arrived || this.#step === 1 ? this.#target : next;
  }

  /** The next of the samples that are held, as loud as it may be. */
  #give(): number {
    const least = this.#factors[this.#first % this.#window]!;
    const at = this.#out % this.#window;
    this.#follow(least, this.#volumes[at]!);
    if (this.#out === 0) this.#fillAverages();
    else this.#moveAverages();
    this.#out++;
    while (this.#first < this.#last && this.#numbers[this.#first % this.#window]! < this.#out) this.#first++;
    return Math.round(this.#samples[at]! * this.#sum2 * (UNIT / this.#average ** 2));
  }

  /** The factor follows the volume up at once, and comes back from a limit slowly; never above `least`. */
  #follow(least: number, volume: number): void {
    let factor = this.#factor;
    if (volume > this.#givenVolume) factor *= volume / this.#givenVolume;
    this.#givenVolume = volume;
    if (factor < least) {
      factor = 1 / (1 / least + (1 / factor - 1 / least) * this.#release);
      if (factor > least * (1 - UNIT)) factor = least;
    }
    this.#factor = Math.min(factor, least);
  }

  #fillAverages(): void {
    const value = Math.floor(this.#factor / UNIT);
    this.#sum1 = value * this.#average;
    this.#sum2 = this.#sum1 * this.#average;
    this.#ring1.fill(value);
    this.#ring2.fill(this.#sum1);
  }

  #moveAverages(): void {
    const at = this.#averageAt;
    this.#averageAt = at + 1 === this.#average ? 0 : at + 1;
    const value = Math.floor(this.#factor / UNIT);
    this.#sum1 += value - this.#ring1[at]!;
    this.#ring1[at] = value;
    this.#sum2 += this.#sum1 - this.#ring2[at]!;
    this.#ring2[at] = this.#sum1;
  }
}
