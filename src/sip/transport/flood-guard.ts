interface Bucket {
  tokens: number;
  refilledAt: number;
}

/**
 * Limits how often something is done for one source: a bucket of `burst` tokens that fills at `perSecond`.
 * Keeps at most `maxSources` buckets and forgets the one that was created first, so that forged addresses
 * cannot fill the memory.
 */
export class FloodGuard {
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #maxSources: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limits: { readonly burst: number; readonly perSecond: number; readonly maxSources: number }) {
    this.#burst = limits.burst;
    this.#perSecond = limits.perSecond;
    this.#maxSources = limits.maxSources;
  }

  /** Takes a token. @param nowMs of the monotonic clock @returns false when the source has none left */
  take(source: string, nowMs: number): boolean {
    let bucket = this.#buckets.get(source);
    if (bucket === undefined) {
      if (this.#buckets.size >= this.#maxSources) {
        const [oldest] = this.#buckets.keys();
        this.#buckets.delete(oldest!);
      }
      bucket = { tokens: this.#burst, refilledAt: nowMs };
      this.#buckets.set(source, bucket);
    }
    const gained = ((nowMs - bucket.refilledAt) / 1000) * this.#perSecond;
    bucket.tokens = Math.min(this.#burst, bucket.tokens + gained);
    bucket.refilledAt = nowMs;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  /** Sources that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }
}
