import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 4096;
const BRANCH_BYTES = 12;
const TAG_BYTES = 8;
const CALL_ID_BYTES = 16;

const pool = Buffer.allocUnsafe(POOL_BYTES);
let used = POOL_BYTES;

/** Start of every branch made after RFC 3261 (8.1.1.7). */
export const MAGIC_COOKIE = 'z9hG4bK';

/** A branch parameter: unique in space and time, and not to be guessed. */
export function newBranch(): string {
  return MAGIC_COOKIE + randomHex(BRANCH_BYTES);
}

/** A From or To tag (RFC 3261 19.3 asks for 32 random bits or more). */
export function newTag(): string {
  return randomHex(TAG_BYTES);
}

export function newCallId(): string {
  return randomHex(CALL_ID_BYTES);
}

/** Random bytes come in pages: one call into the generator for each message would cost more than the message. */
export function randomHex(bytes: number): string {
  if (used + bytes > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const text = pool.toString('hex', used, used + bytes);
  // What was given out must not be readable from the pool afterwards.
  pool.fill(0, used, used + bytes);
  used += bytes;
  return text;
}
