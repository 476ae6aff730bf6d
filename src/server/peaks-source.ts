import { MPEGDecoder } from 'mpg123-decoder';
import { PeakMeter, type Peaks } from '../media/peaks.ts';
import { Mp4SoundReader } from '../media/mp4-sound.ts';
import { WavStreamDecoder } from '../media/wav-stream-decoder.ts';
import { isEncryptedPath } from '../recording/recording-path.ts';
import type { RecordFormat } from '../recording/types.ts';
import { StorageError, toStorageError } from '../storage/errors.ts';
import type { FileStore } from '../storage/file-store.ts';
import type { RecordingRow, RecordingStore } from '../storage/recordings.ts';

/** Too many recordings are being read already; try again in a moment. */
export class PeaksBusyError extends Error {
  constructor() {
    super('too many recordings are being read for their peaks');
    this.name = 'PeaksBusyError';
  }
}

/** Files read at once, and those that may wait. */
const MAX_READING = 2;
const MAX_WAITING = 16;
/** Bytes of MP3 decoded in one go, about a second of audio: the thread has calls to look after. */
const MP3_BYTES = 4_096;

/**
 * Peaks of finished recordings. They were gathered while the recording was written; where they are not (it was
 * repaired after a crash, or is of before there were peaks), the file is read once, and they are kept. Those of
 * encrypted recordings are never kept: the file is read each time.
 */
export class PeaksSource {
  readonly #recordings: RecordingStore;
  readonly #files: FileStore;
  readonly #reading = new Map<string, Promise<Peaks | undefined>>();
  readonly #waiting: (() => void)[] = [];
  #busy = 0;

  constructor(recordings: RecordingStore, files: FileStore) {
    this.#recordings = recordings;
    this.#files = files;
  }

  /**
   * @returns undefined when the file holds no sound
   * @throws PeaksBusyError, StorageError, WavError, Mp4Error
   */
  async of(row: RecordingRow): Promise<Peaks | undefined> {
    const known = this.#recordings.peaks(row.id);
    if (known !== undefined) return known;
    const running = this.#reading.get(row.id);
    if (running !== undefined) return await running;
    const reading = this.#read(row);
    this.#reading.set(row.id, reading);
    try {
      return await reading;
    } finally {
      this.#reading.delete(row.id);
    }
  }

  async #read(row: RecordingRow): Promise<Peaks | undefined> {
    await this.#turn();
    try {
      const found = await this.#files.open(row.path);
      if (found === undefined || found.size === 0) return undefined;
      const peaks = await READERS[row.format](() => found.read({ start: 0, end: found.size - 1 }));
      // Of an encrypted recording nothing is kept in the open, not even how loud it is.
      if (peaks !== undefined && !isEncryptedPath(row.path)) this.#keep(row.id, peaks);
      return peaks;
    } catch (cause) {
      // Deleted since it was looked at.
      if (toStorageError(cause, row.path).code === 'not_found') return undefined;
      throw cause;
    } finally {
      this.#busy--;
      this.#waiting.shift()?.();
    }
  }

  /** Where nothing can be stored now (a full disk), they are told all the same, and read again when somebody asks. */
  #keep(id: string, peaks: Peaks): void {
    try {
      this.#recordings.savePeaks(id, peaks);
    } catch (cause) {
      if (!(cause instanceof StorageError)) throw cause;
    }
  }

  async #turn(): Promise<void> {
    if (this.#busy >= MAX_READING) {
      if (this.#waiting.length >= MAX_WAITING) throw new PeaksBusyError();
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#busy++;
  }
}

/**
 * The bytes of a file, opened as it is called. A file that cannot be opened is an error of its stream, which ends the
 * process where nobody listens: whoever has it reads it at once, and waits for nothing else before.
 */
type OpenBytes = () => AsyncIterable<Uint8Array>;

const READERS: Readonly<Record<RecordFormat, (open: OpenBytes) => Promise<Peaks | undefined>>> = {
  wav: peaksOfWav,
  mp3: peaksOfMp3,
  mp4: peaksOfMp4,
};

async function peaksOfWav(open: OpenBytes): Promise<Peaks | undefined> {
  const decoder = new WavStreamDecoder({ layout: 'interleaved' });
  let meter: PeakMeter | undefined;
  for await (const chunk of open()) {
    const samples = decoder.write(chunk);
    if (decoder.format === undefined) continue;
    const { sampleRate, channels } = decoder.format;
    meter ??= new PeakMeter(sampleRate, channels);
    meter.add(samples, samples.length / channels);
  }
  decoder.end();
  return meter?.result();
}

async function peaksOfMp3(open: OpenBytes): Promise<Peaks | undefined> {
  const decoder = new MPEGDecoder();
  await decoder.ready;
  try {
    let meter: PeakMeter | undefined;
    for await (const chunk of open()) {
      for (let at = 0; at < chunk.length; at += MP3_BYTES) {
        const decoded = decoder.decode(chunk.subarray(at, at + MP3_BYTES));
        const { channelData, samplesDecoded, sampleRate } = decoded;
        if (samplesDecoded > 0) {
          meter ??= new PeakMeter(sampleRate, channelData.length);
          meter.add(interleave(channelData, samplesDecoded, 32_768), samplesDecoded);
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    return meter?.result();
  } finally {
    decoder.free();
  }
}

/** @param scale of full scale, to 32768 */
function interleave(channels: readonly Float32Array[], frames: number, scale: number): Int16Array {
  const samples = new Int16Array(frames * channels.length);
  for (const [channel, data] of channels.entries()) {
    for (let frame = 0; frame < frames; frame++) {
      const value = Math.round(data[frame]! * scale);
      samples[frame * channels.length + channel] = Math.max(-32_768, Math.min(32_767, value));
    }
  }
  return samples;
}

async function peaksOfMp4(open: OpenBytes): Promise<Peaks | undefined> {
  const reader = new Mp4SoundReader();
  let meter: PeakMeter | undefined;
  const readAll = async (): Promise<void> => {
    for (let next = reader.read(); next !== undefined; next = reader.read()) {
      meter ??= new PeakMeter(reader.config?.sampleRate ?? 0, next.length);
      const samples = next[0]!.length;
      meter.add(interleave(next, samples, 1), samples);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  for await (const chunk of open()) {
    reader.push(chunk);
    await readAll();
  }
  reader.end();
  await readAll();
  return meter?.result();
}
