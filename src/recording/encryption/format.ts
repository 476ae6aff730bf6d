/**
 * How an encrypted recording lies in its file. Positions in bytes, numbers big-endian:
 *
 *     0     magic "OSWMENC", version 1
 *     8     id of the recording (UUID, 16)
 *     24    key slot A (68): id of the operator's key (8), nonce (12), the file's key encrypted with it (32), tag (16)
 *     92    key slot B (68): zeros, but while a rotation is under way
 *     160   zeros
 *     256   record of chunk 0
 *     4096  records of chunks 1, 2, 3 … , each behind the one before
 *
 *     record: nonce (12), index of the chunk (4), length and flags (4), ciphertext (length), tag (16)
 *
 * Chunk 0 holds the first 3072 bytes of the recording, where formats keep what is filled in at the end; with the
 * header it stands in one page, which the kernel takes as a whole. Every other chunk holds 16384 bytes, but the
 * last, which may be shorter, even empty, and alone has the flag `final`. So a position in the recording leads
 * to a position in the file by arithmetic.
 */
import { PATCHABLE_BYTES } from '../byte-target.ts';
import { EncryptionError } from './errors.ts';
import { KEY_BYTES, KEY_ID_BYTES } from './keys.ts';

export const MAGIC = Buffer.from('OSWMENC', 'latin1');
export const VERSION = 1;
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

const RECORDING_ID_OFFSET = 8;
const SLOT_OFFSETS = [24, 92] as const;
const SLOT_BYTES = KEY_ID_BYTES + NONCE_BYTES + KEY_BYTES + TAG_BYTES;
/** Version and recording: what a key slot cannot be moved away from. */
export const BOUND_HEADER_BYTES = SLOT_OFFSETS[0];

/** Of the header, bytes: here the record of chunk 0 begins. */
export const HEADER_BYTES = 256;
/** Of the header and chunk 0 together: here the record of chunk 1 begins. */
export const FIRST_PAGE_BYTES = 4096;
/** Plaintext of chunk 0, and of every further one, bytes. */
export const HEAD_BYTES = PATCHABLE_BYTES;
export const CHUNK_BYTES = 16_384;
/** Nonce, index, length and flags, before the ciphertext. */
export const RECORD_HEAD_BYTES = NONCE_BYTES + 8;
export const RECORD_OVERHEAD = RECORD_HEAD_BYTES + TAG_BYTES;
/** Of the record of any chunk but the first, at most. */
export const RECORD_BYTES = CHUNK_BYTES + RECORD_OVERHEAD;
export const FINAL_FLAG = 0x8000_0000;

/** The file's key as one key of the operator wraps it. */
export interface KeySlot {
  readonly keyId: string;
  readonly nonce: Uint8Array;
  readonly wrapped: Uint8Array;
  readonly tag: Uint8Array;
}

export interface Header {
  /** Version and recording id as they stand there, to be authenticated with each slot. */
  readonly bound: Uint8Array;
  /** UUID. */
  readonly recordingId: string;
  /** Those in use, with their place. */
  readonly slots: readonly (KeySlot & { readonly place: 0 | 1 })[];
}

/** Version and recording id, as {@link Header.bound}. @throws TypeError when `recordingId` is no UUID */
export function boundHeader(recordingId: string): Uint8Array {
  const bytes = Buffer.alloc(BOUND_HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes[MAGIC.length] = VERSION;
  bytes.set(parseUuid(recordingId), RECORDING_ID_OFFSET);
  return bytes;
}

/** A whole header with its first slot in use. */
export function encodeHeader(bound: Uint8Array, slot: KeySlot): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  bytes.set(bound);
  bytes.set(encodeSlot(slot), SLOT_OFFSETS[0]);
  return bytes;
}

/** A slot and where it stands in the file; without a slot, zeros. */
export function placedSlot(
  place: 0 | 1,
  slot: KeySlot | undefined,
): { readonly position: number; readonly bytes: Uint8Array } {
  const bytes = slot === undefined ? new Uint8Array(SLOT_BYTES) : encodeSlot(slot);
  return { position: SLOT_OFFSETS[place], bytes };
}

/**
 * @param name of the file, for messages
 * @throws EncryptionError `not_encrypted`, `newer_version`, `damaged`
 */
export function parseHeader(bytes: Uint8Array, name: string): Header {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (head.length < MAGIC.length || !head.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new EncryptionError('not_encrypted', `${name} is not an encrypted recording`);
  }
  const version = head[MAGIC.length];
  if (version !== VERSION) {
    throw new EncryptionError(
      'newer_version',
      `${name} is encrypted in version ${version} of the format, this program knows ${VERSION}: use a newer OpenSWML`,
    );
  }
  if (head.length < HEADER_BYTES) throw new EncryptionError('damaged', `${name} ends within its header`);
  const slots: (KeySlot & { place: 0 | 1 })[] = [];
  for (const place of [0, 1] as const) {
    const slot = head.subarray(SLOT_OFFSETS[place], SLOT_OFFSETS[place] + SLOT_BYTES);
    if (slot.some((byte) => byte !== 0)) slots.push({ ...decodeSlot(slot), place });
  }
  const id = head.toString('hex', RECORDING_ID_OFFSET, BOUND_HEADER_BYTES);
  return {
    bound: head.subarray(0, BOUND_HEADER_BYTES),
    recordingId: id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    slots,
  };
}

/** Where the record of a chunk begins in the file. */
export function recordPosition(index: number): number {
  return index === 0 ? HEADER_BYTES : FIRST_PAGE_BYTES + (index - 1) * RECORD_BYTES;
}

/** Where a chunk begins in the recording. */
export function chunkStart(index: number): number {
  return index === 0 ? 0 : HEAD_BYTES + (index - 1) * CHUNK_BYTES;
}

/** Bytes of the recording that a chunk holds, unless it is the last. */
export function chunkCapacity(index: number): number {
  return index === 0 ? HEAD_BYTES : CHUNK_BYTES;
}

/** The chunk that holds a position of the recording. */
export function chunkAt(position: number): number {
  return position < HEAD_BYTES ? 0 : 1 + Math.floor((position - HEAD_BYTES) / CHUNK_BYTES);
}

/** What the size of a finished file says about it. */
export interface FileShape {
  readonly lastIndex: number;
  /** Of the last chunk, bytes. */
  readonly lastLength: number;
  /** Of the recording, bytes. */
  readonly plainBytes: number;
}

/** Undefined when no finished file has this size. */
export function shapeOfFile(fileBytes: number): FileShape | undefined {
  const inFirstPage = fileBytes - HEADER_BYTES - RECORD_OVERHEAD;
  if (inFirstPage < 0) return undefined;
  if (inFirstPage < HEAD_BYTES) return { lastIndex: 0, lastLength: inFirstPage, plainBytes: inFirstPage };
  const behind = fileBytes - FIRST_PAGE_BYTES - RECORD_OVERHEAD;
  if (behind < 0) return undefined;
  const lastIndex = 1 + Math.floor(behind / RECORD_BYTES);
  const lastLength = behind % RECORD_BYTES;
  // A last chunk that is full is followed by an empty one, which alone is final.
  if (lastLength >= CHUNK_BYTES) return undefined;
  return { lastIndex, lastLength, plainBytes: chunkStart(lastIndex) + lastLength };
}

/** Size of the finished file of a recording of so many bytes. */
export function fileBytesFor(plainBytes: number): number {
  const last = chunkAt(plainBytes);
  return recordPosition(last) + RECORD_OVERHEAD + plainBytes - chunkStart(last);
}

function encodeSlot(slot: KeySlot): Uint8Array {
  return Buffer.concat([Buffer.from(slot.keyId, 'hex'), slot.nonce, slot.wrapped, slot.tag]);
}

function decodeSlot(bytes: Buffer): KeySlot {
  const nonceAt = KEY_ID_BYTES;
  const wrappedAt = nonceAt + NONCE_BYTES;
  const tagAt = wrappedAt + KEY_BYTES;
  return {
    keyId: bytes.toString('hex', 0, nonceAt),
    nonce: bytes.subarray(nonceAt, wrappedAt),
    wrapped: bytes.subarray(wrappedAt, tagAt),
    tag: bytes.subarray(tagAt, SLOT_BYTES),
  };
}

function parseUuid(text: string): Uint8Array {
  const digits = text.replaceAll('-', '');
  if (!/^[0-9a-f]{32}$/i.test(digits)) throw new TypeError(`expected a UUID, found ${JSON.stringify(text)}`);
  return Buffer.from(digits, 'hex');
}
