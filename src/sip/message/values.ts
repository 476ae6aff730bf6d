import { quotedEnd } from './lists.ts';

/**
 * Whether a NUL stands anywhere in the value but behind a backslash in a quoted string, the one place where
 * the grammar has it (quoted-pair, RFC 3261 25.1; RFC 4475 3.1.1.2).
 */
export function hasBareNul(value: string): boolean {
  let i = 0;
  while (i < value.length) {
    const code = value.charCodeAt(i);
    if (code === 0) return true;
    if (code === 0x22 /* " */) {
      const close = quotedEnd(value, i);
      for (let k = i + 1; k < close; k++) {
        if (value.charCodeAt(k) === 0x5c /* \ */) k++;
        else if (value.charCodeAt(k) === 0) return true;
      }
      i = close;
    }
    i++;
  }
  return false;
}
