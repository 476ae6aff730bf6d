import { BlobCache, type BlobCacheOptions } from '../files/blob-cache.ts';

/** Before the samples: their rate, Hz (u32, little-endian). */
const HEADER_BYTES = 4;

/** Utterances on disk ({@link BlobCache}): whatever goes wrong with one, it is spoken anew. */
export class DiskCache {
  readonly #blobs: BlobCache;

  constructor(options: Pick<BlobCacheOptions, 'folder' | 'maxBytes' | 'clock' | 'log'>) {
    this.#blobs = new BlobCache({ ...options, what: 'cached speech', extension: 'pcm', magic: 'OSWSAY02' });
  }

  /** Samples on a SharedArrayBuffer, or undefined when there is no sound entry. Never rejects. */
  async get(key: string, sampleRate: number): Promise<Int16Array | undefined> {
    const content = await this.#blobs.get(key);
    if (content === undefined) return undefined;
    const data = content.subarray(HEADER_BYTES);
    if (content.length < HEADER_BYTES || content.readUInt32LE(0) !== sampleRate || data.length % 2 !== 0)
      return undefined;
    const shared = new SharedArrayBuffer(data.length);
    new Uint8Array(shared).set(data);
    return new Int16Array(shared);
  }

  /** Stores behind the scenes, one file after the other. */
  put(key: string, samples: Int16Array, sampleRate: number): void {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32LE(sampleRate);
    this.#blobs.put(key, [header, new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)]);
  }

  /** Resolves when everything put so far is on disk. */
  settled(): Promise<void> {
    return this.#blobs.settled();
  }
}
