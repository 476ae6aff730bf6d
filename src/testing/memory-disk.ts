import type { ByteTarget } from '../recording/byte-target.ts';
import { MemoryTarget } from '../recording/memory-target.ts';

/** The files of a virtual call, in memory. */
export class MemoryDisk {
  readonly #targets = new Map<string, MemoryTarget>();

  create(path: string): ByteTarget {
    const target = new MemoryTarget();
    this.#targets.set(path, target);
    return target;
  }

  /** The content of a finished file; undefined when there is none. */
  read(path: string): Uint8Array | undefined {
    const target = this.#targets.get(path);
    return target?.state === 'finished' ? target.bytes : undefined;
  }
}
