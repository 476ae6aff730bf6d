import { copySamples } from '../media/copy-samples.ts';
import { RatePath } from '../media/rate-path.ts';
import { type FrameEncoder, MAX_PAYLOAD_BYTES, packetTimeOf } from './codecs.ts';
import type { CopySpec } from './protocol.ts';
import { createStreamEncoder, MAX_SAMPLE_BYTES } from './stream-codecs.ts';

/**
 * Takes an encoded packet: `length` octets at `offset` of `buffer`, of so many samples at the codec's rate. The
 * buffer will be used again.
 */
export type TakePacket = (buffer: Uint8Array, offset: number, length: number, samples: number) => void;

/** Packs frames of audio into packets of a codec: of its rate, encoded, each of the same length. */
export class AudioPacker {
  readonly #encoder: FrameEncoder;
  readonly #changer: RatePath | undefined;
  /** Audio of the packet being filled, at the rate of the frames, and the same at the codec's. */
  readonly #pcm: Int16Array;
  readonly #changed: Int16Array;
  readonly #buffers: readonly Uint8Array[];
  #next = 0;
  readonly #headroom: number;
  readonly #whole: boolean;
  readonly #take: TakePacket;
  #filled = 0;

  /**
   * @param sampleRate of the frames, Hz
   * @param headroom octets before the payload that are the taker's
   * @param buffers packets that the taker may not be done with when the next one is made
   */
  constructor(
    { codec, sampleRate: codecRate, ptimeMs }: Pick<CopySpec, 'codec' | 'sampleRate' | 'ptimeMs'>,
    sampleRate: number,
    { headroom = 0, buffers = 1 }: { readonly headroom?: number; readonly buffers?: number },
    take: TakePacket,
  ) {
    this.#encoder = createStreamEncoder(codec);
    this.#pcm = new Int16Array((packetTimeOf(codec === 'L16' ? 'PCMU' : codec, ptimeMs) * sampleRate) / 1000);
    this.#changer = codecRate === sampleRate ? undefined : new RatePath(sampleRate, codecRate);
    const samples = this.#changer?.outputOf(this.#pcm.length) ?? this.#pcm.length;
    this.#changed = this.#changer === undefined ? this.#pcm : new Int16Array(samples);
    this.#headroom = headroom;
    const bytes = codec === 'OPUS' ? MAX_PAYLOAD_BYTES : samples * MAX_SAMPLE_BYTES;
    this.#buffers = Array.from({ length: buffers }, () => new Uint8Array(headroom + bytes));
    this.#whole = codec === 'OPUS';
    this.#take = take;
  }

  /** Takes the first `count` samples of `frame`. */
  push(frame: Int16Array, count: number): void {
    let from = 0;
    while (from < count) {
      const part = Math.min(count - from, this.#pcm.length - this.#filled);
      copySamples(frame, from, this.#pcm, this.#filled, part);
      this.#filled += part;
      from += part;
      if (this.#filled === this.#pcm.length) this.#pack();
    }
  }

  /** Packs what is left, where the codec allows less than a packet, and frees the encoder. */
  close(): void {
    if (this.#filled > 0 && !this.#whole) this.#pack();
    this.#encoder.close();
  }

  #pack(): void {
    const filled = this.#filled;
    this.#filled = 0;
    const samples = this.#changer?.process(this.#pcm, 0, filled, this.#changed, 0) ?? filled;
    const buffer = this.#buffers[this.#next]!;
    this.#next = (this.#next + 1) % this.#buffers.length;
    const length = this.#encoder.encode(this.#changed, samples, buffer, this.#headroom);
    if (length > 0) this.#take(buffer, this.#headroom, length, samples);
  }
}
