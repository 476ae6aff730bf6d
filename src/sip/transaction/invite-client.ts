import {
  acknowledge,
  backOff,
  deliver,
  ignore,
  report,
  send,
  start,
  stop,
  type Table,
  to,
} from './machine.ts';

/** RFC 3261 17.1.1.2 with the Accepted state of RFC 6026 7.2; `idle` is the instant before the first send. */
export type InviteClientState = 'idle' | 'calling' | 'proceeding' | 'completed' | 'accepted' | 'terminated';

/** `failure`: a final response from 300 to 699. */
export type InviteClientInput =
  | 'start'
  | 'provisional'
  | 'success'
  | 'failure'
  | 'timerA'
  | 'timerB'
  | 'timerD'
  | 'timerM'
  | 'transportError';

/** RFC 3261 figure 5 as replaced by RFC 6026 section 8. */
export const INVITE_CLIENT: Table<InviteClientState, InviteClientInput> = {
  idle: {
    start: to('calling', start('A'), start('B'), send),
    provisional: ignore,
    success: ignore,
    failure: ignore,
    timerA: ignore,
    timerB: ignore,
    timerD: ignore,
    timerM: ignore,
    transportError: ignore,
  },
  calling: {
    start: ignore,
    provisional: to('proceeding', stop('A'), stop('B'), deliver),
    success: to('accepted', stop('A'), stop('B'), start('M'), deliver),
    failure: to('completed', stop('A'), stop('B'), acknowledge, deliver, start('D')),
    timerA: to('calling', backOff('A'), send),
    timerB: to('terminated', report('timeout')),
    timerD: ignore,
    timerM: ignore,
    transportError: to('terminated', report('transport')),
  },
  proceeding: {
    start: ignore,
    provisional: to('proceeding', deliver),
    success: to('accepted', start('M'), deliver),
    failure: to('completed', acknowledge, deliver, start('D')),
    timerA: ignore,
    timerB: ignore,
    timerD: ignore,
    timerM: ignore,
    transportError: ignore,
  },
  completed: {
    start: ignore,
    provisional: ignore,
    success: ignore,
    failure: to('completed', acknowledge),
    timerA: ignore,
    timerB: ignore,
    timerD: to('terminated'),
    timerM: ignore,
    transportError: to('terminated', report('transport')),
  },
  // The transaction user acknowledges each 2xx, also those of other forks (RFC 6026 7.2).
  accepted: {
    start: ignore,
    provisional: ignore,
    success: to('accepted', deliver),
    failure: ignore,
    timerA: ignore,
    timerB: ignore,
    timerD: ignore,
    timerM: to('terminated'),
    transportError: ignore,
  },
  terminated: {
    start: ignore,
    provisional: ignore,
    success: ignore,
    failure: ignore,
    timerA: ignore,
    timerB: ignore,
    timerD: ignore,
    timerM: ignore,
    transportError: ignore,
  },
};
