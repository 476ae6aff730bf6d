import {
  backOff,
  deliver,
  ignore,
  report,
  send,
  sendTrying,
  start,
  stop,
  type Table,
  to,
} from './machine.ts';

/** RFC 3261 17.2.1 with the Accepted state of RFC 6026 7.1; `idle` is the instant before the INVITE. */
export type InviteServerState = 'idle' | 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'terminated';

/**
 * `request`: the INVITE, first or again; `ack`: an ACK that matches this transaction; `provisional`,
 * `success` and `failure` (300 to 699): a response from the transaction user.
 */
export type InviteServerInput =
  | 'request'
  | 'ack'
  | 'provisional'
  | 'success'
  | 'failure'
  | 'timerTrying'
  | 'timerG'
  | 'timerH'
  | 'timerI'
  | 'timerL'
  | 'transportError';

/** RFC 3261 figure 7 as replaced by RFC 6026 section 8. */
export const INVITE_SERVER: Table<InviteServerState, InviteServerInput> = {
  idle: {
    request: to('proceeding', start('Trying'), deliver),
    ack: ignore,
    provisional: ignore,
    success: ignore,
    failure: ignore,
    timerTrying: ignore,
    timerG: ignore,
    timerH: ignore,
    timerI: ignore,
    timerL: ignore,
    transportError: ignore,
  },
  proceeding: {
    request: to('proceeding', send),
    ack: ignore,
    provisional: to('proceeding', stop('Trying'), send),
    success: to('accepted', stop('Trying'), start('L'), send),
    failure: to('completed', stop('Trying'), start('G'), start('H'), send),
    timerTrying: to('proceeding', sendTrying),
    timerG: ignore,
    timerH: ignore,
    timerI: ignore,
    timerL: ignore,
    transportError: to('proceeding', report('transport')),
  },
  completed: {
    request: to('completed', send),
    ack: to('confirmed', stop('G'), stop('H'), start('I')),
    provisional: ignore,
    success: ignore,
    failure: ignore,
    timerTrying: ignore,
    timerG: to('completed', backOff('G'), send),
    timerH: to('terminated', report('timeout')),
    timerI: ignore,
    timerL: ignore,
    transportError: to('completed', report('transport')),
  },
  confirmed: {
    request: ignore,
    ack: ignore,
    provisional: ignore,
    success: ignore,
    failure: ignore,
    timerTrying: ignore,
    timerG: ignore,
    timerH: ignore,
    timerI: to('terminated'),
    timerL: ignore,
    transportError: ignore,
  },
  // The 2xx is retransmitted by the transaction user (RFC 3261 13.3.1.4), so the INVITE is only absorbed.
  accepted: {
    request: ignore,
    ack: to('accepted', deliver),
    provisional: ignore,
    success: to('accepted', send),
    failure: ignore,
    timerTrying: ignore,
    timerG: ignore,
    timerH: ignore,
    timerI: ignore,
    timerL: to('terminated'),
    transportError: to('accepted', report('transport')),
  },
  terminated: {
    request: ignore,
    ack: ignore,
    provisional: ignore,
    success: ignore,
    failure: ignore,
    timerTrying: ignore,
    timerG: ignore,
    timerH: ignore,
    timerI: ignore,
    timerL: ignore,
    transportError: ignore,
  },
};
