import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import { FINAL_FLAG, NONCE_BYTES, RECORD_HEAD_BYTES, RECORD_OVERHEAD, TAG_BYTES } from './format.ts';

const CIPHER = 'aes-256-gcm';
const EPOCH_BYTES = 8;
const MAX_SEALS = 0xffff_ffff;

/** What a record says before it is decrypted: to be believed only when {@link openRecord} has. */
export interface RecordHead {
  readonly index: number;
  /** Of the plaintext, bytes. */
  readonly length: number;
  readonly final: boolean;
}

/**
 * Encrypts chunks of one file. No two get the same nonce, whatever is written over whatever: it is a random
 * number of this object and the count of its chunks (NIST SP 800-38D 8.2.1), so neither a chunk that is
 * written again nor another process that goes on with the file can meet one that was used.
 */
export class ChunkSealer {
  readonly #key: KeyObject;
  readonly #nonce = Buffer.alloc(NONCE_BYTES);
  #seals = 0;

  constructor(key: KeyObject) {
    this.#key = key;
    this.#nonce.set(randomBytes(EPOCH_BYTES));
  }

  /**
   * Writes the record of a chunk to the beginning of `out`.
   * @returns its length: that of `plain` and {@link RECORD_OVERHEAD}
   * @throws RangeError after 2³² chunks, some 70 TB
   */
  seal(index: number, plain: Uint8Array, final: boolean, out: Uint8Array): number {
    if (this.#seals === MAX_SEALS) throw new RangeError('too many chunks under one key');
    this.#nonce.writeUInt32BE(this.#seals++, EPOCH_BYTES);
    out.set(this.#nonce);
    const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
    view.setUint32(NONCE_BYTES, index);
    view.setUint32(NONCE_BYTES + 4, (plain.length | (final ? FINAL_FLAG : 0)) >>> 0);
    const cipher = createCipheriv(CIPHER, this.#key, this.#nonce);
    cipher.setAAD(out.subarray(NONCE_BYTES, RECORD_HEAD_BYTES));
    out.set(cipher.update(plain), RECORD_HEAD_BYTES);
    cipher.final();
    out.set(cipher.getAuthTag(), RECORD_HEAD_BYTES + plain.length);
    return plain.length + RECORD_OVERHEAD;
  }
}

/** The head of the record at the beginning of `record`; undefined when there is not even that. */
function readRecordHead(record: Uint8Array): RecordHead | undefined {
  if (record.length < RECORD_OVERHEAD) return undefined;
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const flags = view.getUint32(NONCE_BYTES + 4);
  return {
    index: view.getUint32(NONCE_BYTES),
    length: (flags & ~FINAL_FLAG) >>> 0,
    final: (flags & FINAL_FLAG) !== 0,
  };
}

/** The plaintext of the record at the beginning of `record`; undefined when it is not authentic. */
export function openRecord(record: Uint8Array, key: KeyObject): (RecordHead & { plain: Buffer }) | undefined {
  const head = readRecordHead(record);
  if (head === undefined || head.length + RECORD_OVERHEAD > record.length) return undefined;
  const end = RECORD_HEAD_BYTES + head.length;
  const decipher = createDecipheriv(CIPHER, key, record.subarray(0, NONCE_BYTES));
  decipher.setAAD(record.subarray(NONCE_BYTES, RECORD_HEAD_BYTES));
  decipher.setAuthTag(record.subarray(end, end + TAG_BYTES));
  const plain = decipher.update(record.subarray(RECORD_HEAD_BYTES, end));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return { ...head, plain };
}
