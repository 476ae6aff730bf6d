/** Sounds that tests are made of: the same samples on every machine. */
import { concat, sine, speechLike, whiteNoise } from '../media/test-signals.ts';
import { mixSamples } from '../media/mix.ts';
import { wavFile } from './audio-file.ts';

/** A piece of sound; one of `tone`, `speech`, `noise` and `silence` (the latter three in seconds). */
export interface SoundPiece {
  /** Hz; several sound together. */
  readonly tone?: number | readonly number[] | undefined;
  /** Seconds. */
  readonly speech?: number | undefined;
  /** Seconds. */
  readonly noise?: number | undefined;
  /** Seconds. */
  readonly silence?: number | undefined;
  /** How long a tone sounds, seconds; default 1. */
  readonly seconds?: number | undefined;
  /** RMS, dBFS; default −20. */
  readonly level?: number | undefined;
}

const DEFAULT_LEVEL_DBFS = -20;
/** Rate of files, Hz. */
const FILE_RATE = 8000;

/** Samples of the pieces, one behind the other. */
export function soundSamples(pieces: SoundPiece | readonly SoundPiece[], sampleRate: number): Int16Array {
  const all = Array.isArray(pieces) ? (pieces as readonly SoundPiece[]) : [pieces as SoundPiece];
  return concat(...all.map((piece, index) => samplesOf(piece, sampleRate, index + 1)));
}

/** The pieces as a file, WAV with 16 bits, mono, 8 kHz. */
export function soundFile(pieces: SoundPiece | readonly SoundPiece[]): Uint8Array {
  return wavFile(soundSamples(pieces, FILE_RATE), FILE_RATE);
}

function samplesOf(piece: SoundPiece, sampleRate: number, seed: number): Int16Array {
  const { tone, speech, noise, silence = 0, seconds = 1, level = DEFAULT_LEVEL_DBFS } = piece;
  const count = (length: number): number => Math.round(length * sampleRate);
  if (speech !== undefined) return speechLike(count(speech), level, sampleRate, seed);
  if (noise !== undefined) return whiteNoise(count(noise), level, seed);
  if (tone === undefined) return new Int16Array(count(silence));
  const tones = typeof tone === 'number' ? [tone] : tone;
  // Each with its share of the power, so that the whole has the level.
  const share = level - 10 * Math.log10(tones.length);
  return tones
    .map((frequency) => sine(count(seconds), frequency, share, sampleRate))
    .reduce((one, other) => one.map((sample, index) => mixSamples(sample, other[index]!)));
}
