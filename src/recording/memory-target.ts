import type { ByteTarget, TargetError } from './byte-target.ts';
import { MemoryFile, type RepairFile } from './repair-file.ts';

/** A target in memory, for tests and virtual calls: as exact as a file, and told when to fail. */
export class MemoryTarget implements ByteTarget {
  readonly #chunks: Uint8Array[] = [];
  #size = 0;
  #onError: ((error: TargetError) => void) | undefined;
  state: 'new' | 'open' | 'finished' | 'discarded' | 'abandoned' = 'new';
  /** The next `finish` rejects with it. */
  finishError: TargetError | undefined;

  get bytes(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }

  open(onError: (error: TargetError) => void, onOpen?: () => void): void {
    this.state = 'open';
    this.#onError = onError;
    onOpen?.();
  }

  /** Fails as a disk would in the middle of a recording. */
  fail(error: TargetError): void {
    this.#onError?.(error);
  }

  append(bytes: Uint8Array, release?: () => void): void {
    this.#chunks.push(bytes.slice());
    this.#size += bytes.length;
    release?.();
  }

  patch(position: number, bytes: Uint8Array): void {
    const whole = Buffer.concat(this.#chunks);
    whole.set(bytes, position);
    this.#chunks.length = 0;
    this.#chunks.push(whole);
  }

  async drained(): Promise<void> {}

  async finish(): Promise<number> {
    if (this.finishError !== undefined) throw this.finishError;
    this.state = 'finished';
    return this.#size;
  }

  async reopen(): Promise<RepairFile> {
    return new MemoryFile(this.bytes);
  }

  async discard(): Promise<void> {
    this.state = 'discarded';
  }

  async abandon(): Promise<void> {
    this.state = 'abandoned';
  }
}
