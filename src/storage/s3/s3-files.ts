import { Readable } from 'node:stream';
import type { Clock } from '../../time/clock.ts';
import { StorageError } from '../errors.ts';
import type { FileLink, FileStore, StoredFile } from '../file-store.ts';
import type { S3Client } from './s3-client.ts';

/** Life of a link for a download, seconds: it is made anew for each. */
const LINK_SECONDS = 300;
/**
 * A store that could not be reached for a removal is not asked for others for so long, ms: many may be waiting, each
 * with a deadline of its own. Shorter than the time between two looks at them.
 */
const AWAY_MS = 30_000;

/** The objects of a bucket, as files. */
export class S3Files implements FileStore {
  readonly #client: S3Client;
  /** Whether clients are sent to the store by themselves. */
  readonly #links: boolean;
  readonly #clock: Clock;
  /** Why the last removal failed, and until when that stands (monotonic, ms). */
  #away: { readonly cause: StorageError; readonly untilMs: number } | undefined;

  constructor(client: S3Client, options: { readonly links: boolean; readonly clock: Clock }) {
    this.#client = client;
    this.#links = options.links;
    this.#clock = options.clock;
  }

  async open(name: string): Promise<StoredFile | undefined> {
    const object = await this.#client.head(name);
    if (object === undefined) return undefined;
    const { size, modifiedMs } = object;
    const link = (as: FileLink): Promise<string> => this.#client.link(name, { ...as, seconds: LINK_SECONDS });
    return {
      size,
      modifiedMs,
      read: (range) => Readable.from(this.#client.get(name, range), { objectMode: false }),
      ...(this.#links && { link }),
    };
  }

  /** @returns true: the store does not say whether there was one */
  async remove(name: string, signal?: AbortSignal): Promise<boolean> {
    const now = this.#clock.monotonic();
    if (this.#away !== undefined && now < this.#away.untilMs) throw this.#away.cause;
    this.#away = undefined;
    try {
      await this.#client.remove(name, signal);
    } catch (cause) {
      // With a cause, no answer came; an answer may be about this one object.
      const isAway = cause instanceof StorageError && cause.cause !== undefined;
      if (isAway && signal?.aborted !== true) {
        this.#away = { cause, untilMs: this.#clock.monotonic() + AWAY_MS };
      }
      throw cause;
    }
    return true;
  }
}
