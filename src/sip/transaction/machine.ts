import type { TimerName } from '../timers.ts';

/** What a transaction's driver must do after a step, in order. */
export type Effect =
  /** Transmit the stored message (the request of a client, the last response of a server). */
  | { readonly do: 'send' }
  /** Transmit a 100 that the transaction makes itself. */
  | { readonly do: 'sendTrying' }
  /** Acknowledge the final response ≥ 300 that is the input (RFC 3261 17.1.1.3). */
  | { readonly do: 'acknowledge' }
  /** Hand the message that is the input to the transaction user. */
  | { readonly do: 'deliver' }
  /** Tell the transaction user that no message came in time, or that one could not be sent. */
  | { readonly do: 'report'; readonly failure: 'timeout' | 'transport' }
  /** Start with the duration of the table of timers; one of 0 ms fires at once. */
  | { readonly do: 'start'; readonly timer: TimerName }
  /** Start again with twice the previous interval; timers E and G go no further than T2. */
  | { readonly do: 'backOff'; readonly timer: 'A' | 'E' | 'G' }
  /** Start again with T2. */
  | { readonly do: 'slowDown'; readonly timer: 'E' }
  | { readonly do: 'stop'; readonly timer: TimerName };

export interface Step<State extends string> {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** Every state × input pair; {@link ignore} where nothing happens. */
export type Table<State extends string, Input extends string> = Readonly<
  Record<State, Readonly<Record<Input, Step<State> | null>>>
>;

/** An input that changes nothing and has no effect in this state. */
export const ignore = null;

export const send: Effect = { do: 'send' };
export const sendTrying: Effect = { do: 'sendTrying' };
export const acknowledge: Effect = { do: 'acknowledge' };
export const deliver: Effect = { do: 'deliver' };

const NO_EFFECTS: readonly Effect[] = [];

export function start(timer: TimerName): Effect {
  return { do: 'start', timer };
}

export function stop(timer: TimerName): Effect {
  return { do: 'stop', timer };
}

export function backOff(timer: 'A' | 'E' | 'G'): Effect {
  return { do: 'backOff', timer };
}

export function slowDown(timer: 'E'): Effect {
  return { do: 'slowDown', timer };
}

export function report(failure: 'timeout' | 'transport'): Effect {
  return { do: 'report', failure };
}

/** A row of a table: the next state and what to do on the way. */
export function to<State extends string>(state: State, ...effects: Effect[]): Step<State> {
  return { state, effects };
}

/** Looks up one transition; pure. */
export function step<State extends string, Input extends string>(
  table: Table<State, Input>,
  state: State,
  input: Input,
): Step<State> {
  return table[state]?.[input] ?? { state, effects: NO_EFFECTS };
}
