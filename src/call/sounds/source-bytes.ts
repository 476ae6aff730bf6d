import type { ByteSource } from '../../recording/byte-source.ts';
import type { Clock } from '../../time/clock.ts';
import { SoundError } from './errors.ts';

/** Undefined when it is not there (any more). */
export type OpenSource = () => Promise<ByteSource | undefined>;

/**
 * The bytes of a recording of ours, wherever it lies.
 * @throws SoundError `fetch_failed`; the signal's reason
 */
export async function* sourceBytes(
  open: OpenSource,
  name: string,
  clock: Clock,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    const source = await clock.holdWhile(open());
    if (source === undefined) {
      throw new SoundError('fetch_failed', `${name}: the file is not there, or not complete yet`);
    }
    if (source.size === 0) return;
    signal?.throwIfAborted();
    const stream = source.read({ start: 0, end: source.size - 1 });
    const pieces = stream[Symbol.asyncIterator]();
    try {
      for (;;) {
        signal?.throwIfAborted();
        const { done, value } = await clock.holdWhile(pieces.next());
        if (done === true) return;
        yield value as Uint8Array;
      }
    } finally {
      // An iterator that nobody has asked yet would leave the stream open.
      stream.destroy();
      await pieces.return?.();
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof SoundError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new SoundError('fetch_failed', `${name}: ${reason}`, { cause: error });
  }
}
