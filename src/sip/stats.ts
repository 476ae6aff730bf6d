/** Counts of one endpoint since its start. */
export interface Counters {
  /** Messages read from and given to sockets, retransmissions included. */
  received: number;
  sent: number;
  /** Messages that could not be read, and those messages of any kind that got no answer for it. */
  malformed: number;
  dropped: number;
  /** Copies that we sent again for want of an answer. */
  retransmitted: number;
  /** Requests that a limit refused. */
  overloaded: number;
  /** Connections closed for a limit. */
  connectionsRefused: number;
}

/** What an endpoint holds and has done. */
export interface SipStats extends Readonly<Counters> {
  readonly calls: number;
  /** INVITEs for which there has been no time yet. */
  readonly waitingInvites: number;
  readonly serverTransactions: number;
  readonly clientTransactions: number;
  readonly connections: number;
}

export function newCounters(): Counters {
  return {
    received: 0,
    sent: 0,
    malformed: 0,
    dropped: 0,
    retransmitted: 0,
    overloaded: 0,
    connectionsRefused: 0,
  };
}
