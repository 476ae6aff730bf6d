import { LimitedGain } from '../media/limited-gain.ts';
import { generateTone, type ToneGenerator } from '../media/tones.ts';
import type { Sound } from './protocol.ts';
import { StreamBuffer } from './stream-buffer.ts';

/** Told from within {@link Playlist.read}. */
export interface PlaylistListener {
  /** The first sample of sound `index` was read, `atMs` into the list. */
  soundStarted(index: number, atMs: number): void;
  streamProgress(streamId: number, consumedSamples: number): void;
}

/** Seconds of a stream between two reports of its progress. */
const PROGRESS_EVERY_S = 0.5;
/** Samples that go through the volume at a time. */
const PIECE = 256;

/** Sounds one behind the other as one row of samples, with a volume. */
export class Playlist {
  readonly playId: string;
  readonly #sounds: readonly Sound[];
  readonly #rate: number;
  readonly #listener: PlaylistListener;
  readonly #streams = new Map<number, { readonly buffer: StreamBuffer; reported: number }>();
  paused = false;
  /** None as long as the volume is 0 dB: samples pass as they are. */
  #volume: { readonly gain: LimitedGain; readonly piece: Int16Array } | undefined;
  #index = 0;
  /** Samples of the current sound that were read. */
  #position = 0;
  /** Samples of the whole list that were read. */
  #read = 0;
  #tone: ToneGenerator | undefined;
  #error: string | undefined;

  /** @param sampleRate Hz */
  constructor(
    playId: string,
    sounds: readonly Sound[],
    gainDb: number,
    sampleRate: number,
    listener: PlaylistListener,
  ) {
    this.playId = playId;
    this.#sounds = sounds;
    this.#rate = sampleRate;
    this.#listener = listener;
    for (const sound of sounds) {
      if (sound.kind === 'stream')
        this.#streams.set(sound.streamId, { buffer: new StreamBuffer(), reported: 0 });
    }
    if (gainDb !== 0) this.#volume = this.#volumeOf(gainDb);
  }

  get streamIds(): Iterable<number> {
    return this.#streams.keys();
  }

  /** What was handed out, ms. */
  get playedMs(): number {
    return ((this.#read - this.#held) * 1000) / this.#rate;
  }

  /** Nothing more will come of it: it was played to its end, or to its {@link error}. */
  get over(): boolean {
    return this.#held === 0 && (this.#error !== undefined || this.#sound() === undefined);
  }

  /** Why its sounds came to an end that is not the natural one. */
  get error(): string | undefined {
    return this.#error;
  }

  stream(streamId: number): StreamBuffer | undefined {
    return this.#streams.get(streamId)?.buffer;
  }

  setGain(gainDb: number): void {
    if (this.#read === 0) {
      // Nothing of it has sounded: there is no former volume from which it would have to move.
      this.#volume = gainDb === 0 ? undefined : this.#volumeOf(gainDb);
      return;
    }
    this.#volume ??= this.#volumeOf(0);
    this.#volume.gain.set(gainDb);
  }

  /** @returns samples written to `dest`: fewer than `count` when it is over, or a stream has to wait */
  read(dest: Int16Array, offset: number, count: number): number {
    if (this.#volume === undefined) return this.#readSounds(dest, offset, count);
    const { gain, piece } = this.#volume;
    let done = 0;
    while (done < count) {
      const ahead = gain.lookAhead - gain.held;
      const wanted = Math.min(piece.length, count - done + ahead);
      const took = this.#readSounds(piece, 0, wanted);
      done += gain.process(piece, 0, took, dest, offset + done);
      if (took < wanted) return done + gain.flush(dest, offset + done, count - done);
    }
    return done;
  }

  get #held(): number {
    return this.#volume?.gain.held ?? 0;
  }

  #volumeOf(gainDb: number): { gain: LimitedGain; piece: Int16Array } {
    return { gain: new LimitedGain(this.#rate, gainDb), piece: new Int16Array(PIECE) };
  }

  /** Fills `dest` as far as the sounds go. */
  #readSounds(dest: Int16Array, offset: number, count: number): number {
    let done = 0;
    while (done < count && this.#error === undefined) {
      const sound = this.#sound();
      if (sound === undefined) break;
      const took = this.#readSound(sound, dest, offset + done, count - done);
      if (took === 0) break;
      if (this.#position === 0) this.#listener.soundStarted(this.#index, (this.#read * 1000) / this.#rate);
      this.#position += took;
      this.#read += took;
      done += took;
    }
    return done;
  }

  /** The sound whose samples come next; those that have no more are passed over. */
  #sound(): Sound | undefined {
    for (;;) {
      const sound = this.#sounds[this.#index];
      if (sound === undefined || !this.#exhausted(sound)) return sound;
      if (this.#error !== undefined) return undefined;
      this.#index++;
      this.#position = 0;
      this.#tone = undefined;
    }
  }

  #exhausted(sound: Sound): boolean {
    if (sound.kind !== 'stream') return this.#position >= this.#lengthOf(sound.durationMs);
    const { buffer } = this.#streams.get(sound.streamId)!;
    if (!buffer.exhausted) return false;
    this.#error = buffer.error;
    return true;
  }

  #readSound(sound: Sound, dest: Int16Array, at: number, count: number): number {
    if (sound.kind === 'stream') return this.#readStream(sound.streamId, dest, at, count);
    const take = Math.min(count, this.#lengthOf(sound.durationMs) - this.#position);
    if (sound.kind === 'silence') {
      dest.fill(0, at, at + take);
    } else {
      this.#tone ??= generateTone(sound, this.#rate);
      this.#tone.read(dest, at, take);
    }
    return take;
  }

  #readStream(streamId: number, dest: Int16Array, at: number, count: number): number {
    const stream = this.#streams.get(streamId)!;
    const took = stream.buffer.read(dest, at, count);
    if (stream.buffer.consumed - stream.reported >= this.#rate * PROGRESS_EVERY_S) {
      stream.reported = stream.buffer.consumed;
      this.#listener.streamProgress(streamId, stream.buffer.consumed);
    }
    return took;
  }

  #lengthOf(durationMs: number): number {
    return Math.round((durationMs * this.#rate) / 1000);
  }
}
