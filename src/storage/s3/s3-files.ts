import { Readable } from 'node:stream';
import type { FileLink, FileStore, StoredFile } from '../file-store.ts';
import type { S3Client } from './s3-client.ts';

/** Life of a link for a download, seconds: it is made anew for each. */
const LINK_SECONDS = 300;

/** The objects of a bucket, as files. */
export class S3Files implements FileStore {
  readonly #client: S3Client;
  /** Whether clients are sent to the store by themselves. */
  readonly #links: boolean;

  constructor(client: S3Client, options: { readonly links: boolean }) {
    this.#client = client;
    this.#links = options.links;
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
  async remove(name: string): Promise<boolean> {
    await this.#client.remove(name);
    return true;
  }
}
