/** What `record` and `record_call` have in common (spec/record.md 2.1); their defaults differ. */
import type { RecordOptions } from '../call/leg.ts';
import * as s from '../swml/schema.ts';
import { statusUrl } from './common-params.ts';

/** What differs between the entry points (spec/record.md 2.1, 8 #11). */
export interface RecordingDefaults {
  readonly format: 'wav' | 'mp3';
  readonly terminators: string;
  /** Seconds; 0 is off. */
  readonly initialTimeout: number;
  readonly endSilenceTimeout: number;
}

export const RECORDING_DEFAULTS = {
  record: { format: 'wav', terminators: '#', initialTimeout: 4, endSilenceTimeout: 5 },
  record_call: { format: 'wav', terminators: '', initialTimeout: 0, endSilenceTimeout: 0 },
  'calling.record': { format: 'mp3', terminators: '#', initialTimeout: 4, endSilenceTimeout: 0.5 },
} as const satisfies Readonly<Record<string, RecordingDefaults>>;

export function recordingProperties(defaults: RecordingDefaults) {
  return {
    stereo: s.boolean({
      description: 'Two channels: left what the party says, right what it hears.',
      default: false,
    }),
    format: s.string({
      description: 'Format of the file.',
      enum: ['wav', 'mp3', 'mp4'],
      default: defaults.format,
    }),
    terminators: s.string({
      description: 'Keys of the recorded party, any of which ends the recording; empty for none.',
      default: defaults.terminators,
      pattern: /^[0-9A-Da-d*#]*$/,
      allowed: 'digits 0-9, A-D, * and #',
      examples: ['#', '*#'],
    }),
    beep: s.boolean({
      description: 'Plays a tone before the recording starts; it is not in the file.',
      default: false,
    }),
    input_sensitivity: s.number({
      description: 'How quiet speech may be to be heard; higher hears quieter speech.',
      default: 44,
      min: 0,
      max: 100,
    }),
    initial_timeout: s.number({
      description: 'Longest wait for the first speech; 0 is off.',
      default: defaults.initialTimeout,
      min: 0,
      unit: 's',
    }),
    end_silence_timeout: s.number({
      description: 'Silence after speech that ends the recording; 0 is off.',
      default: defaults.endSilenceTimeout,
      min: 0,
      unit: 's',
    }),
    max_length: s.number({
      description: 'Longest recording; 0 is no limit but that of the server.',
      default: 0,
      min: 0,
      unit: 's',
    }),
  } as const;
}

export const RECORDING_STATUS_URL = statusUrl('calling.call.record');

export function direction<const V extends string, const X extends string>(
  values: readonly V[],
  extended: readonly X[],
  initial: V,
): s.Schema<V | X, 'defaulted', V | X | s.Placeholder> {
  return s.string({
    description: 'Which side is recorded: `speak` what the party says, `listen` what it hears.',
    enum: values,
    extended,
    default: initial,
  }) as s.Schema<V | X, 'defaulted', V | X | s.Placeholder>;
}

type RecordingParams = s.InferObject<ReturnType<typeof recordingProperties>> & {
  readonly direction: RecordOptions['direction'];
  readonly status_url?: string | undefined;
};

export function recordOptions(params: RecordingParams, controlId: string): RecordOptions {
  return {
    controlId,
    format: params.format,
    direction: params.direction,
    stereo: params.stereo,
    beep: params.beep,
    terminators: params.terminators.toUpperCase(),
    inputSensitivity: params.input_sensitivity,
    initialTimeout: params.initial_timeout,
    endSilenceTimeout: params.end_silence_timeout,
    maxLength: params.max_length,
    statusUrl: params.status_url,
  };
}
