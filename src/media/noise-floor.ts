import { dbfsToPower, powerToDbfs } from './level.ts';

/** Length of one sub-window of the minimum search, and how many of them are looked back on. */
const SUB_WINDOW_FRAMES = 25;
const SUB_WINDOWS = 12;
/** Smoothing of the frames' power before the minimum is taken, so that one quiet frame is not the floor. */
const SMOOTHING = 0.3;
/**
 * Unrest is learnt at the pace of a mean at first, of a slow average later. Noise that nobody knows yet may be
 * restless; so it is taken for that, until some 30 frames tell better.
 */
const UNREST_RATE = 0.003;
const UNREST_START_DB = 6;
const UNREST_START_FRAMES = 30;
/** What swings by less (4 dB, smoothed) through a whole sub-window is noise: speech changes sooner. */
const STEADY_RATIO = 10 ** (4 / 10);
/** The most that one frame may add. */
const UNREST_MAX_DB = 12;
/** Most that the floor rises from frame to frame while somebody speaks: 3 dB a second. */
const RISE_WHILE_SPEAKING = 10 ** (3 / 1000);
/** Whatever is quieter counts as this quiet: digital silence does not make a whisper of noise into speech. */
const MIN_FLOOR_DBFS = -65;

/**
 * Follows the noise of a line: the lowest power of the last 3 to 3.25 s (minimum statistics). Speech has
 * gaps within that time, noise has not, so speech does not lift the floor while a change of the noise does.
 * Fed with the power of every 10 ms frame.
 */
export class NoiseFloor {
  readonly #minPower: number;
  /** No typed array: of so few numbers, most of its memory would be about them. */
  readonly #minima = new Array<number>(SUB_WINDOWS).fill(Number.POSITIVE_INFINITY);
  #subWindow = 0;
  #framesInSubWindow = 0;
  #current = Number.POSITIVE_INFINITY;
  #earlier = Number.POSITIVE_INFINITY;
  /** Highest smoothed power of the sub-window; kept until the noise is proven. */
  #highest = 0;
  #proven = false;
  #smoothed = -1;
  #power: number;
  #dbfs: number;
  #unrestDb = UNREST_START_DB;
  #learnt = UNREST_START_FRAMES;

  /** @param share of the whole's noise that lies in the band that is followed, 0 to 1: what silence counts as */
  constructor(share = 1) {
    this.#minPower = dbfsToPower(MIN_FLOOR_DBFS) * share;
    this.#power = this.#minPower;
    this.#dbfs = powerToDbfs(this.#minPower);
  }

  /** Power of the noise, sample units squared. */
  get power(): number {
    return this.#power;
  }

  /** The same as a level, dBFS; -65 or more for the whole band. */
  get dbfs(): number {
    return this.#dbfs;
  }

  /** How far the noise itself stands above its floor on the average, dB: about 1 for hiss, 6 for voices far off. */
  get unrestDb(): number {
    return this.#unrestDb;
  }

  /**
   * Whether the noise has ever been heard alone, steady for a quarter of a second. Until then the floor may as
   * well be the quietest sound of somebody who has talked from the first sample on.
   */
  get proven(): boolean {
    return this.#proven;
  }

  /**
   * @param power mean square of a frame, in sample units squared
   * @param speaking somebody speaks: the floor rises slowly then, since even speech may lack gaps for a while
   */
  update(power: number, speaking: boolean): void {
    const clamped = Math.max(power, this.#minPower);
    this.#smoothed = this.#smoothed < 0 ? clamped : this.#smoothed + SMOOTHING * (clamped - this.#smoothed);
    if (this.#smoothed < this.#current) this.#current = this.#smoothed;
    if (!this.#proven && this.#smoothed > this.#highest) this.#highest = this.#smoothed;
    const lowest = Math.min(this.#current, this.#earlier);
    const floor = speaking ? Math.min(lowest, this.#power * RISE_WHILE_SPEAKING) : lowest;
    // A logarithm only when there is something new.
    if (floor !== this.#power) {
      this.#power = floor;
      this.#dbfs = powerToDbfs(floor);
    }
    if (++this.#framesInSubWindow === SUB_WINDOW_FRAMES) this.#closeSubWindow();
  }

  /** Learns from a frame of `levelDbfs` that is not part of speech how restless the noise is. */
  learnUnrest(levelDbfs: number): void {
    const above = Math.min(UNREST_MAX_DB, Math.max(0, levelDbfs - this.#dbfs));
    this.#learnt++;
    this.#unrestDb += Math.max(UNREST_RATE, 1 / this.#learnt) * (above - this.#unrestDb);
  }

  #closeSubWindow(): void {
    this.#proven ||= this.#highest < this.#current * STEADY_RATIO;
    this.#highest = 0;
    this.#minima[this.#subWindow] = this.#current;
    this.#subWindow = (this.#subWindow + 1) % SUB_WINDOWS;
    this.#earlier = Number.POSITIVE_INFINITY;
    for (let i = 0; i < SUB_WINDOWS; i++) this.#earlier = Math.min(this.#earlier, this.#minima[i]!);
    this.#current = Number.POSITIVE_INFINITY;
    this.#framesInSubWindow = 0;
  }
}
