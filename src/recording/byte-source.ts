import type { Readable } from 'node:stream';

/** Bytes that can be read from any place: a file, an object in a store, or what is inside an encrypted one. */
export interface ByteSource {
  /** Bytes. */
  readonly size: number;
  /** What fails is the stream's `error` event. */
  read(range: ByteRange): Readable;
}

/** Part of it, both ends included, `end` < size. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A range as a whole: for small ones. @throws what the stream fails with; Error when it ends early */
export async function readRange(source: ByteSource, range: ByteRange): Promise<Buffer> {
  const length = range.end - range.start + 1;
  if (length <= 0) return Buffer.alloc(0);
  const chunks: Buffer[] = [];
  for await (const chunk of source.read(range)) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  if (bytes.length !== length) throw new Error(`expected ${length} bytes, found ${bytes.length}`);
  return bytes;
}
