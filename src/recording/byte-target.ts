import type { RepairFile } from './repair-file.ts';

/** Where the bytes of a recording go, whatever they mean (see recording-writer.ts for that). */
export interface ByteTarget {
  /**
   * Makes the target ready; call once, first. Returns at once: what goes wrong, now or later, is told to
   * `onError`, at most once, and everything written from then on is dropped. `onOpen` is called once, when the
   * target is there to be written to; somebody waits for it, or for the error.
   */
  open(onError: (error: TargetError) => void, onOpen?: () => void): void;
  /**
   * Writes `bytes` behind everything before. Returns at once. The array belongs to the target until it calls
   * `release`, which it always does in the end.
   */
  append(bytes: Uint8Array, release?: () => void): void;
  /**
   * Writes over bytes that were appended before, from `position` on: within the first {@link PATCHABLE_BYTES},
   * where formats keep what they know only at the end. @throws RangeError
   */
  patch(position: number, bytes: Uint8Array): void;
  /** Resolves when nothing written so far waits any more, or the target has failed. Never rejects. */
  drained(): Promise<void>;
  /**
   * Makes everything durable and visible under its final name.
   * @returns its size in bytes
   * @throws TargetError when that fails; what was written is then left for repair
   */
  finish(): Promise<number>;
  /** Opens what was written, to be read; once {@link finish} has resolved. @throws Error */
  reopen(): Promise<RepairFile>;
  /** Throws everything away, also what was finished, as if it had never been. Never rejects. */
  discard(): Promise<void>;
  /** Stops here and leaves what was written for repair. Never rejects. */
  abandon(): Promise<void>;
}

/**
 * Makes the target of a recording whose finished file is `path`.
 * @param maxQueuedBytes that may wait in it before it counts as too slow; default: as the target has it
 */
export type CreateTarget = (path: string, maxQueuedBytes?: number) => ByteTarget;

/** How much of a file may be written again; an encrypted one keeps that much at hand. */
export const PATCHABLE_BYTES = 3072;

/** @throws RangeError unless a patch stays where patches may be */
export function checkPatch(position: number, bytes: Uint8Array): void {
  if (position >= 0 && position + bytes.length <= PATCHABLE_BYTES) return;
  throw new RangeError(
    `a patch of ${bytes.length} bytes at ${position} leaves the first ${PATCHABLE_BYTES} bytes of the file`,
  );
}

/** A target failed. The message is for the operator: what, where, and the cure. */
export class TargetError extends Error {
  /** System error code (`ENOSPC`), or `TOO_SLOW` when the target could not keep up. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TargetError';
    this.code = code;
  }
}
