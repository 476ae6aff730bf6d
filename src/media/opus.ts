/** Opus (RFC 6716) for RTP (RFC 7587): mono, 48 kHz, by libopus compiled to WebAssembly. */
import { Application, createDecoder, createEncoder, Signal } from 'libopus-wasm';

export const OPUS_RATE = 48_000;
/** Longest packet, ms (RFC 6716 2.1.4). */
const MAX_PACKET_MS = 120;
/** Bits a second: transparent for one voice (RFC 7587 3.1.1 gives 28 to 40 kbit/s for fullband speech). */
const BITRATE = 32_000;
/** Effort of the encoder, 0 to 10: 5 sounds as 10 does on speech, at half its cost. */
const COMPLEXITY = 5;

/** One direction of a stream, from payloads to samples. Keeps its state from call to call. */
export interface OpusDecoder {
  /**
   * Decodes a payload; writes at most 5,760 samples to `dest`.
   * @returns the number of samples; 0 when it is no Opus packet
   */
  decode(payload: Uint8Array, dest: Int16Array): number;
  free(): void;
}

/** One direction of a stream, from samples to payloads. */
export interface OpusEncoder {
  /**
   * Encodes a frame of 10, 20, 40 or 60 ms.
   * @returns the payload; valid until the next call
   */
  encode(frame: Int16Array): Uint8Array;
  free(): void;
}

/** Loads the codec at the first call, which takes some 20 ms. */
export async function createOpusDecoder(): Promise<OpusDecoder> {
  const maxFrameSize = (OPUS_RATE * MAX_PACKET_MS) / 1000;
  const decoder = await createDecoder({ channels: 1, sampleRate: OPUS_RATE, maxFrameSize });
  return {
    decode(payload, dest) {
      try {
        const samples = decoder.decode(payload);
        dest.set(samples);
        return samples.length;
      } catch {
        return 0;
      }
    },
    free: () => decoder.free(),
  };
}

/** Loads the codec at the first call. @param maxBitrate bits a second on average, 6,000 or more */
export async function createOpusEncoder(maxBitrate = BITRATE): Promise<OpusEncoder> {
  const encoder = await createEncoder({
    channels: 1,
    sampleRate: OPUS_RATE,
    application: Application.Voip,
    signal: Signal.Voice,
    bitrate: Math.min(BITRATE, maxBitrate),
    complexity: COMPLEXITY,
    fec: true,
    packetLossPercent: 5,
  });
  return {
    encode: (frame) => encoder.encode(frame, { frameSize: frame.length }),
    free: () => encoder.free(),
  };
}
