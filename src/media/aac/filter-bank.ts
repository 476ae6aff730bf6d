/** From spectra to samples (ISO/IEC 14496-3 4.6.11): inverse MDCT, windows, overlap. */
import { bessel } from '../bessel.ts';
import { EIGHT_SHORT, FRAME, LONG_START, LONG_STOP, type WindowInfo } from './channel-stream.ts';

const SHORT = 128;
/** Samples of a long window before and behind where short ones stand. */
const FLAT = (FRAME - SHORT) / 2;

/** Rising halves of the windows, by shape. */
const LONG_WINDOWS = [sineWindow(FRAME), kaiserWindow(FRAME, 4)] as const;
const SHORT_WINDOWS = [sineWindow(SHORT), kaiserWindow(SHORT, 6)] as const;

/** One channel's filter bank: each frame overlaps the one before by half. */
export class FilterBank {
  readonly #overlap = new Float32Array(FRAME);
  readonly #block = new Float32Array(2 * FRAME);
  readonly #short = new Float32Array(2 * SHORT);
  #shape: 0 | 1 = 0;

  /** @returns the 1024 samples of the frame before; full scale is 32768 */
  process(spectrum: Float32Array, info: WindowInfo): Float32Array {
    const block = this.#block;
    if (info.sequence === EIGHT_SHORT) this.#shortWindows(spectrum, info);
    else this.#longWindow(spectrum, info);
    this.#shape = info.shape;
    const samples = new Float32Array(FRAME);
    for (let i = 0; i < FRAME; i++) samples[i] = this.#overlap[i]! + block[i]!;
    this.#overlap.set(block.subarray(FRAME));
    return samples;
  }

  #longWindow(spectrum: Float32Array, { sequence, shape }: WindowInfo): void {
    const block = this.#block;
    longTransform.inverse(spectrum, block);
    // The first half fits to the frame before, the second has the shape that this frame says.
    if (sequence === LONG_STOP) {
      const window = SHORT_WINDOWS[this.#shape];
      block.fill(0, 0, FLAT);
      for (let i = 0; i < SHORT; i++) block[FLAT + i]! *= window[i]!;
    } else {
      const window = LONG_WINDOWS[this.#shape];
      for (let i = 0; i < FRAME; i++) block[i]! *= window[i]!;
    }
    if (sequence === LONG_START) {
      const window = SHORT_WINDOWS[shape];
      for (let i = 0; i < SHORT; i++) block[FRAME + FLAT + i]! *= window[SHORT - 1 - i]!;
      block.fill(0, FRAME + FLAT + SHORT);
    } else {
      const window = LONG_WINDOWS[shape];
      for (let i = 0; i < FRAME; i++) block[FRAME + i]! *= window[FRAME - 1 - i]!;
    }
  }

  #shortWindows(spectrum: Float32Array, { shape }: WindowInfo): void {
    this.#block.fill(0);
    for (let window = 0; window < 8; window++) {
      shortTransform.inverse(spectrum.subarray(window * SHORT, (window + 1) * SHORT), this.#short);
      const rising = SHORT_WINDOWS[window === 0 ? this.#shape : shape];
      const falling = SHORT_WINDOWS[shape];
      const at = FLAT + window * SHORT;
      for (let i = 0; i < SHORT; i++) {
        this.#block[at + i]! += this.#short[i]! * rising[i]!;
        this.#block[at + SHORT + i]! += this.#short[SHORT + i]! * falling[SHORT - 1 - i]!;
      }
    }
  }
}

/** An inverse MDCT of `size` coefficients, by a complex FFT of half of that. */
export class InverseMdct {
  readonly #size: number;
  readonly #re: Float64Array;
  readonly #im: Float64Array;
  /** e^(−iπ(8k+1)/(8 size)) */
  readonly #twiddleRe: Float64Array;
  readonly #twiddleIm: Float64Array;
  readonly #y: Float64Array;

  /** @param size a power of two */
  constructor(size: number) {
    const half = size / 2;
    this.#size = size;
    this.#re = new Float64Array(half);
    this.#im = new Float64Array(half);
    this.#y = new Float64Array(size);
    const angle = (k: number): number => (-Math.PI * (8 * k + 1)) / (8 * size);
    this.#twiddleRe = Float64Array.from({ length: half }, (_, k) => Math.cos(angle(k)));
    this.#twiddleIm = Float64Array.from({ length: half }, (_, k) => Math.sin(angle(k)));
  }

  /** Writes 2 × size values: 1/size Σ X[k] cos(π/size (n + 1/2 + size/2)(k + 1/2)). */
  inverse(input: Float32Array, output: Float32Array): void {
    const size = this.#size;
    const half = size / 2;
    const re = this.#re;
    const im = this.#im;
    const y = this.#y;
    for (let k = 0; k < half; k++) {
      const a = input[2 * k]!;
      const b = input[size - 1 - 2 * k]!;
      const c = this.#twiddleRe[k]!;
      const s = this.#twiddleIm[k]!;
      re[k] = a * c - b * s;
      im[k] = a * s + b * c;
    }
    fft(re, im);
    for (let k = 0; k < half; k++) {
      const c = this.#twiddleRe[k]!;
      const s = this.#twiddleIm[k]!;
      y[2 * k] = (re[k]! * c - im[k]! * s) / size;
      y[size - 1 - 2 * k] = -(re[k]! * s + im[k]! * c) / size;
    }
    // The cosines go on beyond `size` values with these symmetries.
    for (let n = 0; n < half; n++) output[n] = y[n + half]!;
    for (let n = half; n < size + half; n++) output[n] = -y[size + half - 1 - n]!;
    for (let n = size + half; n < 2 * size; n++) output[n] = -y[n - size - half]!;
  }
}

/** Of a whole turn, in as many steps as the longest transform has points. */
const cosines = Float64Array.from({ length: FRAME / 2 }, (_, k) => Math.cos((4 * Math.PI * k) / FRAME));
const sines = Float64Array.from({ length: FRAME / 2 }, (_, k) => Math.sin((4 * Math.PI * k) / FRAME));
const longTransform = new InverseMdct(FRAME);
const shortTransform = new InverseMdct(SHORT);

/** Fourier transform in place; the length is a power of two. */
function fft(re: Float64Array, im: Float64Array): void {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j]!, re[i]!];
      [im[i], im[j]] = [im[j]!, im[i]!];
    }
  }
  for (let length = 2; length <= n; length *= 2) {
    const half = length / 2;
    const step = cosines.length / length;
    for (let k = 0; k < half; k++) {
      const c = cosines[k * step]!;
      const s = -sines[k * step]!;
      for (let i = k; i < n; i += length) {
        const j = i + half;
        const a = re[j]! * c - im[j]! * s;
        const b = re[j]! * s + im[j]! * c;
        re[j] = re[i]! - a;
        im[j] = im[i]! - b;
        re[i]! += a;
        im[i]! += b;
      }
    }
  }
}

function sineWindow(length: number): Float32Array {
  return Float32Array.from({ length }, (_, n) => Math.sin(((n + 0.5) * Math.PI) / (2 * length)));
}

/** Derived from Kaiser and Bessel (4.6.11.3.2). */
function kaiserWindow(length: number, alpha: number): Float32Array {
  const kernel = Float64Array.from({ length: length + 1 }, (_, n) =>
    bessel(Math.PI * alpha * Math.sqrt(1 - ((2 * n) / length - 1) ** 2)),
  );
  const all = kernel.reduce((sum, value) => sum + value, 0);
  let sum = 0;
  return Float32Array.from({ length }, (_, n) => {
    sum += kernel[n]!;
    return Math.sqrt(sum / all);
  });
}
