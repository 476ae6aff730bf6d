/** Noise reduction by RNNoise (a small recurrent network over bands of the ear), compiled to WebAssembly. */
import createModule, { type RnnoiseModule } from '@echogarden/rnnoise-wasm';
import { RateChanger } from './rate-changer.ts';

const FILTER_RATE = 48_000;
/** Samples that the filter takes at a time: 10 ms. */
const FRAME = 480;

/**
 * How much of the images that plain stretching of a narrow band leaves above it is let through. The network has
 * learnt on wide bands: noise that ends at 4 kHz it often takes for a voice and lets pass (1 dB less noise at
 * −50, −25 and −20 dBFS, 40 dB at others); with a little of its mirror image above, it does not. Turning the
 * rate back takes the images off again.
 */
const IMAGES = 0.2;
/** Delay of the rate changer, samples at the stream's rate. */
const IMAGE_DELAY = 24;

let loading: Promise<RnnoiseModule> | undefined;

/**
 * Takes noise out of one stream of voice, 10 ms at a time, at any rate that 48 kHz is a multiple of. What
 * comes out is {@link delay} samples later than what went in.
 */
export class NoiseFilter {
  /** Samples at the stream's rate by which the output is late. */
  readonly delay: number;
  /** Samples at the stream's rate that {@link process} takes at a time: 10 ms. */
  readonly frame: number;
  readonly #module: RnnoiseModule;
  readonly #state: number;
  readonly #input: number;
  readonly #output: number;
  readonly #up: RateChanger | undefined;
  readonly #down: RateChanger | undefined;
  readonly #wide = new Int16Array(FRAME);
  /** The last samples at the stream's rate, of the frame before and of this one. */
  readonly #narrow: Int16Array;
  #closed = false;

  /**
   * Loads the filter at the first call, which takes some 10 ms.
   * @throws Error when it cannot be loaded, or there is no memory for one more
   */
  static async create(sampleRate: number): Promise<NoiseFilter> {
    loading ??= createModule();
    loading.catch(() => {
      loading = undefined;
    });
    return new NoiseFilter(await loading, sampleRate);
  }

  private constructor(module: RnnoiseModule, sampleRate: number) {
    this.#module = module;
    this.frame = (FRAME * sampleRate) / FILTER_RATE;
    this.#narrow = new Int16Array(IMAGE_DELAY + this.frame);
    if (sampleRate !== FILTER_RATE) {
      this.#up = new RateChanger(sampleRate, FILTER_RATE);
      this.#down = new RateChanger(FILTER_RATE, sampleRate);
    }
    const changing = (this.#up?.delay ?? 0) + (this.#down?.delay ?? 0);
    this.delay = this.frame + Math.round((changing * sampleRate) / FILTER_RATE);
    this.#state = module._rnnoise_create(0);
    this.#input = module._malloc(FRAME * 4);
    this.#output = module._malloc(FRAME * 4);
    if (this.#state === 0 || this.#input === 0 || this.#output === 0) {
      this.close();
      throw new Error('there is no memory for another noise filter');
    }
  }

  /** Takes {@link frame} samples of `source` and writes as many to `dest`. */
  process(source: Int16Array, from: number, dest: Int16Array, offset: number): void {
    const wide = this.#wide;
    if (this.#up === undefined) wide.set(source.subarray(from, from + FRAME));
    else this.#up.process(source, from, this.frame, wide, 0);
    this.#fillInput(source, from);
    this.#module._rnnoise_process_frame(this.#state, this.#output, this.#input);
    const output = this.#output >> 2;
    const filtered = this.#module.HEAPF32;
    for (let n = 0; n < FRAME; n++) {
      const value = Math.round(filtered[output + n]!);
      wide[n] = value > 32_767 ? 32_767 : value < -32_768 ? -32_768 : value;
    }
    if (this.#down === undefined) dest.set(wide, offset);
    else this.#down.process(wide, 0, FRAME, dest, offset);
  }

  /** Hands the frame at 48 kHz to the filter, with images of its band where it is narrow. */
  #fillInput(source: Int16Array, from: number): void {
    const heap = this.#module.HEAPF32;
    const input = this.#input >> 2;
    if (this.#up === undefined) {
      for (let n = 0; n < FRAME; n++) heap[input + n] = this.#wide[n]!;
      return;
    }
    for (let n = 0; n < FRAME; n++) heap[input + n] = (1 - IMAGES) * this.#wide[n]!;
    const narrow = this.#narrow;
    narrow.copyWithin(0, this.frame);
    for (let n = 0; n < this.frame; n++) narrow[IMAGE_DELAY + n] = source[from + n]!;
    const factor = FRAME / this.frame;
    for (let n = 0; n < this.frame; n++) heap[input + factor * n]! += IMAGES * factor * narrow[n]!;
  }

  /** Frees the filter; harmless when repeated. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#state !== 0) this.#module._rnnoise_destroy(this.#state);
    for (const pointer of [this.#input, this.#output]) if (pointer !== 0) this.#module._free(pointer);
  }
}
