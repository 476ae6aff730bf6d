import type { KeyObject } from 'node:crypto';
import { Readable } from 'node:stream';
import { type ByteRange, type ByteSource, readRange } from '../byte-source.ts';
import { openRecord } from './chunk-cipher.ts';
import { EncryptionError } from './errors.ts';
import { unwrapFileKey } from './file-key.ts';
import {
  chunkAt,
  chunkStart,
  type FileShape,
  FIRST_PAGE_BYTES,
  type Header,
  HEADER_BYTES,
  parseHeader,
  RECORD_BYTES,
  RECORD_OVERHEAD,
  recordPosition,
  shapeOfFile,
} from './format.ts';
import type { KeyRing } from './keys.ts';

export interface DecryptOptions {
  readonly keys: KeyRing;
  /** Of the file, for messages. */
  readonly name: string;
  /** The recording that it must be. */
  readonly recordingId?: string | undefined;
}

/**
 * What is inside an encrypted recording. Every byte handed out was authenticated first, with its place and with
 * the end of the recording; so a reader may get less than the whole when a file was changed, never anything wrong.
 */
export class DecryptedSource implements ByteSource {
  readonly size: number;
  readonly recordingId: string;
  readonly #file: ByteSource;
  readonly #shape: FileShape;
  readonly #fileKey: KeyObject;
  readonly #name: string;

  private constructor(file: ByteSource, header: Header, shape: FileShape, fileKey: KeyObject, name: string) {
    this.#file = file;
    this.#shape = shape;
    this.#fileKey = fileKey;
    this.#name = name;
    this.size = shape.plainBytes;
    this.recordingId = header.recordingId;
  }

  /**
   * Opens a finished file: checks its header and its end.
   * @throws EncryptionError
   * @throws what reading `file` throws
   */
  static async open(file: ByteSource, options: DecryptOptions): Promise<DecryptedSource> {
    const { keys, name, recordingId } = options;
    const firstPage = await readRange(file, { start: 0, end: Math.min(file.size, FIRST_PAGE_BYTES) - 1 });
    const header = parseHeader(firstPage, name);
    const { fileKey } = unwrapFileKey(header, keys, name);
    if (recordingId !== undefined && recordingId.toLowerCase() !== header.recordingId) {
      throw new EncryptionError(
        'wrong_recording',
        `${name} holds the recording ${header.recordingId}, not ${recordingId}: it was moved there`,
      );
    }
    const shape = shapeOfFile(file.size);
    if (shape === undefined) throw cutOff(name);
    const source = new DecryptedSource(file, header, shape, fileKey, name);
    const start = recordPosition(shape.lastIndex);
    source.#open(
      shape.lastIndex === 0
        ? firstPage.subarray(HEADER_BYTES)
        : await readRange(file, { start, end: file.size - 1 }),
      shape.lastIndex,
    );
    return source;
  }

  read(range: ByteRange): Readable {
    return Readable.from(this.#decrypt(range), { objectMode: false });
  }

  async *#decrypt({ start, end }: ByteRange): AsyncGenerator<Buffer> {
    const last = chunkAt(Math.min(end, this.size - 1));
    let index = chunkAt(start);
    if (start > end || start >= this.size) return;
    const stream = this.#file.read({ start: recordPosition(index), end: this.#recordEnd(last) });
    let held: Buffer = Buffer.alloc(0);
    for await (const piece of stream) {
      held = held.length === 0 ? (piece as Buffer) : Buffer.concat([held, piece as Buffer]);
      for (;;) {
        const position = recordPosition(index);
        const whole = this.#recordEnd(index) + 1 - position;
        if (index > last || held.length < whole) break;
        const plain = this.#open(held.subarray(0, whole), index);
        const base = chunkStart(index);
        yield plain.subarray(Math.max(start - base, 0), end + 1 - base);
        // Behind the record of chunk 0 stands the rest of its page.
        held = held.subarray(Math.min(recordPosition(index + 1) - position, held.length));
        index++;
      }
    }
    if (index <= last) throw cutOff(this.#name);
  }

  /** Where the record of a chunk ends, its last byte included; that of chunk 0 with the rest of its page. */
  #recordEnd(index: number): number {
    if (index === this.#shape.lastIndex) {
      return recordPosition(index) + RECORD_OVERHEAD + this.#shape.lastLength - 1;
    }
    return index === 0 ? FIRST_PAGE_BYTES - 1 : recordPosition(index) + RECORD_BYTES - 1;
  }

  /** @throws EncryptionError `damaged` */
  #open(record: Buffer, index: number): Buffer {
    const opened = openRecord(record, this.#fileKey);
    const isLast = index === this.#shape.lastIndex;
    const length = isLast ? this.#shape.lastLength : chunkStart(index + 1) - chunkStart(index);
    const right = opened?.index === index && opened.final === isLast && opened.length === length;
    if (opened !== undefined && right) return opened.plain;
    throw new EncryptionError(
      'damaged',
      `${this.#name} was changed since it was written, at byte ${recordPosition(index)} or behind`,
    );
  }
}

function cutOff(name: string): EncryptionError {
  return new EncryptionError('damaged', `${name} is not whole: its end is missing`);
}
