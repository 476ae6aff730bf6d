import { WAV_HEADER_BYTES, wavHeader } from '../media/wav-format.ts';
import type { AudioShape } from './recording-writer.ts';
import type { RepairFile } from './repair-file.ts';
import { sampleBytes } from './sample-buffers.ts';

/**
 * Where the samples of an encoded recording go when its encoder is lost or too slow, until they can be encoded:
 * a WAV file of unknown length, with one chunk more that says which part of the recording it is.
 *
 *     RIFF … fmt …  'from' 8  number of the first sample instant (64 bits)  data …
 */
export const SPOOL_HEADER_BYTES = WAV_HEADER_BYTES + 16;

const DATA_CHUNK = WAV_HEADER_BYTES - 8;

/** What the head of a spool says. */
export interface SpoolHead extends AudioShape {
  /** Sample instants of the recording before the first one here. */
  readonly from: number;
}

export function spoolHeader(head: SpoolHead): Uint8Array {
  const wav = wavHeader(head);
  const bytes = Buffer.alloc(SPOOL_HEADER_BYTES);
  bytes.set(wav.subarray(0, DATA_CHUNK));
  bytes.write('from', DATA_CHUNK, 'latin1');
  bytes.writeUInt32LE(8, DATA_CHUNK + 4);
  bytes.writeBigUInt64LE(BigInt(head.from), DATA_CHUNK + 8);
  bytes.set(wav.subarray(DATA_CHUNK), SPOOL_HEADER_BYTES - 8);
  return bytes;
}

/** The samples of a spool, to be read from any place on. */
export class PcmSpool {
  readonly head: SpoolHead;
  readonly #file: RepairFile;

  private constructor(head: SpoolHead, file: RepairFile) {
    this.head = head;
    this.#file = file;
  }

  /** @returns undefined when `file` is no spool */
  static async open(file: RepairFile): Promise<PcmSpool | undefined> {
    const bytes = Buffer.from(await file.read(0, SPOOL_HEADER_BYTES));
    if (bytes.length < SPOOL_HEADER_BYTES) return undefined;
    const head: SpoolHead = {
      channels: bytes.readUInt16LE(22) === 2 ? 2 : 1,
      sampleRate: bytes.readUInt32LE(24),
      from: Number(bytes.readBigUInt64LE(DATA_CHUNK + 8)),
    };
    // Everything else must be as we write it, too.
    return bytes.equals(spoolHeader(head)) ? new PcmSpool(head, file) : undefined;
  }

  /** Of the recording: the sample instant behind the last one here. */
  get until(): number {
    return this.head.from + Math.floor((this.#file.size - SPOOL_HEADER_BYTES) / (2 * this.head.channels));
  }

  /**
   * @param start sample instant of the recording, from `head.from` on
   * @returns up to `count` sample instants, interleaved, on shared memory
   */
  async read(start: number, count: number): Promise<Int16Array> {
    const { from, channels } = this.head;
    const instants = Math.max(0, Math.min(count, this.until - start));
    const samples = new Int16Array(new SharedArrayBuffer(instants * channels * 2));
    const bytes = await this.#file.read(
      SPOOL_HEADER_BYTES + (start - from) * channels * 2,
      samples.byteLength,
    );
    new Uint8Array(samples.buffer).set(bytes);
    sampleBytes(samples);
    return samples;
  }
}
