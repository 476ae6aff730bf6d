import { copySamples } from '../media/copy-samples.ts';
import type { ReceiveTimeline } from '../rtp/receive-timeline.ts';
import { type FrameScratch, frameScratch } from './frame-scratch.ts';
import type { FrameTimes } from './frame-times.ts';

/** Sound that may wait here, ms: more than the receive side ever lags behind what has arrived. */
const MAX_WAITING_MS = 500;
/** Pushes over which the newest arrivals are watched before the place is corrected: ten seconds. */
const WINDOW = 500;
/** Magnitude below which a frame may be left out, or silence put before it, unheard: −38 dBFS. */
const QUIET = 400;
/** Frames that the place may be off before it is corrected where it is quiet, and before it is corrected anyhow. */
const TOLERATED = 0.6;
const INTOLERABLE = 1;
const NO_SAMPLES = new Int16Array(0);

/** What tells when and where audio has arrived. */
type Arrivals = Pick<ReceiveTimeline, 'receivedUntil' | 'head' | 'ticks' | 'delay'>;

/** What has arrived by a tick; default: the head has no delay. */
interface ArrivedBefore extends Pick<Arrivals, 'receivedUntil' | 'head'> {
  readonly delay?: Pick<Arrivals['delay'], 'opened'>;
}

/**
 * What the party hears, on its way to the recordings. Each frame belongs beside the audio that arrives while it
 * is sent, which the recordings' live head reaches a playout delay later: so frames wait here for as long.
 *
 * The head stands still or moves by two frames when its delay adapts; frames then wait longer or shorter, and
 * stay in their place. The party's clock is not ours: over the hours, frames are left out or silence is put
 * between them, so that both sides stay together to one frame.
 */
export class HeardQueue {
  readonly #frame: number;
  readonly #perMs: number;
  readonly #scratch: FrameScratch;
  readonly #longSilence: Int16Array;
  /** Samples that fit. */
  readonly #capacity: number;
  /** Made with the first frame: most calls never ask for what is heard. */
  #samples = NO_SAMPLES;
  /** Counted since the start. */
  #pushed = 0;
  #taken = 0;
  /** Of what was pushed, only silence lies behind this. */
  #soundUntil = 0;
  /** Samples that are past their place already, and that nobody has taken yet. */
  #passed = 0;
  /** Silence, samples, that comes where so many have been taken, in their order. */
  readonly #skipped: { readonly at: number; samples: number }[] = [];
  /** Silence that was given for lack of anything else since the last frame came, samples. */
  #lacked = 0;
  /** The last frame and the time dropped before it, ms; and what has not made a whole frame of it, samples. */
  #lastFrame = Number.NaN;
  #droppedMs = 0;
  #remainder = 0;
  /** The most by which arrivals of the present window were ahead of what was sent meanwhile, and its pushes. */
  #lead = Number.NEGATIVE_INFINITY;
  #watched = 0;
  /** Samples by which the place is too early (> 0) or too late, as far as is known. */
  #off = 0;

  /** @param frame samples of one frame @param sampleRate Hz @param run most frames that are taken together as silence */
  constructor(frame: number, sampleRate: number, run = 1) {
    this.#frame = frame;
    this.#perMs = sampleRate / 1000;
    this.#scratch = frameScratch(frame);
    this.#longSilence = frameScratch(frame * run).silence;
    this.#capacity = Math.ceil((sampleRate * MAX_WAITING_MS) / 1000 / frame) * frame;
  }

  /** Samples put in so far. */
  get pushed(): number {
    return this.#pushed;
  }

  /** Samples that have left again: by being taken or left out, or for lack of room. */
  get taken(): number {
    return this.#taken;
  }

  /** Samples on their way, silence included. */
  get #waiting(): number {
    let samples = this.#pushed - this.#taken;
    for (const skipped of this.#skipped) samples += skipped.samples;
    return samples;
  }

  /** Nothing that sounds is on its way. */
  get isSilent(): boolean {
    return this.#taken >= this.#soundUntil;
  }

  /** Audio has arrived, at `arrivedMs`, behind what had; `tickedMs`: the last tick. Readings of one clock, ms. */
  noteArrival({ receivedUntil, head, ticks }: Arrivals, arrivedMs: number, tickedMs: number): void {
    // Nothing is known of its place before the first frame is sent, or in a standstill, when the head falls behind.
    const sinceTick = (arrivedMs - tickedMs) / ticks.tickMs;
    if (this.#pushed === 0 || sinceTick > 2) return;
    this.arrived(receivedUntil - head - Math.min(1, sinceTick) * this.#frame);
  }

  /**
   * Audio has arrived whose end lies `ahead` samples ahead of the live head, if that moved continuously.
   */
  arrived(ahead: number): void {
    // The frame pushed last is on its way out, and the head in the middle of its tick.
    const lead = ahead - (this.#waiting - this.#frame);
    // The fastest of many waited least on the way.
    if (lead > this.#lead) this.#lead = lead;
  }

  /**
   * At a tick, before the first frame and before the head moves.
   * @param first samples that the head is about to move
   * @param lateMs by so much the head is behind, since the thread has stood still, ms
   * @param missedMs time of frames that were missed in that and come now, in one burst with the first, ms
   */
  begin({ receivedUntil, head, delay }: ArrivedBefore, first = this.#frame, lateMs = 0, missedMs = 0): void {
    // What is there came half a tick ago, for all that is known. Where nothing is, the next packet is still to come: the first
    // one of all, or one behind a pause, which the head is behind already; and what came in a standstill may be taken behind
    // this tick.
    const arrived = receivedUntil - head + this.#frame / 2;
    const usual = 2 * this.#frame + (delay?.opened ?? 0) + lateMs * this.#perMs;
    const isKnown = receivedUntil > head && missedMs === 0;
    // The first of those that were missed has its place before all that came when the others should have been sent.
    const ahead = (isKnown ? arrived : Math.max(arrived, usual)) - missedMs * this.#perMs;
    // Where the head moves by less at first, or by more, so does what waits.
    const more = Math.ceil((first - this.#frame) / this.#frame);
    const frames = Math.round(ahead / this.#frame) + more;
    const fitting = Math.min(frames, this.#capacity / this.#frame - 1);
    for (let i = 0; i < fitting; i++) this.#put(undefined);
    if (frames > fitting) this.#skipped.push({ at: this.#pushed, samples: (frames - fitting) * this.#frame });
    this.#taken = Math.min(this.#pushed, this.#taken + (1 + more) * this.#frame - first);
  }

  /** Puts a whole frame in, which is being sent; default: silence. Without room for it, the oldest frame goes. */
  push(frame: Int16Array = this.#scratch.silence): void {
    this.#watch();
    if (this.#off > 0) {
      const early = this.#framesToCorrect((most) => (isQuiet(frame, 0, frame.length) ? most : 0));
      for (let i = 0; i < early; i++) this.#put(undefined);
    }
    this.#put(frame);
    if (frame !== this.#scratch.silence) this.#soundUntil = this.#pushed;
    if (this.#off < 0) {
      const late = this.#framesToCorrect((most) => this.#oldestQuiet(most));
      this.#taken = Math.min(this.#taken + late * this.#frame, this.#pushed);
    }
  }

  /**
   * As {@link push}, beside what has arrived, behind the time that was dropped before it.
   * @param nowMs the clock's reading for the tick, ms
   * @param frame its number in `times`
   */
  pushBeside(
    arrivals: Arrivals,
    nowMs: number,
    frame: number,
    times: Pick<FrameTimes, 'at' | 'droppedUntil'> | undefined,
    sent?: Int16Array,
  ): void {
    if (this.#pushed === 0) {
      const first = Math.round((arrivals.ticks.firstAt(nowMs) ?? 1) * this.#frame);
      this.begin(arrivals, first, ...standstill(arrivals.ticks, frame, times));
    }
    if (times !== undefined) this.#skip(times, frame);
    this.push(sent);
  }

  /**
   * Before each frame that is pushed: in the time that was dropped since the last one, nothing was sent, so the party heard
   * nothing. What waits here comes before it, and what comes keeps its distance.
   */
  #skip(times: Pick<FrameTimes, 'droppedUntil'>, frame: number): void {
    const isNext = frame === this.#lastFrame + 1;
    const droppedMs = times.droppedUntil(frame);
    // What was heard in that time already was silence.
    const lacked = this.#lacked;
    const dropped = (droppedMs - this.#droppedMs) * this.#perMs;
    this.#lastFrame = frame;
    this.#droppedMs = droppedMs;
    this.#lacked = 0;
    if (!isNext || dropped === 0) return;
    this.#remainder += Math.max(0, dropped - lacked);
    const samples = Math.round(this.#remainder / this.#frame) * this.#frame;
    this.#remainder -= samples;
    if (samples > 0) this.#skipped.push({ at: this.#pushed, samples });
  }

  /**
   * The next `count` samples, of those that were passed or ≤ one frame, silence where there are none; valid until the next
   * call, of any queue.
   */
  take(count: number): Int16Array {
    const capacity = this.#capacity;
    const { heard, silence } = this.#scratch;
    if (this.#passed > 0) {
      this.#passed -= count;
      return this.#longSilence;
    }
    const at = this.#taken % capacity;
    const there = this.#leave(count);
    // Of most sessions nobody wants to know what they hear.
    if (there === 0) return silence;
    const unwrapped = Math.min(there, capacity - at);
    copySamples(this.#samples, at, heard, 0, unwrapped);
    copySamples(this.#samples, 0, heard, unwrapped, there - unwrapped);
    heard.fill(0, there);
    return heard;
  }

  /** The next `count` samples, which stay here; silence where none are, or it is not known where they lie. */
  peek(count: number): Int16Array {
    const samples = new Int16Array(count);
    if (this.#passed > 0 || this.#skipped.length > 0) return samples;
    const there = Math.min(count, this.#pushed - this.#taken);
    for (let i = 0; i < there; i++) samples[i] = this.#samples[(this.#taken + i) % this.#capacity]!;
    return samples;
  }

  /**
   * While it {@link isSilent}: the next `count` samples are at their place, and will be taken later, when more have come
   * there, as silence.
   */
  pass(count: number): void {
    for (let left = count; left > 0; left -= this.#frame) this.#leave(Math.min(left, this.#frame));
    this.#passed += count;
  }

  /** The next `count` (≤ one frame) samples go. @returns how many of them there were */
  #leave(count: number): number {
    const skipped = this.#skipped[0];
    if (skipped !== undefined && this.#taken >= skipped.at) {
      skipped.samples -= count;
      if (skipped.samples <= 0) this.#skipped.shift();
      return 0;
    }
    const there = Math.min(count, (skipped?.at ?? this.#pushed) - this.#taken);
    this.#lacked += count - there;
    this.#taken += there;
    return there;
  }

  #watch(): void {
    if (++this.#watched < WINDOW) return;
    const off = this.#lead === Number.NEGATIVE_INFINITY ? 0 : this.#lead;
    this.#watchAnew();
    this.#off = off;
  }

  /** What was seen before a correction says nothing about the place behind it. */
  #watchAnew(): void {
    this.#off = 0;
    this.#lead = Number.NEGATIVE_INFINITY;
    this.#watched = 0;
  }

  /**
   * Where it is loud, one frame at a time: a gap that is hardly heard.
   * @param quietHere how many may be put in or left out unheard, of so many
   */
  #framesToCorrect(quietHere: (most: number) => number): number {
    const frames = Math.abs(this.#off) / this.#frame;
    if (frames <= TOLERATED) return 0;
    const quiet = quietHere(Math.round(frames));
    if (quiet === 0 && frames <= INTOLERABLE) return 0;
    this.#watchAnew();
    return Math.max(1, quiet);
  }

  /** @param frame undefined for silence */
  #put(frame: Int16Array | undefined): void {
    const capacity = this.#capacity;
    if (this.#samples === NO_SAMPLES) this.#samples = new Int16Array(capacity);
    if (this.#pushed - this.#taken + this.#frame > capacity) this.#taken += this.#frame;
    // A frame never wraps round: the capacity is a multiple of it.
    const at = this.#pushed % capacity;
    if (frame === undefined) this.#samples.fill(0, at, at + this.#frame);
    else this.#samples.set(frame, at);
    this.#pushed += this.#frame;
  }

  /** Of the oldest `most` frames, how many are quiet before the first that is not. */
  #oldestQuiet(most: number): number {
    let quiet = 0;
    while (quiet < most && this.#isQuietFrom(this.#taken + quiet * this.#frame)) quiet++;
    return quiet;
  }

  #isQuietFrom(position: number): boolean {
    const capacity = this.#capacity;
    const at = position % capacity;
    const untilWrap = Math.min(this.#frame, capacity - at);
    return isQuiet(this.#samples, at, at + untilWrap) && isQuiet(this.#samples, 0, this.#frame - untilWrap);
  }
}

/** By how much ticks are behind at this frame, and how much of that comes in one burst with it, ms; no ms: neither. */
function standstill(
  ticks: Arrivals['ticks'],
  frame: number,
  times: Pick<FrameTimes, 'at' | 'droppedUntil'> | undefined,
): readonly [lateMs?: number, missedMs?: number] {
  if (times === undefined || frame === 0 || !ticks.isLate(times.at(frame))) return [];
  const lateMs = ticks.since(times.at(frame)) - ticks.tickMs;
  const gapMs = times.at(frame) - times.at(frame - 1) - ticks.tickMs;
  const droppedMs = times.droppedUntil(frame) - times.droppedUntil(frame - 1);
  return [lateMs, Math.max(0, Math.min(lateMs, gapMs - droppedMs))];
}

function isQuiet(samples: Int16Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (samples[i]! > QUIET || samples[i]! < -QUIET) return false;
  return true;
}
