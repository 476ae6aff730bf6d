/** The codecs of RTP sessions: the two directions of each behind one interface. */
import { decodePcma, decodePcmu, encodePcma, encodePcmu } from '../media/g711.ts';
import { G722Encoder } from '../media/g722.ts';
import { createOpusDecoder, createOpusEncoder, type OpusDecoder } from '../media/opus.ts';
import type { DecodeSamples } from '../rtp/sample-ring.ts';
import { G722Frames } from './g722-frames.ts';
import type { AudioCodec } from './protocol.ts';

/** Codecs of which each octet is a sample that can be decoded by itself. */
export const DIRECT_DECODERS: Readonly<Partial<Record<AudioCodec, DecodeSamples>>> = {
  PCMU: decodePcmu,
  PCMA: decodePcma,
};

/** Decodes whole payloads, in the order in which they come. */
export interface FrameDecoder {
  /**
   * Decodes octets `from` to `to` of `bytes` into the beginning of `dest`.
   * @returns the number of samples at the codec's rate; 0 for what is no payload of it
   */
  decode(bytes: Uint8Array, from: number, to: number, dest: Int16Array): number;
  /** So many samples, at the codec's rate, were lost before the next payload. */
  lost?(count: number): void;
  /** The next payload has nothing to do with those before: what is held of them is dropped. */
  restart?(): void;
  /** Frees what the garbage collector does not. */
  close(): void;
}

/** Encodes the audio of whole packets. */
export interface FrameEncoder {
  /**
   * Encodes the first `count` samples of `pcm`, at the codec's rate, to `dest` from `offset` on.
   * @returns the number of octets; 0 when there is nothing to send
   */
  encode(pcm: Int16Array, count: number, dest: Uint8Array, offset: number): number;
  close(): void;
}

/** Longest payload of one packet of any codec, octets: 60 ms of G.711, or the most that Opus makes (RFC 6716 3.4). */
export const MAX_PAYLOAD_BYTES = 1_275;

/** Made ahead: where a party goes over to Opus in the middle of a call, its first packets come with the wish for one. */
let spareOpusDecoder: OpusDecoder | undefined;

export function createFrameDecoder(codec: AudioCodec): FrameDecoder {
  switch (codec) {
    case 'PCMU':
    case 'PCMA': {
      const decode = codec === 'PCMU' ? decodePcmu : decodePcma;
      return {
        decode: (bytes, from, to, dest) => {
          decode(bytes, from, to - from, dest, 0);
          return to - from;
        },
        close: () => {},
      };
    }
    case 'G722': {
      return new G722Frames();
    }
    case 'OPUS': {
      const use = (decoder: OpusDecoder): FrameDecoder => ({
        decode: (bytes, from, to, dest) => decoder.decode(bytes.subarray(from, to), dest),
        close: () => decoder.free(),
      });
      const spare = spareOpusDecoder;
      spareOpusDecoder = undefined;
      // Another one for the next.
      warmUpOpus().catch(() => {});
      return spare === undefined ? whenLoaded(createOpusDecoder(), use) : use(spare);
    }
  }
}

/** @param maxBitrate of Opus, bits a second on average; default: what sounds well */
export function createFrameEncoder(codec: AudioCodec, maxBitrate?: number): FrameEncoder {
  switch (codec) {
    case 'PCMU':
    case 'PCMA': {
      const encode = codec === 'PCMU' ? encodePcmu : encodePcma;
      return {
        encode: (pcm, count, dest, offset) => {
          encode(pcm, 0, count, dest, offset);
          return count;
        },
        close: () => {},
      };
    }
    case 'G722': {
      const encoder = new G722Encoder();
      return {
        // An octet stands for two samples: where a stream ends, a last one may be without its pair.
        encode: (pcm, count, dest, offset) => encoder.encode(pcm, 0, count - (count % 2), dest, offset),
        close: () => {},
      };
    }
    case 'OPUS':
      return whenLoaded(createOpusEncoder(maxBitrate), (encoder) => ({
        encode: (pcm, count, dest, offset) => {
          const payload = encoder.encode(count === pcm.length ? pcm : pcm.subarray(0, count));
          dest.set(payload, offset);
          return payload.length;
        },
        close: () => encoder.free(),
      }));
  }
}

/** Loads Opus ahead of the first session, and has a decoder for it. @throws Error when it cannot be loaded */
export async function warmUpOpus(): Promise<void> {
  const decoder = await createOpusDecoder();
  if (spareOpusDecoder === undefined) spareOpusDecoder = decoder;
  else decoder.free();
}

/** The packet time nearest below `ptimeMs` that the codec can have, ms. */
export function packetTimeOf(codec: AudioCodec, ptimeMs: number): number {
  if (codec !== 'OPUS') return ptimeMs;
  // Frames of Opus last 10, 20, 40 or 60 ms (RFC 6716 2.1.4; shorter ones are of no use here).
  return ptimeMs >= 60 ? 60 : ptimeMs >= 40 ? 40 : ptimeMs >= 20 ? 20 : 10;
}

type Directed = FrameDecoder & FrameEncoder;

/** A codec that is silent until it is there: a moment for the first session of the process, none for others. */
function whenLoaded<H>(
  loading: Promise<H>,
  use: (handle: H) => Partial<Directed> & { close(): void },
): Directed {
  let ready: (Partial<Directed> & { close(): void }) | undefined;
  let closed = false;
  loading.then(
    (handle) => {
      const made = use(handle);
      if (closed) made.close();
      else ready = made;
    },
    // Whoever warms up is told why ({@link warmUpOpus}); here the stream stays silent.
    () => {},
  );
  return {
    decode: (bytes, from, to, dest) => ready?.decode?.(bytes, from, to, dest) ?? 0,
    encode: (pcm, count, dest, offset) => ready?.encode?.(pcm, count, dest, offset) ?? 0,
    close: () => {
      if (closed) return;
      closed = true;
      ready?.close();
      ready = undefined;
    },
  };
}
