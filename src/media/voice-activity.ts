import { dbfsToPower, powerToDbfs } from './level.ts';
import { NarrowbandFrames } from './narrowband-frames.ts';
import { NoiseFloor } from './noise-floor.ts';
import { BAND_FRAME, VoiceBands } from './voice-bands.ts';

export interface VoiceActivityOptions {
  /** Of the samples that will come, Hz: a multiple of 8000. */
  readonly sampleRate: number;
  /** `input_sensitivity` of the language, 0 to 100; see {@link sensitivityToDbfs}. */
  readonly sensitivity: number;
}

/**
 * The sensitivity's threshold is meant for the level of a talker. Single frames of his speech are weaker than
 * the level of the whole: to begin with, a frame may be this much below; once speech is on, this much.
 */
const ONSET_BELOW_THRESHOLD_DB = 7;
const KEEP_BELOW_THRESHOLD_DB = 12;
/** Share of the high band in the level of a frame: hiss counts for less than a voice does. */
const HIGH_BAND_SHARE = 0.3;

/** How far a band must stand out of its noise to begin with: the more restless the noise, the more. */
const ONSET_MARGIN = { baseDb: 1, perUnrest: 2.2, minDb: 4, maxDb: 14 };
/** The same once speech is on. */
const KEEP_MARGIN = { baseDb: 1.5, perUnrest: 1.8, minDb: 3, maxDb: 12 };
/**
 * Somebody may talk from the first sample on. Then the floor is his quietest sound, out of which he does not
 * stand by these margins. So in the first 2 s, until the noise is proven (noise-floor.ts), a smaller one will
 * do to begin with, if all else is plainly a voice: of many voices at once, hardly a frame repeats itself so well.
 */
const UNPROVEN_ONSET_MARGIN_DB = 4.5;
const UNPROVEN_ONSET_FRAMES = 200;
const UNPROVEN_PERIODICITY = 0.9;
/**
 * The same for speech that began so, or before half a second of anything else was heard: 3 dB keep it on, and
 * 1 dB more each second, so that restless noise is not speech for ever.
 */
const UNPROVEN_KEEP_MARGIN_DB = 3;
const UNPROVEN_KEEP_RISE_DB = 0.01;
const UNKNOWN_LINE_FRAMES = 50;

/**
 * Speech begins when, of the last 200 ms, 50 ms are active, 40 ms of which have the balance of a voice, 50 ms
 * repeat themselves at the pace of a voice, and 60 ms change (as a steady tone does not).
 */
const ONSET_WINDOW_FRAMES = 20;
const ONSET_ACTIVE_FRAMES = 5;
const ONSET_VOICED_FRAMES = 4;
const ONSET_PERIODIC_FRAMES = 5;
const ONSET_CHANGING_FRAMES = 6;
/** Frames that must be active already before it is worth asking whether they are periodic. */
const PERIODIC_FROM_FRAMES = 3;
/** What lies farther apart than this before an onset belongs to something else. */
const ONSET_GAP_FRAMES = 10;
/** Speech goes on while, of the last 70 ms, 30 ms are active: a lone click does not prolong it. */
const KEEP_WINDOW_FRAMES = 7;
const KEEP_ACTIVE_FRAMES = 3;
/** Speech has ended when it has not gone on for so long; the end is dated back to the last active frame. */
const HANGOVER_FRAMES = 20;

/** Share of the high band in a frame that a voice may have: hiss has half, rumble nothing. */
const VOICED_HIGH_SHARE_MIN = 0.0075;
const VOICED_HIGH_SHARE_MAX = 0.375;
/**
 * A frame whose level and balance differ by less from those of the one before, or of those 40 or 50 ms before,
 * continues a tone: two tones together beat, and most national ones at a multiple of 20 or 25 Hz.
 */
const TONE_LAGS = [1, 4, 5];
const CHANGE_DB = 0.7;
const CHANGE_SHARE = 0.015;
/** Periodicity (voice-bands.ts) of a frame that a voice has; more is wanted in restless noise: other voices. */
const PERIODICITY_BASE = 0.45;
const PERIODICITY_PER_UNREST_DB = 0.03;

/** So much digital silence, ms, makes a line known on which nothing came before the first word. */
export const SILENT_LINE_MS = 40;

const ONSET_WINDOW = (1 << ONSET_WINDOW_FRAMES) - 1;
const KEEP_WINDOW = (1 << KEEP_WINDOW_FRAMES) - 1;
/** Frames of which level and balance are remembered; a power of two. */
const HISTORY = 8;
const SILENCE = new Int16Array(480);

/**
 * Level, in dBFS (level.ts), of the quietest talker who shall be heard at an `input_sensitivity`: -15 at 0,
 * -65 at 100, linear between; 44 is -37 (spec/record.md 8 #36).
 */
export function sensitivityToDbfs(sensitivity: number): number {
  return -15 - 0.5 * sensitivity;
}

/**
 * Tells speech from silence, noise, hum, clicks, breath and steady tones, dated to 10 ms, by the power of
 * three bands against an adaptive noise floor each. A pure state machine: its decisions depend on the samples
 * alone, not on the blocks in which they come. docs/voice-detection.md explains and measures it.
 *
 * Positions count samples from the first one processed, at the rate of the input, and lie on a grid of 10 ms.
 * Who talks from the very first sample is heard, though often some tenths of a second late, once his level has
 * changed; feed it some 100 ms of line noise where that matters, or {@link SILENT_LINE_MS} of silence where nothing came.
 */
export class VoiceActivityDetector {
  readonly #onsetDbfs: number;
  /** As a power: spares the frames of speech a logarithm. */
  readonly #keepPower: number;
  readonly #input: NarrowbandFrames;
  readonly #frameSamples: number;
  readonly #bands = new VoiceBands();
  readonly #low = new NoiseFloor(0.45);
  readonly #middle = new NoiseFloor(0.25);
  readonly #high = new NoiseFloor(0.3);

  #frames = 0;
  /** Of the last frames, by their number: for {@link TONE_LAGS}. */
  readonly #levels = new Array<number>(HISTORY).fill(0);
  readonly #highShares = new Array<number>(HISTORY).fill(0);
  /** One bit a frame, the latest lowest. */
  #activeBits = 0;
  /** Those that stand out even of noise as restless as it might be; the others only of a floor not proven. */
  #sureBits = 0;
  #voicedBits = 0;
  #periodicBits = 0;
  /** As periodic as one plain voice. */
  #plainBits = 0;
  #changingBits = 0;
  #heard = false;
  /** Of the present speech: see {@link UNPROVEN_KEEP_MARGIN_DB}. */
  #lineUnknown = false;
  #speaking = false;
  #startFrame = 0;
  #endFrame = 0;
  /** Power of the active frames of the present or last speech, and how many they are. */
  #speechPower = 0;
  #speechFrames = 0;
  /** Power of what is no speech, in stretches as long as an onset; the last one may still turn out to be one. */
  #otherPower = 0;
  #otherFrames = 0;
  #lastOther = 0;
  #loudestOther = 0;

  /** @throws RangeError when the rate is no multiple of 8000 Hz or the sensitivity not 0 to 100 */
  constructor(options: VoiceActivityOptions) {
    const { sampleRate, sensitivity } = options;
    if (!(sensitivity >= 0 && sensitivity <= 100)) {
      throw new RangeError(`input sensitivity ${sensitivity}: must be 0 to 100`);
    }
    this.#input = new NarrowbandFrames(sampleRate, BAND_FRAME);
    this.#frameSamples = this.#input.inputLength;
    const thresholdDbfs = sensitivityToDbfs(sensitivity);
    this.#onsetDbfs = thresholdDbfs - ONSET_BELOW_THRESHOLD_DB;
    this.#keepPower = dbfsToPower(thresholdDbfs - KEEP_BELOW_THRESHOLD_DB);
  }

  /** Samples up to which decisions exist; up to 10 ms less than were processed. */
  get analysed(): number {
    return this.#frames * this.#frameSamples;
  }

  /** Whether there has ever been speech. */
  get heard(): boolean {
    return this.#heard;
  }

  /**
   * Whether speech is on. For 200 ms behind its end, this stays true while {@link speechEnd} stands still:
   * a gap within speech, or its end.
   */
  get speaking(): boolean {
    return this.#speaking;
  }

  /** Where the present or the last speech begins. */
  get speechStart(): number {
    return this.#startFrame * this.#frameSamples;
  }

  /** Behind the last sample of speech so far; equals {@link analysed} while somebody is talking. */
  get speechEnd(): number {
    return this.#endFrame * this.#frameSamples;
  }

  /**
   * Where speech would begin if what was heard in the last 200 ms turned out to be speech; Infinity when
   * nothing was heard, or speech is on. Moves on, so that a doubt about any position is over 200 ms later.
   */
  get possibleOnset(): number {
    if (this.#speaking || (this.#activeBits & ONSET_WINDOW) === 0) return Number.POSITIVE_INFINITY;
    return (this.#frames - onsetLength(this.#activeBits)) * this.#frameSamples;
  }

  /** Level of the present or last speech, dBFS: the mean of its active frames, above 150 Hz. */
  get speechDbfs(): number {
    return powerToDbfs(this.#speechPower / Math.max(1, this.#speechFrames));
  }

  /** Level of the loudest 200 ms so far that were not speech, dBFS; undefined while there are none. */
  get loudestOtherDbfs(): number | undefined {
    const loudest = Math.max(this.#loudestOther, this.#lastOther);
    return loudest > 0 ? powerToDbfs(loudest) : undefined;
  }

  /** Level of the line noise as it is known so far, dBFS, in the bands of a voice. */
  get noiseFloorDbfs(): number {
    return powerToDbfs(this.#low.power + this.#middle.power + this.#high.power);
  }

  /** Takes the next `count` samples; `undefined` stands for digital silence. */
  process(samples: Int16Array | undefined, offset: number, count: number): void {
    if (samples === undefined) {
      for (let left = count; left > 0; left -= SILENCE.length) {
        this.#consume(SILENCE, 0, Math.min(left, SILENCE.length));
      }
    } else {
      this.#consume(samples, offset, offset + count);
    }
  }

  #consume(samples: Int16Array, from: number, end: number): void {
    const input = this.#input;
    let at = from;
    while (at < end) {
      at = input.take(samples, at, end);
      if (!input.complete) continue;
      this.#bands.measure(input.samples, input.offset);
      this.#judge(this.#bands);
    }
  }

  #judge({ low, middle, high }: VoiceBands): void {
    this.#frames++;
    this.#low.update(low, this.#speaking);
    this.#middle.update(middle, this.#speaking);
    this.#high.update(high, this.#speaking);
    const power = low + middle + HIGH_BAND_SHARE * high;
    if (this.#speaking) this.#goOn(power);
    else this.#listen(powerToDbfs(power));
  }

  #goOn(power: number): void {
    const { low, middle, high } = this.#bands;
    const most = !this.#lineUnknown
      ? KEEP_MARGIN.maxDb
      : UNPROVEN_KEEP_MARGIN_DB + UNPROVEN_KEEP_RISE_DB * this.#frames;
    const active =
      power > this.#keepPower &&
      (powerToDbfs(low) > thresholdOf(this.#low, KEEP_MARGIN, most) ||
        powerToDbfs(middle) > thresholdOf(this.#middle, KEEP_MARGIN, most) ||
        powerToDbfs(high) > thresholdOf(this.#high, KEEP_MARGIN, most));
    this.#activeBits = (this.#activeBits << 1) | (active ? 1 : 0);
    if (active) this.#countSpeech();
    if (active && countBits(this.#activeBits & KEEP_WINDOW) >= KEEP_ACTIVE_FRAMES) {
      this.#endFrame = this.#frames;
    } else if (this.#frames - this.#endFrame >= HANGOVER_FRAMES) {
      this.#speaking = false;
      this.#activeBits = this.#sureBits = this.#voicedBits = this.#changingBits = 0;
      this.#periodicBits = this.#plainBits = 0;
    }
  }

  #listen(levelDbfs: number): void {
    const { low, middle, high } = this.#bands;
    this.#otherPower += low + middle + high;
    if (++this.#otherFrames === ONSET_WINDOW_FRAMES) this.#closeOther();
    const lowDbfs = powerToDbfs(low);
    const middleDbfs = powerToDbfs(middle);
    const highDbfs = powerToDbfs(high);
    this.#low.learnUnrest(lowDbfs);
    this.#middle.learnUnrest(middleDbfs);
    this.#high.learnUnrest(highDbfs);
    const loud = levelDbfs > this.#onsetDbfs;
    const sure = loud && this.#standsOut(lowDbfs, middleDbfs, highDbfs, ONSET_MARGIN.maxDb);
    const active =
      sure ||
      (loud &&
        this.#frames <= UNPROVEN_ONSET_FRAMES &&
        this.#standsOut(lowDbfs, middleDbfs, highDbfs, UNPROVEN_ONSET_MARGIN_DB));
    const highShare = high / (low + middle + high + 1);
    const changing = this.#changes(levelDbfs, highShare);
    this.#activeBits = (this.#activeBits << 1) | (active ? 1 : 0);
    this.#sureBits = (this.#sureBits << 1) | (sure ? 1 : 0);
    this.#voicedBits <<= 1;
    this.#periodicBits <<= 1;
    this.#plainBits <<= 1;
    this.#changingBits = (this.#changingBits << 1) | (active && changing ? 1 : 0);
    if (!active || highShare <= VOICED_HIGH_SHARE_MIN || highShare >= VOICED_HIGH_SHARE_MAX) return;
    this.#voicedBits |= 1;
    this.#maybeBegin();
  }

  /** Remembers level and balance of a frame, and compares them with those that a tone would have had. */
  #changes(levelDbfs: number, highShare: number): boolean {
    const levels = this.#levels;
    const shares = this.#highShares;
    let changes = true;
    for (const lag of TONE_LAGS) {
      const at = (this.#frames - lag) & (HISTORY - 1);
      if (
        Math.abs(levelDbfs - levels[at]!) <= CHANGE_DB &&
        Math.abs(highShare - shares[at]!) <= CHANGE_SHARE
      ) {
        changes = false;
      }
    }
    levels[this.#frames & (HISTORY - 1)] = levelDbfs;
    shares[this.#frames & (HISTORY - 1)] = highShare;
    return changes;
  }

  /** Whether any band stands out of its noise enough to begin with. @param unprovenMaxDb see {@link thresholdOf} */
  #standsOut(lowDbfs: number, middleDbfs: number, highDbfs: number, unprovenMaxDb: number): boolean {
    return (
      lowDbfs > thresholdOf(this.#low, ONSET_MARGIN, unprovenMaxDb) ||
      middleDbfs > thresholdOf(this.#middle, ONSET_MARGIN, unprovenMaxDb) ||
      highDbfs > thresholdOf(this.#high, ONSET_MARGIN, unprovenMaxDb)
    );
  }

  #maybeBegin(): void {
    if (countBits(this.#activeBits & ONSET_WINDOW) < PERIODIC_FROM_FRAMES) return;
    const sureBits = this.#sureBits;
    const periodicity = this.#bands.periodicity();
    const wanted = PERIODICITY_BASE + PERIODICITY_PER_UNREST_DB * this.#low.unrestDb;
    if (periodicity <= wanted) return;
    const sure = (sureBits & 1) !== 0 && countBits(sureBits & ONSET_WINDOW) >= PERIODIC_FROM_FRAMES;
    if (sure) this.#periodicBits |= 1;
    if (periodicity > UNPROVEN_PERIODICITY) this.#plainBits |= 1;
    const surely = this.#isOnset(sureBits, this.#periodicBits);
    if (!surely && !this.#isOnset(this.#activeBits, this.#plainBits)) return;
    this.#startFrame = this.#frames - onsetLength(this.#activeBits);
    this.#endFrame = this.#frames;
    this.#lineUnknown = !surely || this.#startFrame < UNKNOWN_LINE_FRAMES;
    this.#speaking = true;
    this.#heard = true;
    this.#speechPower = this.#speechFrames = 0;
    this.#countSpeech();
    this.#otherPower = this.#otherFrames = this.#lastOther = 0;
  }

  /** Whether the `active` frames of the last 200 ms are the beginning of speech, `periodic` those of a voice's pitch. */
  #isOnset(active: number, periodic: number): boolean {
    const bits = active & ONSET_WINDOW;
    return (
      countBits(periodic & ONSET_WINDOW) >= ONSET_PERIODIC_FRAMES &&
      countBits(bits) >= ONSET_ACTIVE_FRAMES &&
      countBits(this.#voicedBits & bits) >= ONSET_VOICED_FRAMES &&
      countBits(this.#changingBits & bits) >= ONSET_CHANGING_FRAMES
    );
  }

  #countSpeech(): void {
    const { low, middle, high } = this.#bands;
    this.#speechPower += low + middle + high;
    this.#speechFrames++;
  }

  #closeOther(): void {
    this.#loudestOther = Math.max(this.#loudestOther, this.#lastOther);
    this.#lastOther = this.#otherPower / ONSET_WINDOW_FRAMES;
    this.#otherPower = this.#otherFrames = 0;
  }
}

interface Margin {
  readonly baseDb: number;
  readonly perUnrest: number;
  readonly minDb: number;
  readonly maxDb: number;
}

/** @param unprovenMaxDb most of the margin while the noise is not proven */
function thresholdOf(noise: NoiseFloor, margin: Margin, unprovenMaxDb: number): number {
  const wished = margin.baseDb + margin.perUnrest * noise.unrestDb;
  const most = noise.proven ? margin.maxDb : Math.min(margin.maxDb, unprovenMaxDb);
  return noise.dbfs + Math.min(most, Math.max(margin.minDb, wished));
}

/** Frames from the first active one of an onset to now, within the window. */
function onsetLength(activeBits: number): number {
  let bits = activeBits & ONSET_WINDOW;
  let length = 0;
  while (bits !== 0) {
    const gap = 31 - Math.clz32(bits & -bits) - length;
    if (gap > ONSET_GAP_FRAMES && length > 0) break;
    length += gap + 1;
    bits = activeBits & ONSET_WINDOW & ~((1 << length) - 1);
  }
  return length;
}

function countBits(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}
