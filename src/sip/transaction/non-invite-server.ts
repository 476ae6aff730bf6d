import { deliver, ignore, report, send, start, type Table, to } from './machine.ts';

/** RFC 3261 17.2.2; `idle` is the instant before the request. */
export type NonInviteServerState = 'idle' | 'trying' | 'proceeding' | 'completed' | 'terminated';

/** `request`: the request, first or again; `provisional` and `final`: a response from the transaction user. */
export type NonInviteServerInput = 'request' | 'provisional' | 'final' | 'timerJ' | 'transportError';

/** RFC 3261 figure 8. */
export const NON_INVITE_SERVER: Table<NonInviteServerState, NonInviteServerInput> = {
  idle: {
    request: to('trying', deliver),
    provisional: ignore,
    final: ignore,
    timerJ: ignore,
    transportError: ignore,
  },
  trying: {
    request: ignore,
    provisional: to('proceeding', send),
    final: to('completed', send, start('J')),
    timerJ: ignore,
    transportError: ignore,
  },
  proceeding: {
    request: to('proceeding', send),
    provisional: to('proceeding', send),
    final: to('completed', send, start('J')),
    timerJ: ignore,
    transportError: to('terminated', report('transport')),
  },
  completed: {
    request: to('completed', send),
    provisional: ignore,
    final: ignore,
    timerJ: to('terminated'),
    transportError: to('terminated', report('transport')),
  },
  terminated: {
    request: ignore,
    provisional: ignore,
    final: ignore,
    timerJ: ignore,
    transportError: ignore,
  },
};
