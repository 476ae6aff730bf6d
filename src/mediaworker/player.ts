import { Playlist } from './playlist.ts';
import type { Sound } from './protocol.ts';

/** What a player tells its session. Called from within {@link Player.fill}, `feed` and `stop`. */
export interface PlayerListener {
  /** The first sample of sound `index` was handed out, `atMs` into its list; told up to 5 ms early when the list has a volume. */
  soundStarted(playId: string, index: number, atMs: number): void;
  playEnded(playId: string, state: 'finished' | 'stopped' | 'error', playedMs: number, error?: string): void;
  streamProgress(streamId: number, consumedSamples: number): void;
}

/**
 * Plays lists of sounds to the party, one list behind the other, sample by sample at the session's rate.
 * A stream that has run dry is silent until more of it comes.
 */
export class Player {
  readonly #rate: number;
  readonly #listener: PlayerListener;
  readonly #queue: Playlist[] = [];
  /** Which list plays a stream. */
  readonly #streams = new Map<number, Playlist>();

  constructor(sampleRate: number, listener: PlayerListener) {
    this.#rate = sampleRate;
    this.#listener = listener;
  }

  get active(): boolean {
    return this.#queue.length > 0;
  }

  play(playId: string, sounds: readonly Sound[], gainDb: number): void {
    const list = new Playlist(playId, sounds, gainDb, this.#rate, {
      soundStarted: (index, atMs) => this.#listener.soundStarted(playId, index, atMs),
      streamProgress: (streamId, consumed) => this.#listener.streamProgress(streamId, consumed),
    });
    for (const streamId of list.streamIds) this.#streams.set(streamId, list);
    this.#queue.push(list);
  }

  /** Data of a stream that no list (any more) plays is dropped. */
  feed(streamId: number, samples: Int16Array | undefined, end: boolean, error: string | undefined): void {
    const stream = this.#streams.get(streamId)?.stream(streamId);
    if (stream === undefined) return;
    if (samples !== undefined) stream.push(samples);
    if (end || error !== undefined) stream.end(error);
  }

  stop(playId: string): void {
    const list = this.#find(playId);
    if (list !== undefined) this.#end(list, 'stopped');
  }

  /** A list that is paused is silent, and those behind it wait. */
  pause(playId: string, paused: boolean): void {
    const list = this.#find(playId);
    if (list !== undefined) list.paused = paused;
  }

  setGain(playId: string, gainDb: number): void {
    this.#find(playId)?.setGain(gainDb);
  }

  stopAll(): void {
    for (const list of [...this.#queue]) this.#end(list, 'stopped');
  }

  /**
   * Writes the next `count` samples to `dest`.
   * @returns false, with `dest` untouched, when nothing is to be played
   */
  fill(dest: Int16Array, count: number): boolean {
    let done = 0;
    for (let list = this.#queue[0]; list !== undefined && !list.paused; list = this.#queue[0]) {
      done += list.read(dest, done, count - done);
      // A list whose last sample has just been handed out is over now, not a packet later.
      if (!list.over) break;
      this.#end(list, list.error === undefined ? 'finished' : 'error');
      if (done === count) break;
    }
    if (done === 0) return false;
    if (done < count) dest.fill(0, done, count);
    return true;
  }

  #find(playId: string): Playlist | undefined {
    return this.#queue.find((list) => list.playId === playId);
  }

  #end(list: Playlist, state: 'finished' | 'stopped' | 'error'): void {
    this.#queue.splice(this.#queue.indexOf(list), 1);
    for (const streamId of list.streamIds) this.#streams.delete(streamId);
    const { playId, playedMs, error } = list;
    this.#listener.playEnded(playId, state, playedMs, state === 'error' ? error : undefined);
  }
}
