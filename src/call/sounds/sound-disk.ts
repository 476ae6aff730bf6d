import { BlobCache, type BlobCacheOptions } from '../../files/blob-cache.ts';
import type { HttpHeaders } from '../../net/exchange.ts';

/** A file as it lies on disk, with what its server said of it. */
export interface StoredSound {
  readonly chunks: readonly Buffer[];
  readonly headers: HttpHeaders;
  readonly freshUntilMs: number;
  readonly staleUntilMs: number;
  /** When it was written, wall clock, ms. */
  readonly storedAtMs: number;
}

/** What is needed of a response to use it again: all else, such as cookies, is nobody's business. */
const KEPT_HEADERS = ['cache-control', 'content-type', 'etag', 'expires', 'last-modified', 'vary'] as const;
/** Length of what is said of the file, in front of it, u32 little-endian. */
const LENGTH_BYTES = 4;

/** Fetched sounds on disk ({@link BlobCache}), so that a restart need not fetch them again. */
export class SoundDisk {
  readonly #blobs: BlobCache;

  constructor(options: Pick<BlobCacheOptions, 'folder' | 'maxBytes' | 'clock' | 'log'>) {
    this.#blobs = new BlobCache({ ...options, what: 'cached sounds', extension: 'sound', magic: 'OSWSND01' });
  }

  /** Undefined when there is none. Never rejects. */
  async get(key: string): Promise<StoredSound | undefined> {
    const content = await this.#blobs.get(key);
    if (content === undefined || content.length < LENGTH_BYTES) return undefined;
    const from = LENGTH_BYTES + content.readUInt32LE(0);
    try {
      const said = JSON.parse(content.toString('utf8', LENGTH_BYTES, from)) as Omit<StoredSound, 'chunks'>;
      return { ...said, chunks: [content.subarray(from)] };
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  put(key: string, { chunks, headers, freshUntilMs, staleUntilMs, storedAtMs }: StoredSound): void {
    const kept = Object.fromEntries(KEPT_HEADERS.flatMap((name) => [[name, headers[name]] as const]));
    const said = Buffer.from(JSON.stringify({ headers: kept, freshUntilMs, staleUntilMs, storedAtMs }));
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(said.length);
    this.#blobs.put(key, [length, said, ...chunks]);
  }

  drop(key: string): void {
    this.#blobs.drop(key);
  }

  /** Resolves when what was put is on disk. */
  settled(): Promise<void> {
    return this.#blobs.settled();
  }
}
