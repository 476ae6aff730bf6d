/** The part of a test file that says what the caller does. */
import { isObject, type JsonValue } from '../../swml/json.ts';
import * as s from '../../swml/schema.ts';
import { looksLikeExpression, readExpression } from '../partial.ts';
import { lineNoise, NETWORK, WEB } from './format-call.ts';
import { COMMAND_NAMES } from '../operator.ts';
import { SOUND, TONE } from './format-sound.ts';

function isFalse(value: JsonValue | undefined): boolean {
  return value === false || value === 'false';
}

const within = s.number({
  description: 'Longest wait.',
  default: 60,
  min: 0,
  max: 604_800,
  unit: 's',
  literal: true,
});

const text = (description: string) => s.string({ description, literal: true, minLength: 1 });

const words = s.string({
  description: 'Words, in any case, or `/a regular expression/`.',
  literal: true,
  minLength: 1,
  check: (value) =>
    looksLikeExpression(value) && readExpression(value) === undefined
      ? 'a regular expression that can be read, with the flags i, m, s or u'
      : undefined,
});

const HEARS = s.union(
  [
    words,
    s.object(
      {
        words,
        beep: s.boolean({ description: 'A lone steady tone, to its end; not `false`.', literal: true }),
        tone: TONE,
        silence: s.number({
          description: 'Nothing, for so long.',
          min: 0,
          max: 86_400,
          unit: 's',
          literal: true,
        }),
        file: text('A file, by its URL: waits for its beginning.'),
        lasting: s.number({
          description: 'A tone has lasted so long; default: to its end.',
          min: 0,
          max: 3600,
          unit: 's',
          literal: true,
        }),
        within,
      },
      {
        description: 'What to wait for.',
        literal: true,
        refine: (hears) => {
          if (!isObject(hears)) return undefined;
          if (isFalse(hears['beep'])) {
            return {
              fault: 'invalidParameter',
              message: '"beep: false" is nothing that can be waited for',
              at: ['beep'],
              expected: '`beep: true`, or `silence` for a time in which nothing is heard',
            };
          }
          if (hears['lasting'] === undefined || hears['tone'] !== undefined) return undefined;
          return {
            fault: 'conflict',
            message: '"lasting" belongs to a tone',
            at: ['lasting'],
            expected: 'a tone beside it',
          };
        },
        jsonSchema: { not: { properties: { beep: { enum: [false, 'false'] } }, required: ['beep'] } },
        exclusive: [{ names: ['words', 'beep', 'tone', 'silence', 'file'] }],
      },
    ),
  ],
  { description: 'Waits until something has been heard.' },
);

const SAYS = s.union(
  [
    text('What is said.'),
    s.object(
      {
        text: s.string({ description: 'What is said.', required: true, literal: true, minLength: 1 }),
        voice: text('Voice, `engine.voice`.'),
        language: text('Language, e.g. `en-GB`.'),
        gender: s.string({
          description: 'Gender of the voice.',
          enum: ['male', 'female'],
          default: 'male',
          literal: true,
        }),
      },
      { description: 'What is said, and how.', literal: true },
    ),
  ],
  { description: 'Speaks.' },
);

const keys = <const R extends boolean>(required: R) =>
  s.string({
    description: 'Keys, one behind the other; `w` and `W` are pauses of 0.5 and 1 s.',
    required,
    literal: true,
    pattern: /^[0-9A-Da-d*#wW]+$/,
    allowed: 'keys 0-9, A-D, * and #, and w or W for pauses',
  });

const PRESSES = s.union(
  [
    keys(false),
    s.object(
      {
        keys: keys(true),
        by: s.string({
          description:
            'How they travel: as events, as tones in the audio (which are keys only on a call without events), or by SIP INFO. Default: as `call.keys` says.',
          enum: ['rfc4733', 'inband', 'info'],
          literal: true,
        }),
      },
      { description: 'Keys, and how they travel.', literal: true },
    ),
  ],
  { description: 'Presses keys, one behind the other; `w` and `W` are pauses of 0.5 and 1 s.' },
);

const COMMAND = s.object(
  {
    name: s.string({ description: 'The command.', required: true, enum: COMMAND_NAMES, literal: true }),
    control_id: s.string({
      description: 'Of the recording or the sound; default: of the one that was told last by callback.',
      literal: true,
    }),
    behavior: s.string({
      description: 'Of `calling.record.pause`: leaves the paused time out, or writes silence for it.',
      enum: ['skip', 'silence'],
      default: 'skip',
      literal: true,
    }),
    volume: s.number({
      description: 'Of `calling.play.volume`.',
      default: 0,
      min: -40,
      max: 40,
      unit: 'dB',
      literal: true,
    }),
  },
  {
    description:
      'Somebody sends a command of the HTTP API, for what is recorded or plays on the caller’s call.',
    literal: true,
  },
);

const simpleActions = {
  hears: HEARS,
  says: SAYS,
  plays: text('Plays an audio file, relative to the test file.'),
  waits: s.number({
    description: 'Is silent for so long.',
    min: 0,
    max: 86_400,
    unit: 's',
    literal: true,
  }),
  makes_noise: s.object(
    {
      level: s.number({
        description: 'Level.',
        required: true,
        min: -127,
        max: 0,
        unit: 'dBFS',
        literal: true,
      }),
      seconds: s.number({
        description: 'Length.',
        required: true,
        min: 0,
        max: 3600,
        unit: 's',
        literal: true,
      }),
    },
    { description: 'Makes white noise.', literal: true },
  ),
  makes: SOUND,
  presses: PRESSES,
  hangs_up: s.any({
    description:
      'Ends the call, or gives up before it is answered; whoever is called declines it then. Not `false`.',
    literal: true,
  }),
  line_noise: lineNoise,
  network: NETWORK,
  web: WEB,
  command: COMMAND,
  receives: s.record(s.any({ description: 'Part of the callback.', literal: true }), {
    description:
      'Waits, for 60 s at most, for a callback that holds this at least, `url`, `method`, `headers` (names in lower case) and `attempt` beside the envelope; each is taken once.',
    literal: true,
  }),
} as const;

/** What the caller can do. */
export type CallerAction =
  | 'hangs_up'
  | (s.InferObject<typeof simpleActions> & {
      readonly together?: readonly (readonly CallerAction[])[];
    });

/** All actions by name. */
export const actionProperties = {
  ...simpleActions,
  together: s.array(
    s.array(
      s.named('callerAction', (): s.Schema<CallerAction> => CALLER_ACTIONS, { description: 'An action.' }),
      { description: 'Actions, one behind the other.', literal: true },
    ),
    { description: 'Lists of actions that run side by side; goes on when all are done.', literal: true },
  ),
} as const;

const ACTION = s.object(actionProperties, {
  description: 'An action.',
  literal: true,
  refine: (action) =>
    isObject(action) && isFalse(action['hangs_up'])
      ? {
          fault: 'invalidParameter',
          message: '"hangs_up: false" is nothing that the caller could do',
          at: ['hangs_up'],
          expected: '`hangs_up`, or no such action',
        }
      : undefined,
  jsonSchema: { not: { properties: { hangs_up: { enum: [false, 'false'] } }, required: ['hangs_up'] } },
  exclusive: [{ names: Object.keys(actionProperties) }],
});

export const CALLER_ACTIONS: s.Schema<CallerAction> = s.union(
  [ACTION, s.string({ description: 'Hangs up.', enum: ['hangs_up'], literal: true })],
  { description: 'An action.' },
) as s.Schema<CallerAction>;
