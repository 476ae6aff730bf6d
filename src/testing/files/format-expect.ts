/** The part of a test file that says what is expected. */
import { readRange } from '../partial.ts';
import * as s from '../../swml/schema.ts';
import { TONE } from './format-sound.ts';

const RANGE = 'a range such as `1.5..2` or `> 1`';

/** A number that is met within a tolerance, or a range. */
const measure = (description: string, unit: string) =>
  s.union(
    [
      s.number({ description, literal: true }),
      s.string({
        description: 'A range.',
        literal: true,
        allowed: RANGE,
        check: (text) => (readRange(text) === undefined ? RANGE : undefined),
      }),
    ],
    { description, unit },
  );

const partial = (description: string) =>
  s.record(s.any({ description: 'Any value.', literal: true }), { description, literal: true });

const texts = (description: string) =>
  s.array(s.string({ description: 'A text, or `/a regular expression/`.', literal: true }), {
    description,
    literal: true,
  });

const audio = {
  level: measure('RMS level; a number is met within 1 dB.', 'dBFS'),
  tone: TONE,
  no_tone: TONE,
  speech: s.union(
    [
      s.boolean({ description: 'Whether there is any.', literal: true }),
      s.number({ description: 'How much, within 0.15 s.', literal: true }),
      s.string({
        description: 'A range.',
        literal: true,
        allowed: RANGE,
        check: (text) => (readRange(text) === undefined ? RANGE : undefined),
      }),
    ],
    { description: 'Speech in it, seconds.' },
  ),
} as const;

const channel = (description: string) => s.object(audio, { description, literal: true });

const RECORDING = s.object(
  {
    status: s.string({
      description: 'What became of it.',
      enum: ['in-progress', 'paused', 'completed', 'absent', 'failed'],
      literal: true,
    }),
    format: s.string({ description: 'Format.', enum: ['wav', 'mp3', 'mp4'], literal: true }),
    direction: s.string({
      description: 'Side that was recorded.',
      enum: ['speak', 'listen', 'both'],
      literal: true,
    }),
    channels: s.integer({ description: 'Channels of the file.', min: 0, max: 2, literal: true }),
    sample_rate: s.integer({ description: 'Sample rate of the file, Hz.', min: 0, literal: true }),
    seconds: measure('Length; a number is met within 20 ms.', 's'),
    ended_by: s.string({ description: 'Why it ended.', literal: true, minLength: 1 }),
    terminator: s.string({ description: 'The key that ended it.', literal: true }),
    control_id: s.string({ description: 'Its control id.', literal: true }),
    error: s.string({ description: 'What failed.', literal: true }),
    ...audio,
    left: channel('What the party said: the first channel.'),
    right: channel('What the party heard: the second channel.'),
  },
  { description: 'A recording.', literal: true },
);

const STEP = s.union(
  [
    s.string({ description: 'The method.', literal: true, minLength: 1 }),
    partial('`method`, `section`, `index`, `line`, `outcome`, `startedAt`, `lasted` of the step.'),
  ],
  { description: 'A step.' },
);

const callbacks = (description: string) =>
  s.array(
    partial(
      'What the callback holds at least; `url`, `method`, `headers` and `attempt` beside the envelope.',
    ),
    {
      description,
      literal: true,
    },
  );

const PROBLEM = s.union(
  [
    s.string({ description: 'Its code.', literal: true, minLength: 1 }),
    partial('`code`, `severity`, `line`, `column`, `path`, `message`, `suggestion` of it.'),
  ],
  { description: 'A finding.' },
);

export const EXPECTATIONS = s.object(
  {
    end: s.object(
      {
        by: s.string({ description: 'Who ended it.', enum: ['caller', 'document'], literal: true }),
        reason: s.string({ description: 'Why, e.g. `hangup`, `busy`, `cancel`.', literal: true }),
      },
      { description: 'How the call ended.', literal: true },
    ),
    answered: s.boolean({ description: 'Whether the call was answered.', literal: true }),
    seconds: measure('From the beginning of the call to its end; a number is met within 50 ms.', 's'),
    steps: s.array(STEP, {
      description:
        'All steps that ran on the caller’s call, in order (not those of `confirm`): methods, or objects with `method`, `section`, `index`, `line`, `outcome`, `startedAt`, `lasted`.',
      literal: true,
    }),
    steps_include: s.array(STEP, {
      description: 'Steps that ran in this order, among others.',
      literal: true,
    }),
    vars: partial('Values of variables at the end.'),
    unset: s.array(s.string({ description: 'A variable.', literal: true }), {
      description: 'Variables that are not set at the end.',
      literal: true,
    }),
    spoken: texts('All texts that were spoken to the caller, in order.'),
    transcript: s.string({
      description: 'All that the caller heard said, as far as it sounded; a text, or `/an expression/`.',
      literal: true,
    }),
    played: texts('URLs of all files that were played to the caller, in order.'),
    heard: channel('What is in all that the caller heard.'),
    keys_sent: s.string({ description: 'Keys that were sent to the caller.', literal: true }),
    recordings: s.array(RECORDING, {
      description:
        'All recordings of the caller’s call, in order (not those of `confirm`). Of a file with two channels, `level`, `tone`, `no_tone` and `speech` are those of both, mixed.',
      literal: true,
    }),
    callbacks: callbacks(
      'All callbacks, in order of arrival: what each holds at least, `url`, `method`, `headers` (names in lower case) and `attempt` beside the envelope.',
    ),
    callbacks_include: callbacks('Callbacks that arrived in this order, among others.'),
    requests: s.array(partial('`method`, `url`, `headers`, `json` or `body` of the request.'), {
      description:
        'All requests for `request`, documents and sounds, in order: `method`, `url`, `headers` (names in lower case), `json` or `body` of each.',
      literal: true,
    }),
    error: s.string({
      description:
        'Code of the error that ended the script, or for which the document was refused; without it, there may be none.',
      literal: true,
      minLength: 1,
    }),
    problems: s.array(PROBLEM, {
      description:
        'All that is found in the document before it runs, in order, errors and warnings: codes, or objects with `code`, `severity`, `line`, `column`, `path`, `message`, `expected`, `found`, `suggestion`.',
      literal: true,
    }),
    user_events: s.array(s.any({ description: 'An object.', literal: true }), {
      description: 'What `user_event` sent to the client of the call, in order.',
      literal: true,
    }),
    warnings: s.array(s.string({ description: 'A code.', literal: true }), {
      description: 'Codes of all warnings, in order.',
      literal: true,
    }),
  },
  { description: 'What is expected; what is not named may be anything.', literal: true },
);

export type Expectations = s.Infer<typeof EXPECTATIONS>;
export type RecordingExpectation = s.Infer<typeof RECORDING>;
export type AudioExpectation = s.InferObject<typeof audio>;
