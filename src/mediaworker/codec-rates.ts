import type { AudioCodec } from './protocol.ts';

export interface CodecRates {
  /** Of its audio, Hz. */
  readonly sampleRate: number;
  /** Of its RTP timestamps, Hz. */
  readonly clockRate: number;
}

/** RFC 3551 4.5, RFC 7587 4.1. G.722 has a clock of 8000 Hz by an error that was made a rule (RFC 3551 4.5.2). */
export const CODEC_RATES: Readonly<Record<AudioCodec, CodecRates>> = {
  PCMU: { sampleRate: 8_000, clockRate: 8_000 },
  PCMA: { sampleRate: 8_000, clockRate: 8_000 },
  G722: { sampleRate: 16_000, clockRate: 8_000 },
  OPUS: { sampleRate: 48_000, clockRate: 48_000 },
};
