import { Gain } from '../media/mix.ts';
import { generateTone, type ToneGenerator } from '../media/tones.ts';
import type { Sound } from './protocol.ts';
import { StreamBuffer } from './stream-buffer.ts';

/** What a player tells its session. Called from within {@link Player.fill}, `feed` and `stop`. */
export interface PlayerListener {
  /** The first sample of sound `index` was handed out, `atMs` into its list. */
  soundStarted(playId: string, index: number, atMs: number): void;
  playEnded(playId: string, state: 'finished' | 'stopped' | 'error', playedMs: number, error?: string): void;
  streamProgress(streamId: number, consumedSamples: number): void;
}

interface Playlist {
  readonly playId: string;
  readonly sounds: readonly Sound[];
  gain: Gain | undefined;
  paused: boolean;
  index: number;
  /** Samples of the current sound that were handed out. */
  position: number;
  /** Samples of the whole list that were handed out. */
  played: number;
  tone: ToneGenerator | undefined;
}

/** Seconds of a stream between two reports of its progress. */
const PROGRESS_EVERY_S = 0.5;

/**
 * Plays lists of sounds to the party, one list behind the other, sample by sample at the session's rate.
 * A stream that has run dry is silent until more of it comes.
 */
export class Player {
  readonly #rate: number;
  readonly #listener: PlayerListener;
  readonly #queue: Playlist[] = [];
  readonly #streams = new Map<number, { buffer: StreamBuffer; reported: number }>();

  constructor(sampleRate: number, listener: PlayerListener) {
    this.#rate = sampleRate;
    this.#listener = listener;
  }

  get active(): boolean {
    return this.#queue.length > 0;
  }

  play(playId: string, sounds: readonly Sound[], gainDb: number): void {
    for (const sound of sounds) {
      if (sound.kind === 'stream')
        this.#streams.set(sound.streamId, { buffer: new StreamBuffer(), reported: 0 });
    }
    const gain = gainDb === 0 ? undefined : new Gain(this.#rate, gainDb);
    this.#queue.push({
      playId,
      sounds,
      gain,
      paused: false,
      index: 0,
      position: 0,
      played: 0,
      tone: undefined,
    });
  }

  /** Data of a stream that no list (any more) plays is dropped. */
  feed(streamId: number, samples: Int16Array | undefined, end: boolean, error: string | undefined): void {
    const stream = this.#streams.get(streamId)?.buffer;
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
    const list = this.#find(playId);
    if (list === undefined) return;
    list.gain ??= new Gain(this.#rate);
    list.gain.set(gainDb);
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
    while (done < count) {
      const list = this.#queue[0];
      if (list === undefined || list.paused) break;
      const sound = list.sounds[list.index];
      if (sound === undefined) {
        this.#end(list, 'finished');
        continue;
      }
      const took = this.#fillFrom(list, sound, dest, done, count - done);
      if (took === undefined) continue;
      if (took > 0) {
        if (list.position === 0) {
          this.#listener.soundStarted(list.playId, list.index, (list.played * 1000) / this.#rate);
        }
        list.gain?.apply(dest, done, took);
        list.position += took;
        list.played += took;
        done += took;
      } else {
        break;
      }
    }
    if (done === 0) return false;
    if (done < count) dest.fill(0, done, count);
    // A list whose last sample has just been handed out is over now, not a packet later.
    this.#endIfExhausted();
    return true;
  }

  #find(playId: string): Playlist | undefined {
    return this.#queue.find((list) => list.playId === playId);
  }

  /** @returns samples written; 0 when a stream has to wait; undefined when the list has moved on */
  #fillFrom(list: Playlist, sound: Sound, dest: Int16Array, at: number, count: number): number | undefined {
    if (sound.kind === 'stream') return this.#fillFromStream(list, sound.streamId, dest, at, count);
    const total = Math.round((sound.durationMs * this.#rate) / 1000);
    const take = Math.min(count, total - list.position);
    if (take <= 0) {
      this.#next(list);
      return undefined;
    }
    if (sound.kind === 'silence') {
      dest.fill(0, at, at + take);
    } else {
      list.tone ??= generateTone(sound, this.#rate);
      list.tone.read(dest, at, take);
    }
    return take;
  }

  #fillFromStream(
    list: Playlist,
    streamId: number,
    dest: Int16Array,
    at: number,
    count: number,
  ): number | undefined {
    const stream = this.#streams.get(streamId)!;
    const took = stream.buffer.read(dest, at, count);
    if (stream.buffer.consumed - stream.reported >= this.#rate * PROGRESS_EVERY_S) {
      stream.reported = stream.buffer.consumed;
      this.#listener.streamProgress(streamId, stream.buffer.consumed);
    }
    if (took > 0 || !stream.buffer.exhausted) return took;
    if (stream.buffer.error !== undefined) this.#end(list, 'error', stream.buffer.error);
    else this.#next(list);
    return undefined;
  }

  #endIfExhausted(): void {
    const list = this.#queue[0];
    const last = list?.sounds[list.index];
    if (list === undefined || last === undefined || list.index < list.sounds.length - 1) return;
    if (last.kind === 'stream') {
      const { buffer } = this.#streams.get(last.streamId)!;
      if (!buffer.exhausted) return;
      this.#end(list, buffer.error === undefined ? 'finished' : 'error', buffer.error);
    } else if (list.position >= Math.round((last.durationMs * this.#rate) / 1000)) {
      this.#end(list, 'finished');
    }
  }

  #next(list: Playlist): void {
    list.index++;
    list.position = 0;
    list.tone = undefined;
  }

  #end(list: Playlist, state: 'finished' | 'stopped' | 'error', error?: string): void {
    this.#queue.splice(this.#queue.indexOf(list), 1);
    for (const sound of list.sounds) if (sound.kind === 'stream') this.#streams.delete(sound.streamId);
    this.#listener.playEnded(list.playId, state, (list.played * 1000) / this.#rate, error);
  }
}
