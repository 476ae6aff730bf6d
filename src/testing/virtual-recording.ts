import { rmsDbfs } from '../media/level.ts';
import type { RecordDirection, RecordFormat } from '../recording/types.ts';
import type { RecordingRow } from '../storage/recordings.ts';
import { type AudioFile, readWav } from './audio-file.ts';
import { findTone, speechIn } from './audio-facts.ts';

/** A recording of a virtual call: what is known of it, and what is in its file. */
export class VirtualRecording {
  readonly #row: RecordingRow;
  readonly #bytes: Uint8Array | undefined;
  readonly #url: string;
  readonly #read: (() => AudioFile) | undefined;
  #audio: AudioFile | undefined;

  /** @param read decodes the file, where it takes a moment to be able to */
  constructor(
    row: RecordingRow,
    url: string,
    bytes: Uint8Array | undefined,
    read: (() => AudioFile) | undefined,
  ) {
    this.#row = row;
    this.#url = url;
    this.#bytes = bytes;
    this.#read = read;
  }

  get id(): string {
    return this.#row.id;
  }

  get controlId(): string {
    return this.#row.controlId;
  }

  /** As it is announced in variables and callbacks. */
  get url(): string {
    return this.#url;
  }

  get format(): RecordFormat {
    return this.#row.format;
  }

  get direction(): RecordDirection {
    return this.#row.direction;
  }

  /** `in-progress`, `paused`, `completed`, `absent` (nothing was kept) or `failed`. */
  get status(): RecordingRow['status'] {
    return this.#row.status;
  }

  /** Why it ended (`terminator`, `silence`, `no_speech`, `max_length`, `stop`, `hangup` …). */
  get endedBy(): RecordingRow['endedBy'] {
    return this.#row.endedBy;
  }

  /** The key that ended it. */
  get terminator(): string | undefined {
    return this.#row.terminator;
  }

  /** What failed. */
  get error(): string | undefined {
    return this.#row.error;
  }

  /** Length as it is reported, seconds. */
  get seconds(): number {
    return this.#row.durationMs / 1000;
  }

  /** The file; empty while it is not complete, and when nothing was kept. */
  get bytes(): Uint8Array {
    return this.#bytes ?? new Uint8Array(0);
  }

  /** Channels in the file: 1 or 2; 0 when there is none. */
  get channels(): number {
    return this.#decoded.channelCount;
  }

  /** Hz. */
  get sampleRate(): number {
    return this.#decoded.sampleRate;
  }

  /**
   * Samples of one channel, or the average of all of them.
   * @param channel 0: the party (`speak`); 1: what it hears
   * @throws Error for mp3 and mp4 before the call is over
   */
  samples(channel?: number): Int16Array {
    const audio = this.#decoded;
    if (channel !== undefined || audio.channelCount < 2) return audio.channel(channel ?? 0);
    const [left, right] = [audio.channel(0), audio.channel(1)];
    return left.map((sample, index) => Math.round((sample + right[index]!) / 2));
  }

  /** RMS level, dBFS; −127 is digital silence. */
  level(channel?: number): number {
    return rmsDbfs(this.samples(channel));
  }

  /** Whether a tone, or several at once, sounds in it for at least `seconds` (default 0.1). */
  hasTone(frequenciesHz: number | readonly number[], seconds = 0.1, channel?: number): boolean {
    const frequencies = typeof frequenciesHz === 'number' ? [frequenciesHz] : frequenciesHz;
    return findTone(this.samples(channel), this.sampleRate, frequencies, seconds * 1000) !== undefined;
  }

  /** Speech in it, seconds. */
  speech(channel?: number): number {
    return speechIn(this.samples(channel), this.sampleRate) / 1000;
  }

  get #decoded(): AudioFile {
    if (this.#read === undefined && this.format !== 'wav') {
      throw new Error(`a recording as ${this.format} can be looked into when the call is over`);
    }
    this.#audio ??= this.#read?.() ?? readWav(this.bytes);
    return this.#audio;
  }
}
