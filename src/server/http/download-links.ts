import { createHmac, timingSafeEqual } from 'node:crypto';

/** Bounds and default of the life of a link, seconds. */
export const LINK_SECONDS = { min: 1, max: 30 * 86_400, default: 3_600 } as const;

/** A link that ends by itself: what to put behind the URL of a recording, and until when it counts. */
export interface SignedQuery {
  /** `expires=…&signature=…` */
  readonly query: string;
  /** Unix ms, a whole second. */
  readonly expiresAt: number;
}

/** What a request says about a link: `none`, it is not one. */
export type LinkVerdict = 'none' | 'valid' | 'expired' | 'wrong';

/** HMAC-SHA256 in base64url, and Unix seconds until the year 5138. */
const SIGNATURE = /^[\w-]{43}$/;
const EXPIRES = /^\d{1,11}$/;

/**
 * Download links that need no credentials and end by themselves, also while recordings are protected. Each is good
 * for one recording: its file and its peaks. The server remembers none; whoever has the key can make them.
 */
export class DownloadLinks {
  readonly #key: string;
  readonly #now: () => number;

  /** @param now Unix ms */
  constructor(key: string, now: () => number) {
    this.#key = key;
    this.#now = now;
  }

  /** @param seconds life of the link, see {@link LINK_SECONDS} */
  sign(recordingId: string, seconds: number): SignedQuery {
    const expires = Math.ceil(this.#now() / 1_000) + seconds;
    const signature = this.#signature(recordingId, String(expires)).toString('base64url');
    return {
      query: new URLSearchParams({ expires: String(expires), signature }).toString(),
      expiresAt: expires * 1_000,
    };
  }

  /** Compares in a time that tells nothing about the right signature; the end of a link counts only when it is right. */
  check(recordingId: string, query: Readonly<Record<string, unknown>>): LinkVerdict {
    const { expires, signature } = query;
    if (expires === undefined && signature === undefined) return 'none';
    if (typeof expires !== 'string' || typeof signature !== 'string') return 'wrong';
    if (!EXPIRES.test(expires) || !SIGNATURE.test(signature)) return 'wrong';
    const right = this.#signature(recordingId, expires);
    if (!timingSafeEqual(Buffer.from(signature, 'base64url'), right)) return 'wrong';
    return this.#now() < Number(expires) * 1_000 ? 'valid' : 'expired';
  }

  #signature(recordingId: string, expires: string): Buffer {
    return createHmac('sha256', this.#key)
      .update(`openswml recording link 1\n${recordingId.toLowerCase()}\n${expires}`)
      .digest();
  }
}
