import { mixSamples } from '../media/mix.ts';
import { RateChanger } from '../media/rate-changer.ts';

/** Audio that may wait here, frames. Usually it is at most one. */
const MAX_FRAMES = 10;
/** Frames that wait needlessly are left out after so many takes: where it is quiet, and anyhow. */
const PATIENCE = 25;
const MAX_PATIENCE = 100;
/** Magnitude below which a frame may be left out unheard: −38 dBFS. */
const QUIET = 400;

/** The other session of a bridge. */
export interface BridgePeer {
  /** The party of this session says the first `count` samples of `samples`, at `sampleRate` Hz. */
  hear(samples: Int16Array, count: number, sampleRate: number): void;
  /** It presses a key that does not sound in what it says, or whose tone its filter takes for noise. */
  press(digit: string): void;
  /** It is told by a beep that it is recorded, and so are those who talk with it (spec/record.md 3.2). */
  beep(): void;
}

/**
 * What the other party of a bridge says, on its way to this one, at the rate of this session. Both sessions tick
 * on one clock, so a frame that is put in is taken within 20 ms. The head of the other's timeline stands still
 * or moves by two frames where its playout delay adapts: the former is a frame of silence here, the latter a
 * frame that would wait for ever, and is left out. So the bridge adds no delay over the hours.
 */
export class PeerAudio {
  readonly #frame: number;
  readonly #sampleRate: number;
  readonly #ring: Int16Array;
  #pushed = 0;
  #taken = 0;
  #fromRate: number;
  #changer: RateChanger | undefined;
  #changed = new Int16Array(0);
  /** Takes in a row after which a whole frame was left. */
  #idleTakes = 0;

  /** @param frame samples of one frame @param sampleRate Hz */
  constructor(frame: number, sampleRate: number) {
    this.#frame = frame;
    this.#sampleRate = sampleRate;
    this.#fromRate = sampleRate;
    this.#ring = new Int16Array(frame * MAX_FRAMES);
  }

  /** Samples that wait. */
  get waiting(): number {
    return this.#pushed - this.#taken;
  }

  /**
   * Puts in the first `count` samples of `samples`. Without room for them, the oldest go.
   * @param sampleRate Hz; that of the session or one that is a multiple or a part of it
   */
  push(samples: Int16Array, count: number, sampleRate: number): void {
    if (sampleRate !== this.#fromRate) {
      this.#fromRate = sampleRate;
      this.#changer =
        sampleRate === this.#sampleRate ? undefined : new RateChanger(sampleRate, this.#sampleRate);
    }
    if (this.#changer === undefined) {
      this.#put(samples, count);
      return;
    }
    const most = this.#changer.outputOf(count);
    if (this.#changed.length < most) this.#changed = new Int16Array(most);
    this.#put(this.#changed, this.#changer.process(samples, 0, count, this.#changed, 0));
  }

  /**
   * Takes the next frame and puts it into `dest`: beneath what is there when that is `sounding`, else in its
   * place.
   * @returns whether there is something to be heard in `dest`
   */
  mixInto(dest: Int16Array, sounding: boolean): boolean {
    if (this.waiting < this.#frame) {
      this.#idleTakes = 0;
      return sounding;
    }
    const from = this.#taken % this.#ring.length;
    let heard = false;
    for (let i = 0, at = from; i < this.#frame; i++, at++) {
      if (at === this.#ring.length) at = 0;
      const sample = this.#ring[at]!;
      if (sample !== 0) heard = true;
      dest[i] = sounding ? mixSamples(dest[i]!, sample) : sample;
    }
    this.#taken += this.#frame;
    this.#leaveOut();
    return sounding || heard;
  }

  /** Takes the next frame and lets it go: something else is sent in its place. */
  skip(): void {
    this.#taken = Math.min(this.#pushed, this.#taken + this.#frame);
  }

  #put(samples: Int16Array, count: number): void {
    const { length } = this.#ring;
    for (let i = 0, at = this.#pushed % length; i < count; i++, at++) {
      if (at === length) at = 0;
      this.#ring[at] = samples[i]!;
    }
    this.#pushed += count;
    const excess = this.waiting - length;
    if (excess > 0) this.#taken += Math.ceil(excess / this.#frame) * this.#frame;
  }

  #leaveOut(): void {
    if (this.waiting < this.#frame) {
      this.#idleTakes = 0;
      return;
    }
    if (++this.#idleTakes < PATIENCE) return;
    if (this.#idleTakes < MAX_PATIENCE && !this.#nextIsQuiet()) return;
    this.#taken += this.#frame;
    this.#idleTakes = 0;
  }

  #nextIsQuiet(): boolean {
    for (let i = 0; i < this.#frame; i++) {
      const sample = this.#ring[(this.#taken + i) % this.#ring.length]!;
      if (sample > QUIET || sample < -QUIET) return false;
    }
    return true;
  }
}
