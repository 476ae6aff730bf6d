/**
 * Whom `connect` calls when, and who wins: a pure state machine (spec/call-control.md 3.1, 3.4). Groups are
 * called one after the other, the calls of a group at once. Each call goes through these states:
 *
 *     state        start         answered                confirmed               lost(reason)
 *     waiting      dialling ¹
 *     dialling                   confirming: confirm                             over ²
 *     confirming                                         won: bridge, cancel ³   over ²
 *     over, won
 *
 * ¹ `dial`, when the turn of its group comes. ² The last of its group: the next group is dialled, and without
 * one everything has failed with this reason. ³ All others that are dialling or confirming are over.
 */

export type FailedReason = 'no_answer' | 'busy' | 'decline' | 'cancel' | 'not_found' | 'error';

export type StrategyCallState = 'waiting' | 'dialling' | 'confirming' | 'over' | 'won';

export interface StrategyState {
  /** Numbers of calls. */
  readonly groups: readonly (readonly number[])[];
  /** The one that is called; −1 before the start. */
  readonly group: number;
  /** By number of the call. */
  readonly calls: readonly StrategyCallState[];
}

export type StrategyInput =
  | { readonly kind: 'start' }
  | { readonly kind: 'answered'; readonly call: number }
  | { readonly kind: 'confirmed'; readonly call: number }
  | { readonly kind: 'lost'; readonly call: number; readonly reason: FailedReason };

export type StrategyEffect =
  | { readonly kind: 'dial' | 'confirm' | 'bridge' | 'cancel'; readonly call: number }
  | { readonly kind: 'fail'; readonly reason: FailedReason };

export interface StrategyStep {
  readonly state: StrategyState;
  readonly effects: readonly StrategyEffect[];
}

export function strategyOf(groups: readonly (readonly number[])[]): StrategyState {
  return { groups, group: -1, calls: groups.flat().map(() => 'waiting') };
}

/** An input that means nothing in the present state changes nothing. */
export function step(state: StrategyState, input: StrategyInput): StrategyStep {
  // Nobody to call at all.
  if (input.kind === 'start') return state.group < 0 ? nextGroup(state, 'error') : { state, effects: [] };
  const { call } = input;
  const present = state.calls[call];
  if (input.kind === 'answered' && present === 'dialling') {
    return { state: withCall(state, call, 'confirming'), effects: [{ kind: 'confirm', call }] };
  }
  if (input.kind === 'confirmed' && present === 'confirming') return won(state, call);
  if (input.kind === 'lost' && isLive(present)) {
    const after = withCall(state, call, 'over');
    return after.calls.some(isLive) ? { state: after, effects: [] } : nextGroup(after, input.reason);
  }
  return { state, effects: [] };
}

function won(state: StrategyState, winner: number): StrategyStep {
  const losers = [...state.calls.keys()].filter((call) => call !== winner && isLive(state.calls[call]));
  const calls = state.calls.map((present, call) =>
    call === winner ? 'won' : isLive(present) ? 'over' : present,
  );
  return {
    state: { ...state, calls },
    effects: [...losers.map((call) => ({ kind: 'cancel', call }) as const), { kind: 'bridge', call: winner }],
  };
}

/** @param reason of the whole when no group is left */
function nextGroup(state: StrategyState, reason: FailedReason): StrategyStep {
  for (let group = state.group + 1; group < state.groups.length; group++) {
    const members = state.groups[group]!;
    if (members.length === 0) continue;
    const calls = state.calls.map((present, call) => (members.includes(call) ? 'dialling' : present));
    return { state: { ...state, group, calls }, effects: members.map((call) => ({ kind: 'dial', call })) };
  }
  return { state: { ...state, group: state.groups.length }, effects: [{ kind: 'fail', reason }] };
}

function isLive(state: StrategyCallState | undefined): boolean {
  return state === 'dialling' || state === 'confirming';
}

function withCall(state: StrategyState, call: number, to: StrategyCallState): StrategyState {
  return { ...state, calls: state.calls.with(call, to) };
}
