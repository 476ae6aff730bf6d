import { backOff, deliver, ignore, report, send, slowDown, start, stop, type Table, to } from './machine.ts';

/** RFC 3261 17.1.2.2; `idle` is the instant before the first send. */
export type NonInviteClientState = 'idle' | 'trying' | 'proceeding' | 'completed' | 'terminated';

/** `final`: a response from 200 to 699. */
export type NonInviteClientInput =
  | 'start'
  | 'provisional'
  | 'final'
  | 'timerE'
  | 'timerF'
  | 'timerK'
  | 'transportError';

/** RFC 3261 figure 6. */
export const NON_INVITE_CLIENT: Table<NonInviteClientState, NonInviteClientInput> = {
  idle: {
    start: to('trying', start('E'), start('F'), send),
    provisional: ignore,
    final: ignore,
    timerE: ignore,
    timerF: ignore,
    timerK: ignore,
    transportError: ignore,
  },
  trying: {
    start: ignore,
    provisional: to('proceeding', deliver),
    final: to('completed', stop('E'), stop('F'), deliver, start('K')),
    timerE: to('trying', backOff('E'), send),
    timerF: to('terminated', report('timeout')),
    timerK: ignore,
    transportError: to('terminated', report('transport')),
  },
  proceeding: {
    start: ignore,
    provisional: to('proceeding', deliver),
    final: to('completed', stop('E'), stop('F'), deliver, start('K')),
    timerE: to('proceeding', slowDown('E'), send),
    timerF: to('terminated', report('timeout')),
    timerK: ignore,
    transportError: to('terminated', report('transport')),
  },
  completed: {
    start: ignore,
    provisional: ignore,
    final: ignore,
    timerE: ignore,
    timerF: ignore,
    timerK: to('terminated'),
    transportError: ignore,
  },
  terminated: {
    start: ignore,
    provisional: ignore,
    final: ignore,
    timerE: ignore,
    timerF: ignore,
    timerK: ignore,
    transportError: ignore,
  },
};
