/**
 * Finds which tone sounds when in a recording, and where it is disturbed. Each candidate frequency is mixed
 * down to zero and averaged over {@link WINDOW_MS}; the strongest candidate of each sample wins. Edges are put
 * where a tone passes half its own strength, which is the true edge of a tone that is switched. Measured on
 * switched tones through G.711: right to 2 ms.
 */
import type { Wav } from './audio-files.ts';

/** A stretch of one tone. */
export interface FoundTone {
  readonly frequencyHz: number;
  readonly startMs: number;
  readonly endMs: number;
  /** Peak level of the tone, dB below full scale. */
  readonly levelDbfs: number;
}

/** A stretch within a tone that is not that tone: silence, noise, or a jump of its phase. */
export interface Disturbance {
  readonly frequencyHz: number;
  readonly startMs: number;
  readonly endMs: number;
}

export interface ToneSearch {
  /** Frequencies that may occur, whole Hz, best 50 apart (see `testFrequencies`). */
  readonly frequencies: readonly number[];
  /** 0 is the left or only channel. */
  readonly channel?: number;
  /** Tones weaker than this are silence. Default −35 dB below full scale. */
  readonly floorDbfs?: number;
  /** Shorter stretches are not tones. Default 40 ms. */
  readonly shortestMs?: number;
}

/** Averaging time: two tones 50 Hz apart cancel each other exactly over 20 ms. */
const WINDOW_MS = 20;
/** A sample further than this share of the tone's amplitude from where it should be is disturbed. */
const DISTURBED_SHARE = 0.35;
/** Disturbed samples closer together than this are one disturbance. */
const JOIN_MS = 5;

/** Tones in their order. Between two of them there may be silence. */
export function findTones(wav: Wav, search: ToneSearch): FoundTone[] {
  const samples = channelOf(wav, search);
  const strengths = search.frequencies.map((hz) => demodulate(samples, hz, wav.sampleRate, false).magnitude);
  const floor = 32768 * 10 ** ((search.floorDbfs ?? -35) / 20);
  const winner = new Int16Array(samples.length).fill(-1);
  const best = new Float64Array(samples.length).fill(floor);
  for (const [index, strength] of strengths.entries()) {
    for (let at = 0; at < samples.length; at += 1) {
      if (strength[at]! <= best[at]!) continue;
      best[at] = strength[at]!;
      winner[at] = index;
    }
  }
  const msPerSample = 1000 / wav.sampleRate;
  const shortest = (search.shortestMs ?? 40) / msPerSample;
  const tones: FoundTone[] = [];
  for (const run of runsOf(winner)) {
    if (run.value < 0 || run.end - run.start < shortest) continue;
    const strength = strengths[run.value]!;
    const amplitude = median(strength.subarray(run.start, run.end));
    let { start, end } = run;
    while (start < end && strength[start]! < amplitude / 2) start += 1;
    while (end > start && strength[end - 1]! < amplitude / 2) end -= 1;
    tones.push({
      frequencyHz: search.frequencies[run.value]!,
      startMs: start * msPerSample,
      endMs: end * msPerSample,
      levelDbfs: 20 * Math.log10(amplitude / 32768),
    });
  }
  return mergeSame(tones);
}

/** Where the tones of `tones` are interrupted, jump or crackle; their own first and last 20 ms left out. */
export function findDisturbances(wav: Wav, tones: readonly FoundTone[], channel = 0): Disturbance[] {
  const samples = channelOf(wav, { channel });
  const perMs = wav.sampleRate / 1000;
  const found: Disturbance[] = [];
  for (const tone of tones) {
    const amplitude = 32768 * 10 ** (tone.levelDbfs / 20);
    const from = Math.round((tone.startMs + WINDOW_MS) * perMs);
    const to = Math.round((tone.endMs - WINDOW_MS) * perMs);
    const { inPhase, quadrature, magnitude } = demodulate(samples, tone.frequencyHz, wav.sampleRate, true);
    const { cosine, sine } = onePeriod(tone.frequencyHz, wav.sampleRate);
    const period = cosine.length;
    let open: { start: number; end: number } | undefined;
    const close = (): void => {
      if (open === undefined) return;
      found.push({
        frequencyHz: tone.frequencyHz,
        startMs: open.start / perMs,
        endMs: (open.end + 1) / perMs,
      });
      open = undefined;
    };
    for (let at = from; at < to; at += 1) {
      const expected = inPhase[at]! * cosine[at % period]! + quadrature[at]! * sine[at % period]!;
      const off = Math.max(Math.abs(samples[at]! - expected), Math.abs(amplitude - magnitude[at]!));
      if (off < DISTURBED_SHARE * amplitude) continue;
      if (open !== undefined && at - open.end > JOIN_MS * perMs) close();
      open = { start: open?.start ?? at, end: at };
    }
    close();
  }
  return found;
}

/** One line for each tone, for the text of a failed assertion. */
export function describeTones(tones: readonly FoundTone[]): string {
  return tones
    .map(
      (tone) =>
        `${tone.frequencyHz} Hz ${tone.startMs.toFixed(0)}–${tone.endMs.toFixed(0)} ms ${tone.levelDbfs.toFixed(0)} dB`,
    )
    .join('\n');
}

/** Complex amplitude of a frequency around each sample: the peak amplitude of the tone, in sample units. */
interface Demodulated {
  readonly inPhase: Float64Array;
  readonly quadrature: Float64Array;
  readonly magnitude: Float64Array;
}

/** @param whole otherwise only the magnitude is wanted, and the other two are empty */
function demodulate(
  samples: Int16Array,
  frequencyHz: number,
  sampleRate: number,
  whole: boolean,
): Demodulated {
  const window = Math.round((WINDOW_MS * sampleRate) / 1000);
  const { cosine, sine } = onePeriod(frequencyHz, sampleRate);
  const period = cosine.length;
  const { length } = samples;
  const inPhase = new Float64Array(whole ? length : 0);
  const quadrature = new Float64Array(whole ? length : 0);
  const magnitude = new Float64Array(length);
  let real = 0;
  let imaginary = 0;
  // Places in the period of the sample that comes and of the one that goes.
  let coming = 0;
  let going = 0;
  for (let at = 0; at < length + window / 2; at += 1) {
    if (at < length) {
      real += samples[at]! * cosine[coming]!;
      imaginary += samples[at]! * sine[coming]!;
      if (++coming === period) coming = 0;
    }
    if (at >= window) {
      const gone = samples[at - window]!;
      real -= gone * cosine[going]!;
      imaginary -= gone * sine[going]!;
      if (++going === period) going = 0;
    }
    const centre = at - window / 2;
    if (centre < 0) continue;
    magnitude[centre] = (2 / window) * Math.sqrt(real * real + imaginary * imaginary);
    if (!whole) continue;
    inPhase[centre] = (2 * real) / window;
    quadrature[centre] = (2 * imaginary) / window;
  }
  return { inPhase, quadrature, magnitude };
}

/**
 * Samples of a wave up to where it repeats; looked up, they cost a tenth of being computed, and the search must
 * not hold up the speakers of other calls that live in its process.
 */
function onePeriod(
  frequencyHz: number,
  sampleRate: number,
): { readonly cosine: Float64Array; readonly sine: Float64Array } {
  const period = sampleRate / commonDivisor(sampleRate, frequencyHz);
  const step = (2 * Math.PI * frequencyHz) / sampleRate;
  const angles = Float64Array.from({ length: period }, (_, at) => step * at);
  return { cosine: angles.map(Math.cos), sine: angles.map(Math.sin) };
}

/** Of two whole numbers. */
function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

function channelOf(wav: Wav, { channel = 0 }: { readonly channel?: number }): Int16Array {
  const samples = wav.channels[channel];
  if (samples === undefined) throw new Error(`the file has ${wav.channels.length} channels, no ${channel}`);
  return samples;
}

function* runsOf(values: Int16Array): Generator<{ value: number; start: number; end: number }> {
  let start = 0;
  for (let at = 1; at <= values.length; at += 1) {
    if (at < values.length && values[at] === values[start]) continue;
    yield { value: values[start]!, start, end: at };
    start = at;
  }
}

/** A tone that dips below the floor for less than the averaging time is one tone, disturbed. */
function mergeSame(tones: readonly FoundTone[]): FoundTone[] {
  const merged: FoundTone[] = [];
  for (const tone of tones) {
    const last = merged.at(-1);
    if (last?.frequencyHz === tone.frequencyHz && tone.startMs - last.endMs < 10 * WINDOW_MS) {
      merged[merged.length - 1] = { ...last, endMs: tone.endMs };
    } else {
      merged.push(tone);
    }
  }
  return merged;
}

function median(values: Float64Array): number {
  return values.toSorted()[Math.floor(values.length / 2)]!;
}
