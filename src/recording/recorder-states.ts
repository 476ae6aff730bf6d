/**
 * The life of a recording (spec/record.md 3.2, 3.3, 3.6) as a pure table. Samples are counted outside
 * (recorder-limits.ts); what reaches this table is what changes the course of things.
 *
 * ```
 *            begin           speech
 *   armed ----------> waiting ----------> recording        (pause, resume: from and to each of the three)
 *     |  \               |                    |                         paused
 *     |   `--- begin, when nobody listens --->|                           |
 *     |                  |  initial_timeout   |  end_silence_timeout      |
 *     |  digit, stop     |  max_length        |  max_length               |  digit, stop, max_length
 *     `--------------.   |  digit, stop       |  digit, stop              |
 *                     v  v                    v                           |
 *                        finalising <-------------------------------------'
 *                             |  flushed          fail: from everywhere to finalising, with an error
 *                             v
 *                           ended
 * ```
 */
import type { EndCause, RecordOutcome } from './types.ts';

export type PauseBehavior = 'skip' | 'silence';

/** What is known of the end as soon as it is decided. */
export interface Ending {
  readonly state: RecordOutcome['state'];
  readonly endedBy: EndCause;
  /** When `endedBy` is `terminator`. */
  readonly terminator?: string;
  /** When `state` is `error`. */
  readonly error?: string;
}

/** The three phases in which a recording lives and can be paused. */
export type ActivePhase = 'armed' | 'waiting' | 'recording';

export type RecorderState =
  /** The beep sounds; nothing is kept yet. */
  | { readonly phase: 'armed' }
  /** Samples are kept, nobody has spoken. */
  | { readonly phase: 'waiting' }
  /** Samples are kept, and somebody has spoken or nobody listens for speech. */
  | { readonly phase: 'recording' }
  | { readonly phase: 'paused'; readonly behavior: PauseBehavior; readonly resumeTo: ActivePhase }
  /** The end is decided; what belongs to the file is still being written. */
  | { readonly phase: 'finalising'; readonly ending: Ending }
  | { readonly phase: 'ended'; readonly ending: Ending };

export type RecorderLimit = 'initial_timeout' | 'end_silence_timeout' | 'max_length';

export type RecorderInput =
  /** The beep is over, or there is none. */
  | { readonly type: 'begin' }
  | { readonly type: 'speech' }
  | { readonly type: 'limit'; readonly limit: RecorderLimit }
  | { readonly type: 'digit'; readonly digit: string }
  | { readonly type: 'stop'; readonly cause: EndCause }
  | { readonly type: 'pause'; readonly behavior: PauseBehavior }
  | { readonly type: 'resume' }
  | { readonly type: 'fail'; readonly error: string }
  /** The file is durable, or given up. */
  | { readonly type: 'flushed' };

/** What the driver does, in this order. */
export type RecorderEffect =
  | 'announce-start'
  /** Whatever was heard so far is kept, up to `max_length`, also what a silence in doubt might have cut. */
  | 'keep-all'
  | 'announce-pause'
  | 'announce-resume'
  /** Fix the last sample, and tell the owner that the end is decided. */
  | 'decide-end'
  /** Stop writing; leave what is there for repair. */
  | 'abandon-file'
  | 'announce-end';

/** The part of a specification that decides on transitions. */
export interface RecorderRules {
  readonly terminators: string;
  /** `initial_timeout` is on. */
  readonly awaitsSpeech: boolean;
  /** One of the silence timers is on, so somebody listens for speech. */
  readonly detectsSpeech: boolean;
}

export interface RecorderStep {
  readonly state: RecorderState;
  readonly effects: readonly RecorderEffect[];
}

const NO_EFFECTS: readonly RecorderEffect[] = [];

/** The transition for one input. Inputs that mean nothing in a state leave it as it is, without effects. */
export function stepRecorder(state: RecorderState, input: RecorderInput, rules: RecorderRules): RecorderStep {
  switch (state.phase) {
    case 'armed':
    case 'waiting':
    case 'recording':
      return stepActive(state.phase, input, rules) ?? stay(state);
    case 'paused':
      return stepPaused(state, input, rules) ?? stay(state);
    case 'finalising':
      if (input.type === 'flushed') return to({ phase: 'ended', ending: state.ending }, 'announce-end');
      // What fails behind a failure comes of that: the file is given up, and says no more than that it is closed.
      if (input.type === 'fail' && state.ending.state !== 'error') {
        return to({ phase: 'finalising', ending: failure(input.error) }, 'abandon-file');
      }
      return stay(state);
    case 'ended':
      return stay(state);
  }
}

function stepActive(
  phase: ActivePhase,
  input: RecorderInput,
  rules: RecorderRules,
): RecorderStep | undefined {
  switch (input.type) {
    case 'begin':
      return phase === 'armed' ? to({ phase: begun(rules) }, 'announce-start') : undefined;
    case 'speech':
      return phase === 'waiting' ? to({ phase: 'recording' }) : undefined;
    case 'limit': {
      const ending = endingByLimit(phase, input.limit, rules);
      return ending && end(ending);
    }
    case 'pause':
      return to({ phase: 'paused', behavior: input.behavior, resumeTo: phase }, 'keep-all', 'announce-pause');
    case 'resume':
    case 'flushed':
      return undefined;
    default:
      return endOnDemand(input, rules);
  }
}

function stepPaused(
  state: Extract<RecorderState, { phase: 'paused' }>,
  input: RecorderInput,
  rules: RecorderRules,
): RecorderStep | undefined {
  switch (input.type) {
    case 'begin':
      return state.resumeTo === 'armed'
        ? to({ ...state, resumeTo: begun(rules) }, 'announce-start')
        : undefined;
    case 'resume':
      return to({ phase: state.resumeTo }, 'announce-resume');
    case 'limit':
      // The silence written during a pause has filled the file.
      return input.limit === 'max_length' ? end({ state: 'finished', endedBy: 'max_length' }) : undefined;
    case 'speech':
    case 'pause':
    case 'flushed':
      return undefined;
    default:
      return endOnDemand(input, rules);
  }
}

/** Ends that come from outside, the same in every living state. */
function endOnDemand(
  input: Extract<RecorderInput, { type: 'digit' | 'stop' | 'fail' }>,
  rules: RecorderRules,
): RecorderStep | undefined {
  switch (input.type) {
    case 'digit':
      if (input.digit === '' || !rules.terminators.includes(input.digit)) return undefined;
      return end({ state: 'finished', endedBy: 'terminator', terminator: input.digit });
    case 'stop':
      return end({ state: 'finished', endedBy: input.cause });
    case 'fail':
      return to({ phase: 'finalising', ending: failure(input.error) }, 'abandon-file', 'decide-end');
  }
}

function endingByLimit(phase: ActivePhase, limit: RecorderLimit, rules: RecorderRules): Ending | undefined {
  switch (limit) {
    case 'initial_timeout':
      return phase === 'waiting' ? { state: 'no_input', endedBy: 'no_speech' } : undefined;
    case 'end_silence_timeout':
      return phase === 'recording' ? { state: 'finished', endedBy: 'silence' } : undefined;
    case 'max_length':
      if (phase === 'armed') return undefined;
      // spec/record.md 2.1: `max_length` before anybody spoke is no input, if input was asked for.
      return {
        state: phase === 'waiting' && rules.awaitsSpeech ? 'no_input' : 'finished',
        endedBy: 'max_length',
      };
  }
}

function begun(rules: RecorderRules): ActivePhase {
  return rules.detectsSpeech ? 'waiting' : 'recording';
}

function failure(error: string): Ending {
  return { state: 'error', endedBy: 'error', error };
}

function end(ending: Ending): RecorderStep {
  return to({ phase: 'finalising', ending }, 'decide-end');
}

function to(state: RecorderState, ...effects: RecorderEffect[]): RecorderStep {
  return { state, effects };
}

function stay(state: RecorderState): RecorderStep {
  return { state, effects: NO_EFFECTS };
}
