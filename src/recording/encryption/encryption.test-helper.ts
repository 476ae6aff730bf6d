import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { VirtualClock } from '../../time/virtual-clock.ts';
import type { ByteSource } from '../byte-source.ts';
import { readRange } from '../byte-source.ts';
import { MemoryFiles } from '../memory-files.test-helper.ts';
import { DecryptedSource } from './decrypted-source.ts';
import { EncryptedTarget } from './encrypted-target.ts';
import { KeyRing } from './keys.ts';

export const RECORDING_ID = 'c0ff0000-0000-4000-8000-000000000001';
export const PATH = '/spool/r.wav.enc';
export const KEY = randomBytes(32);
export const KEYS = new KeyRing(KEY);

/** A target on a disk in memory, fed as a writer feeds it. */
export class EncryptedBench {
  readonly clock = new VirtualClock();
  readonly files = new MemoryFiles();
  readonly errors: Error[] = [];
  readonly target = new EncryptedTarget(PATH, {
    clock: this.clock,
    files: this.files,
    key: KEYS.current!,
    recordingId: RECORDING_ID,
  });

  constructor() {
    this.target.open((error) => this.errors.push(error));
  }

  /** Appends, and lets half a second pass. */
  async append(bytes: Uint8Array): Promise<void> {
    this.target.append(bytes);
    await this.clock.advance(500);
  }

  get content(): Buffer {
    return this.files.content(PATH);
  }
}

/** The encrypted file of a recording. */
export async function encrypt(plain: Uint8Array, block = 8000): Promise<Buffer> {
  const bench = new EncryptedBench();
  for (let at = 0; at < plain.length; at += block) await bench.append(plain.slice(at, at + block));
  await bench.target.finish();
  return bench.content;
}

/** Begins an encrypted recording on the real disk; what is not finished stays as its `.part`. */
export async function encryptOnDisk(
  path: string,
  recordingId: string,
  plain: Uint8Array,
  end: 'finish' | 'crash' = 'finish',
): Promise<void> {
  const clock = new VirtualClock();
  const target = new EncryptedTarget(path, { clock, key: KEYS.current!, recordingId });
  target.open((error) => {
    throw error;
  });
  for (let at = 0; at < plain.length; at += 8000) {
    target.append(plain.slice(at, at + 8000));
    await clock.advance(500);
  }
  if (end === 'finish') await target.finish();
  else await target.abandon();
}

export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    // In pieces, as files and networks hand it out.
    read: ({ start, end }) =>
      Readable.from(
        (function* () {
          for (let at = start; at <= end; at += 10_000)
            yield Buffer.from(bytes.slice(at, Math.min(at + 10_000, end + 1)));
        })(),
        { objectMode: false },
      ),
  };
}

/** All of the plaintext. @throws EncryptionError */
export async function decrypt(
  file: Uint8Array,
  keys: KeyRing = KEYS,
  recordingId = RECORDING_ID,
): Promise<Buffer> {
  const source = await DecryptedSource.open(memorySource(file), { keys, name: 'r.wav.enc', recordingId });
  return readRange(source, { start: 0, end: source.size - 1 });
}

/** Bytes of which no two stretches are alike. */
export function sampleBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let n = 0; n < length; n++) bytes[n] = (n * 7919 + (n >> 8) * 31 + (n >> 16) * 17) & 0xff;
  return bytes;
}
