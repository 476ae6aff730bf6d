import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Bytes of one message of RFC 4475, by the name it has there (`wsinv`). */
export function tortureMessage(name: string): Buffer {
  return readFileSync(path.join(import.meta.dirname, `${name}.dat`));
}

/** Names of all the messages, sorted. */
export function tortureNames(): string[] {
  return readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith('.dat'))
    .map((file) => file.slice(0, -'.dat'.length))
    .sort();
}
