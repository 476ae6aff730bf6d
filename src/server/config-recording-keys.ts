import { z } from 'zod';
import { type ConfigKey, key } from './config-key.ts';
import { encryptionKey, variableName, wholeNumber } from './config-values.ts';

/** The settings of recordings. */
export const RECORDING_KEYS = {
  mp3: {
    mono_kbps: kbps('mp3 recordings with one channel'),
    stereo_kbps: kbps('mp3 recordings with two channels'),
  },
  mp4: {
    mono_kbps: kbps('mp4 recordings with one channel'),
    stereo_kbps: kbps('mp4 recordings with two channels'),
  },
  mask_dtmf: key({
    schema: z.boolean('expected true or false'),
    kind: 'boolean',
    default: false,
    description: 'Whether keys that sound in what a party says are silenced in recordings of it.',
  }),
  consent_variable: key({
    schema: variableName,
    kind: 'text',
    default: undefined,
    description:
      'Variable of the script that must be true before a call may be recorded, tapped or streamed.',
  }),
  encryption: {
    key_file: key({
      schema: z.string().min(1, 'expected the path of a file'),
      kind: 'text',
      default: undefined,
      description: 'File with the key that new recordings are encrypted with.',
      path: true,
    }),
    key: key({
      schema: encryptionKey,
      kind: 'text',
      default: undefined,
      description: 'The key itself, in the place of a file.',
      secret: true,
    }),
    previous_key_files: key({
      schema: z
        .array(z.string().min(1, 'expected the path of a file'))
        .max(100, 'expected at most 100 files'),
      kind: 'list',
      default: [],
      description: 'Files with keys that older recordings were encrypted with.',
      path: true,
    }),
  },
  retention: {
    max_age_days: key({
      schema: wholeNumber(1, 36_500),
      kind: 'number',
      default: undefined,
      description: 'Recordings that ended so long ago are deleted.',
    }),
    max_count: key({
      schema: wholeNumber(1, 1_000_000_000),
      kind: 'number',
      default: undefined,
      description: 'Recordings that are kept; the oldest beyond them are deleted.',
    }),
    max_mb: key({
      schema: wholeNumber(1, 1_000_000_000),
      kind: 'number',
      default: undefined,
      description: 'Size of all recordings together, MB; the oldest are deleted until it holds.',
    }),
  },
  audit: {
    keep_days: key({
      schema: wholeNumber(0, 36_500),
      kind: 'number',
      default: 365,
      description: 'Days after which lines of the audit log are deleted; 0: never.',
    }),
  },
} as const;

function kbps(what: string): ConfigKey<number | undefined> {
  return key({
    schema: wholeNumber(8, 320),
    kind: 'number',
    default: undefined,
    description: `Bit rate of ${what}, kb/s; the nearest is taken that the format has at the rate of the call.`,
  });
}
