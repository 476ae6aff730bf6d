/** Lowest and highest samples of equal stretches of audio, as a player draws them. */
export interface Peaks {
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Sample instants of each stretch; the last one may be shorter. */
  readonly framesPerPoint: number;
  /** For each stretch, for each channel: lowest, then highest sample. */
  readonly data: Int16Array;
}

/** Most stretches that a {@link PeakMeter} tells apart. Even, so that they can be joined in pairs. */
export const MAX_POINTS = 2_048;
/** Length of a stretch while there are not too many, ms. */
const FIRST_POINT_MS = 20;
/** Stretches that there is room for at first; it doubles. */
const FIRST_CAPACITY = 64;

/**
 * Gathers the peaks of audio of any length in bounded memory: stretches of 20 ms, joined in pairs whenever they
 * would become more than {@link MAX_POINTS}. So there are always at least half as many, from 41 s on.
 */
export class PeakMeter {
  readonly #sampleRate: number;
  readonly #channels: number;
  #framesPerPoint: number;
  #data: Int16Array;
  #points = 0;
  /** Frames in the stretch that is not complete, and its extremes for each channel. */
  #openFrames = 0;
  readonly #lowest: number[];
  readonly #highest: number[];

  /** @param sampleRate Hz */
  constructor(sampleRate: number, channels: number) {
    this.#sampleRate = sampleRate;
    this.#channels = channels;
    this.#framesPerPoint = Math.max(1, Math.round((sampleRate * FIRST_POINT_MS) / 1000));
    this.#data = new Int16Array(FIRST_CAPACITY * channels * 2);
    this.#lowest = new Array<number>(channels).fill(0);
    this.#highest = new Array<number>(channels).fill(0);
  }

  /** Takes the next `frames` sample instants, interleaved, at the beginning of `samples`. */
  add(samples: Int16Array, frames: number): void {
    let done = 0;
    while (done < frames) {
      const run = Math.min(frames - done, this.#framesPerPoint - this.#openFrames);
      this.#observe(samples, done, run);
      done += run;
      this.#openFrames += run;
      if (this.#openFrames === this.#framesPerPoint) this.#close();
    }
  }

  /** What has been gathered; undefined when that is nothing. Nothing may be added behind it. */
  result(): Peaks | undefined {
    if (this.#openFrames > 0) this.#close(true);
    if (this.#points === 0) return undefined;
    return {
      sampleRate: this.#sampleRate,
      channels: this.#channels,
      framesPerPoint: this.#framesPerPoint,
      data: this.#data.slice(0, this.#points * this.#channels * 2),
    };
  }

  #observe(samples: Int16Array, from: number, frames: number): void {
    const channels = this.#channels;
    if (channels === 1) {
      this.#observeOnly(samples, from, from + frames);
      return;
    }
    const opens = this.#openFrames === 0;
    for (let channel = 0; channel < channels; channel++) {
      let at = from * channels + channel;
      const end = (from + frames) * channels;
      let lowest = opens ? samples[at]! : this.#lowest[channel]!;
      let highest = opens ? lowest : this.#highest[channel]!;
      for (; at < end; at += channels) {
        const sample = samples[at]!;
        if (sample < lowest) lowest = sample;
        if (sample > highest) highest = sample;
      }
      this.#lowest[channel] = lowest;
      this.#highest[channel] = highest;
    }
  }

  /** As {@link #observe} of one channel, by two runs side by side, so that few comparisons wait for the one before. */
  #observeOnly(samples: Int16Array, from: number, end: number): void {
    const opens = this.#openFrames === 0;
    let lowest = opens ? samples[from]! : this.#lowest[0]!;
    let highest = opens ? lowest : this.#highest[0]!;
    let otherLowest = lowest;
    let otherHighest = highest;
    let at = from;
    for (; at + 3 < end; at += 4) {
      const a = samples[at]!;
      const b = samples[at + 1]!;
      const c = samples[at + 2]!;
      const d = samples[at + 3]!;
      if (a < lowest) lowest = a;
      if (a > highest) highest = a;
      if (b < otherLowest) otherLowest = b;
      if (b > otherHighest) otherHighest = b;
      if (c < lowest) lowest = c;
      if (c > highest) highest = c;
      if (d < otherLowest) otherLowest = d;
      if (d > otherHighest) otherHighest = d;
    }
    for (; at < end; at++) {
      const sample = samples[at]!;
      if (sample < lowest) lowest = sample;
      if (sample > highest) highest = sample;
    }
    this.#lowest[0] = Math.min(lowest, otherLowest);
    this.#highest[0] = Math.max(highest, otherHighest);
  }

  /** The open stretch is complete, or the last one; where there is no room for it, it becomes half of a longer one. */
  #close(last = false): void {
    if (this.#points === MAX_POINTS) {
      joinPairs(this.#data, this.#points, this.#channels);
      this.#points /= 2;
      this.#framesPerPoint *= 2;
      if (!last) return;
    }
    const width = this.#channels * 2;
    if (this.#points * width === this.#data.length) {
      const grown = new Int16Array(this.#data.length * 2);
      grown.set(this.#data);
      this.#data = grown;
    }
    for (let channel = 0; channel < this.#channels; channel++) {
      this.#data[this.#points * width + channel * 2] = this.#lowest[channel]!;
      this.#data[this.#points * width + channel * 2 + 1] = this.#highest[channel]!;
    }
    this.#points++;
    this.#openFrames = 0;
  }
}

/** The same peaks in at most `maxPoints` (≥ 1) equal stretches. */
export function reducePeaks(peaks: Peaks, maxPoints: number): Peaks {
  const width = peaks.channels * 2;
  const points = peaks.data.length / width;
  const joined = Math.ceil(points / maxPoints);
  if (joined <= 1) return peaks;
  const data = new Int16Array(Math.ceil(points / joined) * width);
  for (let at = 0; at < peaks.data.length; at += width) {
    const to = Math.floor(at / width / joined) * width;
    joinInto(data, to, peaks.data, at, { width, first: (at / width) % joined === 0 });
  }
  return { ...peaks, framesPerPoint: peaks.framesPerPoint * joined, data };
}

/** Joins stretches 0 and 1, 2 and 3, … of an even number, in place. */
function joinPairs(data: Int16Array, points: number, channels: number): void {
  const width = channels * 2;
  for (let point = 0; point < points; point++) {
    const to = Math.floor(point / 2) * width;
    joinInto(data, to, data, point * width, { width, first: point % 2 === 0 });
  }
}

function joinInto(
  to: Int16Array,
  toOffset: number,
  from: Int16Array,
  fromOffset: number,
  point: { readonly width: number; readonly first: boolean },
): void {
  for (let i = 0; i < point.width; i += 2) {
    const lowest = from[fromOffset + i]!;
    const highest = from[fromOffset + i + 1]!;
    to[toOffset + i] = point.first ? lowest : Math.min(to[toOffset + i]!, lowest);
    to[toOffset + i + 1] = point.first ? highest : Math.max(to[toOffset + i + 1]!, highest);
  }
}
