import createModule, { type SpeexModule } from '@echogarden/speex-resampler-wasm';

/** Quality of the filter, 0 to 10: 5 keeps aliases below -100 dB at a fraction of the cost of 10. */
const QUALITY = 5;
/** Samples handed to the filter at once. */
const BLOCK = 4096;

let loading: Promise<SpeexModule> | undefined;

/**
 * Changes the sample rate of a mono 16-bit stream, piece by piece, without clicks between the pieces and
 * without delay: the n-th output sample stands at the time of the n-th output period.
 */
export class Resampler {
  readonly #module: SpeexModule | undefined;
  readonly #inRate: number;
  readonly #outRate: number;
  /** Filter and buffers in the memory of the module. */
  readonly #state: number;
  readonly #input: number;
  readonly #output: number;
  readonly #lengths: number;
  readonly #outputSize: number;
  #consumed = 0;
  #produced = 0;
  #closed = false;

  /**
   * @param inRate, outRate Hz, > 0
   * @throws Error when the filter cannot be made
   */
  static async create(inRate: number, outRate: number): Promise<Resampler> {
    loading ??= createModule().catch((error: unknown) => {
      // Too many open files, say: that passes, and so must what came of it.
      loading = undefined;
      throw error;
    });
    return new Resampler(await loading, inRate, outRate);
  }

  private constructor(module: SpeexModule, inRate: number, outRate: number) {
    this.#inRate = inRate;
    this.#outRate = outRate;
    this.#outputSize = Math.ceil((BLOCK * outRate) / inRate) + 64;
    this.#state = 0;
    this.#input = 0;
    this.#output = 0;
    this.#lengths = 0;
    if (inRate === outRate) return;
    this.#module = module;
    this.#input = module._malloc(BLOCK * 2);
    this.#output = module._malloc(this.#outputSize * 2);
    this.#lengths = module._malloc(12);
    this.#state = module._speex_resampler_init(1, inRate, outRate, QUALITY, this.#lengths + 8);
    if (this.#state === 0 || this.#input === 0 || this.#output === 0) {
      throw new Error(`no resampler from ${inRate} to ${outRate} Hz`);
    }
    module._speex_resampler_skip_zeros(this.#state);
  }

  /** What is complete of the output after this input; lengths vary from call to call. */
  process(samples: Int16Array): Int16Array {
    this.#consumed += samples.length;
    return this.#take(this.#run(samples));
  }

  /** The rest; afterwards output and input are of the same duration, to one sample. */
  flush(): Int16Array {
    const missing = this.#expected() - this.#produced;
    if (this.#module === undefined || missing <= 0) return new Int16Array(0);
    const latency = this.#module._speex_resampler_get_input_latency(this.#state);
    return this.#take(this.#run(new Int16Array(latency + BLOCK / 8)));
  }

  /** Frees the filter; harmless when repeated. */
  close(): void {
    if (this.#closed || this.#module === undefined) return;
    this.#closed = true;
    this.#module._speex_resampler_destroy(this.#state);
    for (const pointer of [this.#input, this.#output, this.#lengths]) this.#module._free(pointer);
  }

  #expected(): number {
    return Math.round((this.#consumed * this.#outRate) / this.#inRate);
  }

  /** Never more than the input has made due: what the filter adds at the end is not sound. */
  #take(samples: Int16Array): Int16Array {
    const kept = samples.subarray(0, Math.max(0, this.#expected() - this.#produced));
    this.#produced += kept.length;
    return kept;
  }

  #run(samples: Int16Array): Int16Array {
    const module = this.#module;
    if (module === undefined) return samples.slice();
    if (this.#closed) throw new Error('the resampler is closed');
    const result = new Int16Array(Math.ceil((samples.length * this.#outRate) / this.#inRate) + 64);
    let filled = 0;
    for (let start = 0; start < samples.length; ) {
      const block = samples.subarray(start, start + BLOCK);
      module.HEAP16.set(block, this.#input >> 1);
      module.HEAPU32[this.#lengths >> 2] = block.length;
      module.HEAPU32[(this.#lengths >> 2) + 1] = this.#outputSize;
      module._speex_resampler_process_int(
        this.#state,
        0,
        this.#input,
        this.#lengths,
        this.#output,
        this.#lengths + 4,
      );
      const taken = module.HEAPU32[this.#lengths >> 2] ?? 0;
      const made = module.HEAPU32[(this.#lengths >> 2) + 1] ?? 0;
      if (taken === 0 && made === 0) break;
      start += taken;
      const from = this.#output >> 1;
      result.set(module.HEAP16.subarray(from, from + made), filled);
      filled += made;
    }
    return result.subarray(0, filled);
  }
}

/** A sound as a whole at another rate. @param fromRate Hz @param toRate Hz */
export async function resampled(
  samples: Int16Array,
  fromRate: number,
  toRate: number,
): Promise<Int16Array<ArrayBuffer>> {
  const resampler = await Resampler.create(fromRate, toRate);
  try {
    const body = resampler.process(samples);
    const tail = resampler.flush();
    const whole = new Int16Array(body.length + tail.length);
    whole.set(body);
    whole.set(tail, body.length);
    return whole;
  } finally {
    resampler.close();
  }
}
