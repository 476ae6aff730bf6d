import type { DiskCache } from './disk-cache.ts';
import type { ResolvedVoice } from './voices.ts';

/** Part of every key: entries of engines that spoke differently are not found again. Raise it when they change. */
const GENERATION = 4;

/**
 * Everything that an utterance depends on.
 * @param origin which of the servers that an engine may be set to, if there are several
 */
export function cacheKey(voice: ResolvedVoice, text: string, sampleRate: number, origin?: string): string {
  const { engine, voice: name, model, language } = voice;
  const parts = [GENERATION, engine, name.toLowerCase(), model ?? '', language, sampleRate, text];
  return JSON.stringify(origin === undefined ? parts : [...parts, origin]);
}

/**
 * Spoken utterances in memory, on buffers that cross threads without a copy, the ones used longest ago
 * forgotten first; behind it, if there is one, the cache on disk.
 */
export class SpeechCache {
  readonly #maxBytes: number;
  readonly #disk: DiskCache | undefined;
  /** In order of last use, oldest first. */
  readonly #entries = new Map<string, Int16Array>();
  #bytes = 0;

  /** @param maxBytes of samples in memory; 0 keeps nothing there */
  constructor(maxBytes: number, disk?: DiskCache) {
    this.#maxBytes = maxBytes;
    this.#disk = disk;
  }

  /** The utterance if it is in memory. */
  peek(key: string): Int16Array | undefined {
    const samples = this.#entries.get(key);
    if (samples === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, samples);
    return samples;
  }

  /** The utterance from disk, from now on in memory too. Never rejects. */
  async load(key: string, sampleRate: number): Promise<Int16Array | undefined> {
    const samples = await this.#disk?.get(key, sampleRate);
    if (samples !== undefined) this.#remember(key, samples);
    return samples;
  }

  /** @param samples on a SharedArrayBuffer; not to be changed any more */
  store(key: string, samples: Int16Array, sampleRate: number): void {
    this.#remember(key, samples);
    this.#disk?.put(key, samples, sampleRate);
  }

  /** Resolves when what was stored is on disk. */
  async settled(): Promise<void> {
    await this.#disk?.settled();
  }

  #remember(key: string, samples: Int16Array): void {
    const bytes = bytesOf(key, samples);
    if (bytes > this.#maxBytes || this.#entries.has(key)) return;
    this.#entries.set(key, samples);
    this.#bytes += bytes;
    for (const [oldest, old] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#entries.delete(oldest);
      this.#bytes -= bytesOf(oldest, old);
    }
  }
}

/** What there is nothing to speak in has no samples, but its text is kept all the same. */
function bytesOf(key: string, samples: Int16Array): number {
  return Math.max(samples.byteLength, 2 * key.length);
}
