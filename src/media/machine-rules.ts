/** Who answered: the decisions of `detect_machine` (spec/media.md 9.4) as a pure table over frames. */

/** Thresholds, ms, but for the words. 0 turns a threshold of voice or words off. */
export interface MachineRules {
  readonly initialTimeoutMs: number;
  readonly endSilenceTimeoutMs: number;
  readonly machineReadyTimeoutMs: number;
  readonly machineVoiceMs: number;
  readonly machineWords: number;
  /** After a machine was found, go on until its beep or the end of its greeting. */
  readonly detectMessageEnd: boolean;
  readonly timeoutMs: number;
}

export type MachineOutcome = 'HUMAN' | 'MACHINE' | 'UNKNOWN';
/** The greeting is over: a message may begin. */
export type MachineMarker = 'READY';

export type MachineState =
  /** Nobody has spoken yet. */
  | { readonly phase: 'waiting' }
  /** Somebody speaks, or has only just stopped. */
  | { readonly phase: 'utterance' }
  /** A machine, whose greeting goes on. */
  | { readonly phase: 'greeting' }
  | { readonly phase: 'ended'; readonly outcome: MachineOutcome };

/** What is known at the end of a frame. */
export interface MachineFrame {
  /** Since the detection began, ms. */
  readonly atMs: number;
  readonly speaking: boolean;
  /** Voice without a pause up to now, and words, of the present utterance; words also of before its pauses. */
  readonly voiceMs: number;
  readonly words: number;
  /** Since the last voice, ms; 0 while somebody speaks, or a tone sounds that may be a beep. */
  readonly silenceMs: number;
  /** A tone sounds that may be a beep. */
  readonly tone: boolean;
  /** A tone of a machine has just ended. */
  readonly beep: boolean;
}

export interface MachineStep {
  readonly state: MachineState;
  readonly events: readonly (MachineOutcome | MachineMarker)[];
}

type Transition = (frame: MachineFrame, rules: MachineRules) => MachineStep | undefined;

const stay = (state: MachineState): MachineStep => ({ state, events: [] });
const end = (outcome: MachineOutcome, events: MachineStep['events'] = [outcome]): MachineStep => ({
  state: { phase: 'ended', outcome },
  events,
});

/** Each state's row; undefined: nothing happens. */
const TABLE: Readonly<Record<MachineState['phase'], Transition>> = {
  waiting: (frame, rules) => {
    if (frame.speaking) return stay({ phase: 'utterance' });
    // A tone before any voice is that of a machine without a greeting.
    if (frame.beep) return found(rules, true);
    return frame.atMs >= rules.initialTimeoutMs && !frame.tone ? end('UNKNOWN') : undefined;
  },
  utterance: (frame, rules) => {
    const long = rules.machineVoiceMs > 0 && frame.voiceMs >= rules.machineVoiceMs;
    const wordy = rules.machineWords > 0 && frame.words >= rules.machineWords;
    if (frame.beep) return found(rules, true);
    if (long || wordy) return found(rules, false);
    return frame.silenceMs >= rules.endSilenceTimeoutMs && !frame.speaking ? end('HUMAN') : undefined;
  },
  greeting: (frame, rules) => {
    if (frame.beep) return end('MACHINE', []);
    if (frame.speaking || frame.silenceMs < rules.machineReadyTimeoutMs) return undefined;
    return end('MACHINE', ['READY']);
  },
  ended: () => undefined,
};

/** A machine: that is all, or its greeting is waited for. */
function found(rules: MachineRules, beep: boolean): MachineStep {
  if (!rules.detectMessageEnd || beep) return end('MACHINE');
  return { state: { phase: 'greeting' }, events: ['MACHINE'] };
}

export function stepMachine(state: MachineState, frame: MachineFrame, rules: MachineRules): MachineStep {
  const step = TABLE[state.phase](frame, rules);
  if (step !== undefined) return step;
  if (state.phase === 'ended' || frame.atMs < rules.timeoutMs) return stay(state);
  // Out of time: what was found last is the outcome.
  return state.phase === 'greeting' ? end('MACHINE', []) : end('UNKNOWN');
}
