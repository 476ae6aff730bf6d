import { randomUUID } from 'node:crypto';

/**
 * A fresh UUID of version 7 (RFC 9562 5.7): 48 bits of time, then 74 random ones, so nobody guesses it. Rows that are
 * made one after the other lie together by such ids; by random ones each would touch a page of its own in every index.
 * @param nowMs Unix ms
 */
export function timeOrderedId(nowMs: number): string {
  const time = Math.floor(nowMs).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
