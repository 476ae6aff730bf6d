/** Sounds that a test makes itself, so that it needs no audio files. */
import { isObject } from '../../swml/json.ts';
import * as s from '../../swml/schema.ts';

const frequency = s.number({ description: 'Frequency, Hz.', min: 50, max: 4000, literal: true });

export const TONE = s.union(
  [
    frequency,
    s.array(frequency, {
      description: 'Tones that sound together.',
      minItems: 1,
      maxItems: 4,
      literal: true,
    }),
  ],
  { description: 'A tone, or several that sound together, Hz.' },
);

/** Longest piece, s. */
const MAX_SECONDS = 3600;

const seconds = (description: string) =>
  s.number({ description, min: 0, max: MAX_SECONDS, unit: 's', literal: true });

/** A piece of sound. */
export const PIECE = s.object(
  {
    tone: TONE,
    speech: seconds('Sounds like speech, without words, for so long.'),
    noise: seconds('White noise, for so long.'),
    silence: seconds('Nothing, for so long.'),
    seconds: s.number({
      description: 'How long a tone sounds.',
      default: 1,
      min: 0,
      max: MAX_SECONDS,
      unit: 's',
      literal: true,
    }),
    level: s.number({
      description: 'RMS level.',
      default: -20,
      min: -127,
      max: 0,
      unit: 'dBFS',
      literal: true,
    }),
  },
  {
    description: 'A piece of sound.',
    literal: true,
    refine: (piece) =>
      isObject(piece) && piece['seconds'] !== undefined && piece['tone'] === undefined
        ? {
            fault: 'conflict',
            message: '"seconds" belongs to a tone',
            at: ['seconds'],
            expected: 'the length of another piece as its value',
          }
        : undefined,
    exclusive: [{ names: ['tone', 'speech', 'noise', 'silence'] }],
  },
);

/** Pieces of sound, one behind the other. */
export const SOUND = s.union(
  [PIECE, s.array(PIECE, { description: 'Pieces, one behind the other.', minItems: 1, literal: true })],
  { description: 'Sound that is made up: tones, what sounds like speech, noise, silence.' },
);

export type SoundPiece = s.Infer<typeof PIECE>;
export type Sound = s.Infer<typeof SOUND>;
