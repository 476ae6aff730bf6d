/**
 * What a prompt does with keys, speech and time, as a table (spec/media.md 4.3): phases × inputs → effects.
 * Pure: sounds, timers and recognition belong to whoever carries out the effects (collect-input.ts).
 */

/**
 * `playing`: the sounds are on, nothing has come yet; `waiting`: they are over, nothing has come yet;
 * `keying`: at least one key was pressed; `speaking`: speech is heard or being recognised.
 */
export const PHASES = ['playing', 'waiting', 'keying', 'speaking', 'done'] as const;
export type Phase = (typeof PHASES)[number];

export const INPUTS = [
  /** A key, behind which more may come. */
  'key',
  /** The key that makes the number complete. */
  'lastKey',
  'terminator',
  /** The sounds are over, or were stopped. */
  'played',
  'playFailed',
  'initialTimeout',
  'digitTimeout',
  'speechTimeout',
  'speechStart',
  'recognised',
  'notRecognised',
  /** Recognition failed, and there is nothing else that could come. */
  'speechFailed',
  /** Recognition failed, but keys are collected as well. */
  'speechLost',
  /** The call is over, or the script was taken away. */
  'ended',
] as const;
export type Input = (typeof INPUTS)[number];

export type TimerName = 'initial' | 'digit' | 'speech';

/** How it ended; `ended` from outside. */
export type Conclusion =
  | 'digits'
  | 'speech'
  | 'noInput'
  | 'noMatch'
  | 'playFailed'
  | 'speechFailed'
  | 'ended';

export type Effect =
  | { readonly type: 'addKey' }
  /** The first input has begun. */
  | { readonly type: 'announce' }
  | { readonly type: 'stopPlay' }
  /** Starts anew if it runs. */
  | { readonly type: 'start'; readonly timer: TimerName }
  | { readonly type: 'stop'; readonly timer: TimerName }
  /** Stops to listen, and drops what was heard. */
  | { readonly type: 'dropSpeech' }
  /** What was heard up to now is the utterance. */
  | { readonly type: 'cutSpeech' }
  /** Stops all that still goes on. */
  | { readonly type: 'conclude'; readonly with: Conclusion };

export interface Transition {
  readonly phase: Phase;
  readonly effects: readonly Effect[];
}

const addKey: Effect = { type: 'addKey' };
const announce: Effect = { type: 'announce' };
const stopPlay: Effect = { type: 'stopPlay' };
const dropSpeech: Effect = { type: 'dropSpeech' };
const cutSpeech: Effect = { type: 'cutSpeech' };
const start = (timer: TimerName): Effect => ({ type: 'start', timer });
const stop = (timer: TimerName): Effect => ({ type: 'stop', timer });

function to(phase: Phase, ...effects: readonly Effect[]): Transition {
  return { phase, effects };
}

function done(conclusion: Conclusion, ...before: readonly Effect[]): Transition {
  return { phase: 'done', effects: [...before, { type: 'conclude', with: conclusion }] };
}

/** Nothing changes. */
const ignore = undefined;

const TABLE: Readonly<Record<Phase, Readonly<Record<Input, Transition | undefined>>>> = {
  playing: {
    key: to('keying', stopPlay, dropSpeech, addKey, announce, start('digit')),
    lastKey: done('digits', addKey, announce),
    terminator: done('digits', announce),
    played: to('waiting', start('initial'), start('speech')),
    playFailed: done('playFailed'),
    initialTimeout: ignore,
    digitTimeout: ignore,
    speechTimeout: ignore,
    speechStart: to('speaking', stopPlay, announce, start('speech')),
    recognised: done('speech', announce),
    notRecognised: done('noMatch', announce),
    speechFailed: done('speechFailed'),
    speechLost: to('playing'),
    ended: done('ended'),
  },
  waiting: {
    key: to('keying', stop('initial'), stop('speech'), dropSpeech, addKey, announce, start('digit')),
    lastKey: done('digits', addKey, announce),
    terminator: done('digits', announce),
    played: ignore,
    playFailed: ignore,
    initialTimeout: done('noInput'),
    digitTimeout: ignore,
    speechTimeout: done('noInput'),
    speechStart: to('speaking', stop('initial'), announce),
    recognised: done('speech', announce),
    notRecognised: done('noMatch', announce),
    speechFailed: done('speechFailed'),
    speechLost: to('waiting', stop('speech')),
    ended: done('ended'),
  },
  keying: {
    key: to('keying', addKey, start('digit')),
    lastKey: done('digits', addKey),
    terminator: done('digits'),
    played: ignore,
    playFailed: ignore,
    initialTimeout: ignore,
    digitTimeout: done('digits'),
    speechTimeout: ignore,
    // The first key has disarmed speech.
    speechStart: ignore,
    recognised: ignore,
    notRecognised: ignore,
    speechFailed: ignore,
    speechLost: ignore,
    ended: done('ended'),
  },
  speaking: {
    key: to('keying', stop('speech'), dropSpeech, addKey, start('digit')),
    lastKey: done('digits', addKey),
    terminator: done('digits'),
    played: ignore,
    playFailed: ignore,
    initialTimeout: ignore,
    digitTimeout: ignore,
    speechTimeout: to('speaking', cutSpeech),
    speechStart: ignore,
    recognised: done('speech'),
    notRecognised: done('noMatch'),
    speechFailed: done('speechFailed'),
    // Whoever was not understood may still press keys.
    speechLost: to('waiting', stop('speech'), start('initial')),
    ended: done('ended'),
  },
  done: {
    key: ignore,
    lastKey: ignore,
    terminator: ignore,
    played: ignore,
    playFailed: ignore,
    initialTimeout: ignore,
    digitTimeout: ignore,
    speechTimeout: ignore,
    speechStart: ignore,
    recognised: ignore,
    notRecognised: ignore,
    speechFailed: ignore,
    speechLost: ignore,
    ended: ignore,
  },
};

export function step(phase: Phase, input: Input): Transition {
  return TABLE[phase][input] ?? { phase, effects: [] };
}
