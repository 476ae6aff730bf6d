import { randomUUID } from 'node:crypto';

/**
 * A fresh UUID of version 7 (RFC 9562 5.7): 48 bits of time, then 74 random ones, so nobody guesses it. Rows that are
 * made one after the other lie together by such ids; by random ones each would touch a page of its own in every index.
 * @param nowMs Unix ms
 */
export function timeOrderedId(nowMs: number): string {
  // In two numbers of at most 32 bits: V8 writes larger ones by a slow way.
  const high = Math.floor(nowMs / 0x1_0000);
  const low = Math.floor(nowMs) % 0x1_0000;
  return `${hex(high, 8)}-${hex(low, 4)}-7${randomUUID().slice(15)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
