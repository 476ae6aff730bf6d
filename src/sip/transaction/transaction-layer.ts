import { hash } from 'node:crypto';

import type { Clock } from '../../time/clock.ts';
import type { IntakePolicy } from '../api.ts';
import { newBranch, newTag } from '../identifiers.ts';
import type { SipLimits } from '../limits.ts';
import { callId, to, via } from '../message/accessors.ts';
import { SipParseError } from '../message/errors.ts';
import type { HeaderField } from '../message/headers.ts';
import { createResponse, type SipRequest, type SipResponse } from '../message/message.ts';
import { serialize } from '../message/serialize.ts';
import type { Counters } from '../stats.ts';
import type { SipTimers } from '../timers.ts';
import type { Flow } from '../transport/flow.ts';
import type { Target } from '../transport/target.ts';
import type { MessageReceiver, TransportLayer } from '../transport/transport-layer.ts';
import { cancelOf, ClientTransaction, type ClientTransactionUser } from './client-transaction.ts';
import { InviteIntake, type NewInvite, type WaitingInvite } from './invite-intake.ts';
import { clientKey, mergeKey, serverKey } from './keys.ts';
import { type Delivery, ServerTransaction, type ServerTransactionSite } from './server-transaction.ts';

/** Who gets what no transaction settles alone. */
export interface TransactionUser {
  /** A new request, not ACK or CANCEL. */
  request(request: SipRequest, transaction: ServerTransaction): void;
  /** An ACK to a 2xx. */
  acknowledgement(request: SipRequest): void;
}

export interface TransactionOptions {
  readonly clock: Clock;
  readonly timers: SipTimers;
  readonly limits: SipLimits;
  readonly counters: Counters;
  /** Default: every call is taken on. */
  readonly intake?: IntakePolicy | undefined;
}

/** A request to be sent, whose headers depend on the way that it takes. */
export interface OutgoingRequest {
  readonly target: Target;
  /** Makes the request without Via; called once, when the flow is there. May throw, which is a failure. */
  readonly build: (flow: Flow) => SipRequest;
  /** Asked where a connection was waited for behind {@link build}; false: it is not sent, which is a failure. */
  readonly isWanted?: () => boolean;
  readonly user: ClientTransactionUser;
  /** The transaction has begun. */
  readonly started?: (transaction: ClientTransaction) => void;
  /** There is no way to the target; `user.failed('transport')` follows. */
  readonly unreachable?: (error: Error) => void;
}

const TAKES_ALL: IntakePolicy = {
  isBehind: () => false,
  mayWaitMs: () => undefined,
  refuses: () => false,
  turnedAway: () => 1,
  withdrawn: () => {},
};

/**
 * Refusals at once that are repeated until they are acknowledged (RFC 3261 17.2.1), some 2 KB each for 5 s behind the
 * ACK, or for 32 s where none comes: those beyond are told once.
 */
const MAX_REPEATED_REFUSALS = 8000;

/** Longest request that goes over UDP when TCP is a choice, bytes (RFC 3261 18.1.1). */
const MAX_UDP_REQUEST = 1300;

/** All transactions of an endpoint, and the matching of messages to them (RFC 3261 17). */
export class TransactionLayer implements MessageReceiver {
  readonly #options: TransactionOptions;
  readonly #user: TransactionUser;
  readonly #servers = new Map<string, ServerTransaction>();
  readonly #clients = new Map<string, ClientTransaction>();
  /** Server transactions outside of dialogs, by what copies of a forked request share. */
  readonly #merged = new Map<string, ServerTransaction>();
  readonly #intake: InviteIntake;
  /** Those that only repeat the refusal of an INVITE that waited. */
  readonly #refusals = new Set<ServerTransaction>();
  /** Sizes of all server transactions. */
  #serverBytes = 0;
  readonly #secret = newTag();
  readonly #serverSite: ServerTransactionSite;
  readonly #toUser: Delivery = (message, transaction) => {
    if (message.method === 'ACK') this.#user.acknowledgement(message);
    else this.#user.request(message, transaction);
  };
  /** A copy that came by another way (RFC 3261 8.2.2.2). */
  readonly #loop: Delivery = (message, transaction) => {
    if (message.method === 'ACK') this.#user.acknowledgement(message);
    else transaction.reply(482);
  };
  #transports: TransportLayer | undefined;

  constructor(options: TransactionOptions, user: TransactionUser) {
    this.#options = options;
    this.#user = user;
    this.#serverSite = {
      clock: options.clock,
      timers: options.timers,
      reply: (data, way, port, failed) => this.#transport.reply(data, way, port, failed),
      retransmitted: () => {
        options.counters.retransmitted++;
      },
      terminated: (ended) => {
        this.#servers.delete(ended.key);
        this.#serverBytes -= ended.size;
        this.#refusals.delete(ended);
        const shared = ended.mergeKey;
        if (shared !== undefined && this.#merged.get(shared) === ended) this.#merged.delete(shared);
      },
    };
    this.#intake = new InviteIntake({
      clock: options.clock,
      policy: options.intake ?? TAKES_ALL,
      tryingAfterMs: options.timers.trying,
      trying: (invite) => this.#replyStateless(invite, 100),
      begin: (invite) => this.#beginLater(invite),
      turnAway: (invite, retryAfterSeconds, isTold) => {
        if (isTold) this.#refuseWaiting(invite, 503, retryAfter(retryAfterSeconds));
        else this.#replyStateless(invite, 503, retryAfter(retryAfterSeconds));
        options.counters.overloaded++;
      },
      cancelled: (invite) => this.#replyStateless(invite, 487),
      defer: setImmediate,
    });
  }

  /** To be called once, before anything else: the two layers need each other. */
  attach(transports: TransportLayer): void {
    this.#transports = transports;
  }

  /** INVITEs that wait until there is time for them. */
  get waitingCount(): number {
    return this.#intake.size;
  }

  get serverCount(): number {
    return this.#servers.size;
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  request(request: SipRequest, flow: Flow): void {
    this.#intake.noteArrival();
    const top = via(request);
    if (request.method === 'ACK') {
      this.#acknowledge(request, serverKey(request, top, 'INVITE'));
      return;
    }
    const key = serverKey(request, top, request.method);
    const known = this.#servers.get(key);
    if (known !== undefined) {
      known.retransmission(request);
      return;
    }
    const { limits } = this.#options;
    if (!this.#hasRoom) {
      this.#options.counters.overloaded++;
      this.#replyStateless({ request, flow }, 503, retryAfter(limits.retryAfterSeconds));
    } else if (request.method === 'CANCEL') {
      this.#cancel(request, key, flow);
    } else if (request.method === 'INVITE' && to(request).tag === undefined) {
      this.#intake.put({ key, request, flow });
    } else {
      this.#begin(request, key, flow);
    }
  }

  response(response: SipResponse): void {
    // What matches nothing is dropped, also a 2xx to an INVITE (RFC 6026 8.9).
    this.#clients.get(clientKey(response))?.receive(response);
  }

  flowClosed(flow: Flow): void {
    for (const client of this.#clients.values()) if (client.flow === flow) client.flowClosed();
  }

  /** Sends a request when a way to its target is found; at once when that needs no look-up or connection. */
  send(outgoing: OutgoingRequest): void {
    this.#transport.flowTo(outgoing.target, (flow) => {
      if (flow instanceof Error) this.#unreachable(outgoing, flow);
      else this.#sendOn(outgoing, flow);
    });
  }

  /** Sends a CANCEL for a request of ours; its INVITE then ends with 487 or whatever overtook it. */
  cancel(transaction: ClientTransaction, reason: string | undefined): void {
    const request = cancelOf(transaction.request);
    if (reason !== undefined) request.headers.add('Reason', reason);
    const key = `CANCEL ${via(request).branch}`;
    if (this.#clients.has(key)) return;
    const go = (way: Flow): void => {
      this.#start(key, request, serialize(request), way, { response: () => {}, failed: () => {} });
    };
    const { protocol, remote, closed } = transaction.flow;
    if (!closed) {
      go(transaction.flow);
      return;
    }
    // The connection of the INVITE broke: the peer rings on, and is where it was.
    const target: Target = { protocol, host: remote.address, port: remote.port, mayUpgrade: false };
    this.#transport.flowTo(target, (way) => {
      if (!(way instanceof Error)) go(way);
    });
  }

  /**
   * Sends an ACK to a 2xx, which has no transaction.
   * @param done gets what sends the same one again by the same way, and gives false where that is gone
   */
  acknowledge(target: Target, build: (flow: Flow) => SipRequest, done: (send: () => boolean) => void): void {
    this.#transport.flowTo(target, (flow) => {
      if (flow instanceof Error) return;
      const request = build(flow);
      request.headers.prepend('Via', this.#transport.viaFor(flow, newBranch()));
      const bytes = serialize(request);
      const send = (): boolean => {
        if (flow.closed) return false;
        this.#transport.send(bytes, flow, () => {});
        return true;
      };
      send();
      done(send);
    });
  }

  /** Ends everything; requests of ours that are unanswered have failed. */
  close(): void {
    this.#intake.close();
    for (const transaction of [...this.#servers.values()]) transaction.abandon();
    for (const transaction of [...this.#clients.values()]) transaction.fail();
  }

  /** For one more server transaction. */
  get #hasRoom(): boolean {
    const { maxServerTransactions, maxServerTransactionBytes } = this.#options.limits;
    return this.#servers.size < maxServerTransactions && this.#serverBytes < maxServerTransactionBytes;
  }

  get #transport(): TransportLayer {
    if (this.#transports === undefined) throw new Error('the transaction layer has no transport');
    return this.#transports;
  }

  #acknowledge(request: SipRequest, key: string): void {
    const invite = this.#servers.get(key);
    if (invite === undefined) this.#user.acknowledgement(request);
    else invite.acknowledged(request);
  }

  #cancel(request: SipRequest, key: string, flow: Flow): void {
    const inviteKey = serverKey(request, via(request), 'INVITE');
    const waiting = this.#intake.withdraw(inviteKey);
    if (waiting !== undefined) {
      const localTag = this.#statelessTag(request);
      this.#open(request, key, flow, { localTag }, (_request, transaction) => transaction.reply(200));
      if (waiting.isTold) this.#refuseWaiting(waiting, 487);
      else this.#replyStateless(waiting, 487);
      return;
    }
    const invite = this.#servers.get(inviteKey);
    this.#open(request, key, flow, { localTag: invite?.localTag }, (_request, transaction) => {
      transaction.reply(invite === undefined ? 481 : 200);
    });
    if (invite !== undefined && !invite.answered) invite.user.cancelled?.(request);
  }

  #beginLater({ request, key, flow, sinceMs }: WaitingInvite): void {
    // A request within a dialog may have come meanwhile that has the same branch, against RFC 3261 8.1.1.7.
    if (this.#servers.has(key)) return;
    try {
      this.#begin(request, key, flow, this.#options.clock.monotonic() - sinceMs);
    } catch (error) {
      if (!(error instanceof SipParseError)) throw error;
      this.#transport.malformed(error, flow);
    }
  }

  /**
   * Refuses one whose sender has heard a 100. It sends its INVITE no more, so that over UDP the answer is repeated until
   * the ACK; where there are too many of these, it is sent once.
   */
  #refuseWaiting(invite: NewInvite, status: number, headers: readonly HeaderField[] = []): void {
    const { request, key, flow } = invite;
    const hasRoom = this.#refusals.size < MAX_REPEATED_REFUSALS && this.#hasRoom;
    // A request within a dialog may have come meanwhile that has the same branch, against RFC 3261 8.1.1.7.
    if (flow.reliable || !hasRoom || this.#servers.has(key)) {
      this.#replyStateless(invite, status, headers);
      return;
    }
    const about = { localTag: this.#statelessTag(request) };
    this.#refusals.add(this.#open(request, key, flow, about, refusal(status, headers)));
  }

  /** Without a transaction, so that it costs little. */
  #replyStateless(
    { request, flow }: Pick<NewInvite, 'request' | 'flow'>,
    status: number,
    headers: readonly HeaderField[] = [],
  ): void {
    // Nobody is connected to for an answer that nothing depends on.
    if (flow.closed) return;
    const response = createResponse(request, status, undefined, {
      headers,
      // The tag of a call that is taken on later is another one.
      ...(status > 100 ? { toTag: this.#statelessTag(request) } : {}),
    });
    this.#transport.replyStateless(request, flow, response);
  }

  /** The same for each copy of a request (RFC 3261 8.2.7), and not to be guessed. */
  #statelessTag(request: SipRequest): string {
    const { branch } = via(request);
    return hash('sha256', `${this.#secret} ${callId(request)} ${branch}`).slice(0, 16);
  }

  #begin(request: SipRequest, key: string, flow: Flow, waitedMs = 0): void {
    const merge = mergeKey(request);
    const other = merge === undefined ? undefined : this.#merged.get(merge);
    // Behind a refusal it is no copy: a proxy tries another target, which is here as well (RFC 3261 16.7).
    const isMerged = other !== undefined && !other.refused;
    const about = { mergeKey: isMerged ? undefined : merge, waitedMs };
    this.#open(request, key, flow, about, isMerged ? this.#loop : this.#toUser);
  }

  #open(
    request: SipRequest,
    key: string,
    flow: Flow,
    about: {
      readonly mergeKey?: string | undefined;
      readonly localTag?: string | undefined;
      readonly waitedMs?: number;
    },
    deliver: Delivery,
  ): ServerTransaction {
    const transaction = new ServerTransaction(this.#serverSite, {
      key,
      mergeKey: about.mergeKey,
      localTag: about.localTag,
      waitedMs: about.waitedMs ?? 0,
      request,
      flow,
      deliver,
    });
    this.#servers.set(key, transaction);
    this.#serverBytes += transaction.size;
    if (about.mergeKey !== undefined) this.#merged.set(about.mergeKey, transaction);
    transaction.start(request);
    return transaction;
  }

  #sendOn(outgoing: OutgoingRequest, flow: Flow): void {
    let request: SipRequest;
    let bytes: Buffer;
    const branch = newBranch();
    try {
      request = outgoing.build(flow);
      request.headers.prepend('Via', this.#transport.viaFor(flow, branch));
      bytes = serialize(request);
    } catch (error) {
      this.#unreachable(outgoing, error instanceof Error ? error : new Error(String(error)));
      return;
    }
    const go = (way: Flow, data: Buffer): void => {
      this.#start(`${request.method} ${branch}`, request, data, way, outgoing.user, outgoing.started);
    };
    const isLong = flow.protocol === 'udp' && bytes.length > MAX_UDP_REQUEST;
    const mayUpgrade = outgoing.target.mayUpgrade && outgoing.target.flow === undefined;
    if (!isLong || !mayUpgrade || !this.#transport.listensOnTcp(flow.remote.address)) {
      go(flow, bytes);
      return;
    }
    const overTcp: Target = {
      ...outgoing.target,
      protocol: 'tcp',
      host: flow.remote.address,
      // The address was asked for already, by its name.
      refusal: undefined,
    };
    this.#transport.flowTo(overTcp, (result) => {
      if (outgoing.isWanted?.() === false) {
        this.#unreachable(outgoing, new Error('the request was taken back meanwhile'));
        return;
      }
      // A peer without TCP gets it over UDP all the same, in fragments (RFC 3261 18.1.1).
      if (result instanceof Error) {
        go(flow, bytes);
        return;
      }
      request.headers.replaceFirst('Via', this.#transport.viaFor(result, branch));
      go(result, serialize(request));
    });
  }

  #start(
    key: string,
    request: SipRequest,
    bytes: Uint8Array,
    flow: Flow,
    user: ClientTransactionUser,
    started?: (transaction: ClientTransaction) => void,
  ): void {
    const { clock, timers, counters } = this.#options;
    const transport = this.#transport;
    const transaction = new ClientTransaction({
      key,
      request,
      bytes,
      flow,
      clock,
      timers,
      user,
      send: (data, way, failed) => transport.send(data, way, failed),
      retransmitted: () => {
        counters.retransmitted++;
      },
      terminated: (ended) => this.#clients.delete(ended.key),
    });
    this.#clients.set(key, transaction);
    started?.(transaction);
    transaction.start();
  }

  /** Never within `send`: its caller may not be ready for it. */
  #unreachable(outgoing: OutgoingRequest, error: Error): void {
    this.#options.clock.after(0, () => {
      outgoing.unreachable?.(error);
      outgoing.user.failed('transport');
    });
  }
}

/** Answers what is delivered. */
function refusal(status: number, headers: readonly HeaderField[]): Delivery {
  return (_request, transaction) => transaction.reply(status, { headers });
}

function retryAfter(seconds: number): readonly HeaderField[] {
  return [['Retry-After', String(seconds)]];
}
