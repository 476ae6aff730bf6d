/** Length of one sub-window of the minimum search, and how many of them are looked back on. */
const SUB_WINDOW_FRAMES = 25;
const SUB_WINDOWS = 8;
/** Smoothing of the frames' power before the minimum is taken, so that one quiet frame is not the floor. */
const SMOOTHING = 0.3;
/** How fast the unrest of the noise is learnt (one second), its first guess, and the most one frame may add. */
const UNREST_RATE = 0.01;
const UNREST_START_DB = 3;
const UNREST_MAX_DB = 12;
/** Whatever is quieter counts as this quiet: digital silence does not make a whisper of noise into speech. */
const MIN_FLOOR_DBFS = -65;

const FULL_SCALE_POWER = 32768 ** 2;
const MIN_POWER = FULL_SCALE_POWER * 10 ** (MIN_FLOOR_DBFS / 10);

/**
 * Follows the noise of a line: the lowest power of the last 2 to 2.25 s (minimum statistics). Speech has
 * gaps within that time, noise has not, so speech does not lift the floor while a change of the noise does.
 * Fed with the power of every 10 ms frame.
 */
export class NoiseFloor {
  readonly #minima = new Float64Array(SUB_WINDOWS).fill(Number.POSITIVE_INFINITY);
  #subWindow = 0;
  #framesInSubWindow = 0;
  #current = Number.POSITIVE_INFINITY;
  #earlier = Number.POSITIVE_INFINITY;
  #smoothed = -1;
  #dbfs = MIN_FLOOR_DBFS;
  #unrestDb = UNREST_START_DB;

  /** Level of the noise, dBFS, -65 or more. */
  get dbfs(): number {
    return this.#dbfs;
  }

  /** How far the noise itself stands above its floor on the average, dB: about 1 for hiss, 6 for voices far off. */
  get unrestDb(): number {
    return this.#unrestDb;
  }

  /** @param power mean square of a frame, in sample units squared */
  update(power: number): void {
    const clamped = Math.max(power, MIN_POWER);
    this.#smoothed = this.#smoothed < 0 ? clamped : this.#smoothed + SMOOTHING * (clamped - this.#smoothed);
    this.#current = Math.min(this.#current, this.#smoothed);
    this.#dbfs = 10 * Math.log10(Math.min(this.#current, this.#earlier) / FULL_SCALE_POWER);
    if (++this.#framesInSubWindow === SUB_WINDOW_FRAMES) this.#closeSubWindow();
  }

  /** Learns from a frame of `levelDbfs` that is not part of speech how restless the noise is. */
  learnUnrest(levelDbfs: number): void {
    const above = Math.min(UNREST_MAX_DB, Math.max(0, levelDbfs - this.#dbfs));
    this.#unrestDb += UNREST_RATE * (above - this.#unrestDb);
  }

  #closeSubWindow(): void {
    this.#minima[this.#subWindow] = this.#current;
    this.#subWindow = (this.#subWindow + 1) % SUB_WINDOWS;
    this.#earlier = Math.min(...this.#minima);
    this.#current = Number.POSITIVE_INFINITY;
    this.#framesInSubWindow = 0;
  }
}
