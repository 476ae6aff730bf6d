import { copySamples } from '../media/copy-samples.ts';
import { addInto } from '../media/mix.ts';

/** Sound that may wait, s: a long announcement that comes at once, and a conversation that shall not lag. */
const MAX_WAITING_S = 120;
const MAX_WAITING_REALTIME_S = 0.2;
/** Frames of sound that are awaited before any is played, so that its pieces may come unevenly; no longer than they last. */
const AHEAD_FRAMES = 3;
const AHEAD_FRAMES_REALTIME = 1;
/** Marks that may wait. */
const MAX_MARKS = 1000;

interface Mark {
  readonly name: string;
  /** Among all samples that were pushed. */
  readonly at: number;
}

/**
 * Sound from elsewhere on its way to the party: comes in pieces of any length at any time, goes out frame by frame.
 * Behind a pause some of it is awaited before it goes on, so that pieces may come unevenly without a gap; in real
 * time a frame is, and no more than a moment waits.
 */
export class InjectedAudio {
  readonly #maxWaiting: number;
  readonly #aheadFrames: number;
  readonly #onMark: (name: string) => void;
  readonly #chunks: Int16Array[] = [];
  readonly #marks: Mark[] = [];
  readonly #scratch: Int16Array;
  #offset = 0;
  /** Samples counted since the start. */
  #pushed = 0;
  #taken = 0;
  #dropped = 0;
  #flowing = false;
  /** Frames for which sound has waited for more. */
  #awaited = 0;

  /** @param sampleRate Hz @param frame samples of one frame */
  constructor(sampleRate: number, frame: number, realtime: boolean, onMark: (name: string) => void) {
    this.#maxWaiting = sampleRate * (realtime ? MAX_WAITING_REALTIME_S : MAX_WAITING_S);
    this.#aheadFrames = realtime ? AHEAD_FRAMES_REALTIME : AHEAD_FRAMES;
    this.#onMark = onMark;
    this.#scratch = new Int16Array(frame);
  }

  /** Samples that wait to be sent. */
  get waiting(): number {
    return this.#pushed - this.#taken;
  }

  /** Samples that were dropped for lack of room. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes samples, which must not change any more. Without room for them, the oldest go. */
  push(samples: Int16Array): void {
    if (samples.length === 0) return;
    this.#chunks.push(samples);
    this.#pushed += samples.length;
    const excess = this.waiting - this.#maxWaiting;
    if (excess <= 0) return;
    this.#dropped += excess;
    this.#skip(excess);
    this.#tellMarks();
  }

  /** Tells `name` when everything pushed before was taken or dropped: at once when nothing waits. */
  mark(name: string): void {
    this.#marks.push({ name, at: this.#pushed });
    if (this.#marks.length > MAX_MARKS) this.#onMark(this.#marks.shift()!.name);
    this.#tellMarks();
  }

  /** Drops all that waits. */
  clear(): void {
    this.#chunks.length = 0;
    this.#offset = 0;
    this.#taken = this.#pushed;
    this.#flowing = false;
    this.#awaited = 0;
    this.#tellMarks();
  }

  /** Whether {@link mixInto} has something for the next frame; asked once for each frame. */
  ready(): boolean {
    if (this.waiting === 0) {
      this.#flowing = false;
      this.#awaited = 0;
      return false;
    }
    const ahead = this.#aheadFrames * this.#scratch.length;
    if (!this.#flowing && this.waiting < ahead && ++this.#awaited <= this.#aheadFrames) return false;
    this.#flowing = true;
    return true;
  }

  /** Adds the next samples to `frame`: as many as there are, a frame at the most. */
  mixInto(frame: Int16Array): void {
    const count = Math.min(frame.length, this.waiting);
    for (let done = 0; done < count; ) {
      const chunk = this.#chunks[0]!;
      const part = Math.min(count - done, chunk.length - this.#offset);
      copySamples(chunk, this.#offset, this.#scratch, done, part);
      this.#skip(part);
      done += part;
    }
    addInto(frame, 0, this.#scratch, 0, count);
    this.#tellMarks();
  }

  #skip(count: number): void {
    this.#taken += count;
    let left = count;
    while (left > 0) {
      const there = this.#chunks[0]!.length - this.#offset;
      if (left < there) {
        this.#offset += left;
        return;
      }
      this.#chunks.shift();
      this.#offset = 0;
      left -= there;
    }
  }

  #tellMarks(): void {
    while (this.#marks[0] !== undefined && this.#marks[0].at <= this.#taken) {
      this.#onMark(this.#marks.shift()!.name);
    }
  }
}
