/** Codecs of taps and streams: those of calls, and linear samples beside them. */
import { createFrameDecoder, createFrameEncoder, type FrameDecoder, type FrameEncoder } from './codecs.ts';
import type { StreamCodec } from './protocol.ts';

/** Rates that linear samples may have, Hz; those of other codecs follow from themselves. */
export const LINEAR_RATES: readonly number[] = [8_000, 16_000, 24_000, 32_000, 48_000];

/** Most octets that {@link StreamCodec} makes of one sample at its own rate. */
export const MAX_SAMPLE_BYTES = 2;

export function createStreamEncoder(codec: StreamCodec): FrameEncoder {
  return codec === 'L16' ? LINEAR_ENCODER : createFrameEncoder(codec);
}

export function createStreamDecoder(codec: StreamCodec): FrameDecoder {
  return codec === 'L16' ? new LinearDecoder() : createFrameDecoder(codec);
}

/** Little-endian, as programs that speak to these streams have it; RTP would be the other way round (RFC 3551 4.5.11). */
const LINEAR_ENCODER: FrameEncoder = {
  encode(pcm, count, dest, offset) {
    for (let i = 0; i < count; i++) {
      const sample = pcm[i]!;
      dest[offset + 2 * i] = sample;
      dest[offset + 2 * i + 1] = sample >> 8;
    }
    return 2 * count;
  },
  close: () => {},
};

/** A sample may be cut in two by the border of two payloads. */
class LinearDecoder implements FrameDecoder {
  #half = -1;

  decode(bytes: Uint8Array, from: number, to: number, dest: Int16Array): number {
    let count = 0;
    let at = from;
    if (this.#half >= 0 && at < to) {
      dest[count++] = this.#half | (bytes[at++]! << 8);
      this.#half = -1;
    }
    for (; at + 1 < to; at += 2) dest[count++] = bytes[at]! | (bytes[at + 1]! << 8);
    if (at < to) this.#half = bytes[at]!;
    return count;
  }

  restart(): void {
    this.#half = -1;
  }

  close(): void {}
}
