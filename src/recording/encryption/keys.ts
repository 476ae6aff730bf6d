import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

/** Of the operator's key and of the key of each file, bytes (AES-256). */
export const KEY_BYTES = 32;
/** Of the public name of a key, bytes. */
export const KEY_ID_BYTES = 8;

/** What derived keys are for, so that no two uses share one (RFC 5869 3.2). */
const WRAP_INFO = 'openswml recording key wrap 1';
const ID_INFO = 'openswml recording key id 1';

/** A key as text is not one. The message never shows the text. */
export class KeyTextError extends Error {
  constructor(found: string) {
    super(
      `expected a key of 32 bytes in base64 or hexadecimal, found ${found}; ` +
        'make one with: openssl rand -base64 32',
    );
    this.name = 'KeyTextError';
  }
}

/**
 * The 32 bytes of a key written in base64 (44 characters, padding optional, or the URL alphabet) or
 * hexadecimal (64 characters); space around it does not count.
 * @throws KeyTextError
 */
export function parseKey(text: string): Uint8Array {
  const trimmed = text.trim();
  if (/^[0-9a-f]{64}$/i.test(trimmed)) return Buffer.from(trimmed, 'hex');
  if (/^[\w+/-]{43}=?$/.test(trimmed)) return Buffer.from(trimmed, 'base64url');
  throw new KeyTextError(trimmed === '' ? 'nothing' : `${trimmed.length} other characters`);
}

/** A key of the operator, ready to wrap the keys of files. */
export class RecordingKey {
  /** Public name, 16 hexadecimal digits: tells keys apart and gives nothing away about them. */
  readonly id: string;
  /** Encrypts the keys of files, nothing else. */
  readonly wrapping: KeyObject;

  /** @throws RangeError unless there are 32 bytes */
  constructor(bytes: Uint8Array) {
    if (bytes.length !== KEY_BYTES)
      throw new RangeError(`a key has ${KEY_BYTES} bytes, this one ${bytes.length}`);
    this.id = Buffer.from(hkdfSync('sha256', bytes, '', ID_INFO, KEY_ID_BYTES)).toString('hex');
    this.wrapping = createSecretKey(Buffer.from(hkdfSync('sha256', bytes, '', WRAP_INFO, KEY_BYTES)));
  }
}

/** The keys that recordings may be read with, and the one that new ones are written with. */
export class KeyRing {
  /** Undefined: new recordings are not encrypted. */
  readonly current: RecordingKey | undefined;
  readonly #byId = new Map<string, RecordingKey>();

  /** @param previous keys that are only read with */
  constructor(current: Uint8Array | undefined, previous: readonly Uint8Array[] = []) {
    this.current = current === undefined ? undefined : new RecordingKey(current);
    for (const bytes of previous) this.#add(new RecordingKey(bytes));
    if (this.current !== undefined) this.#add(this.current);
  }

  /** The one key that something was just written with. */
  static of(key: RecordingKey): KeyRing {
    const ring = new KeyRing(undefined);
    ring.#add(key);
    return ring;
  }

  get size(): number {
    return this.#byId.size;
  }

  find(id: string): RecordingKey | undefined {
    return this.#byId.get(id);
  }

  #add(key: RecordingKey): void {
    this.#byId.set(key.id, key);
  }
}
