/** INVITEs that begin a call: taken on as there is time, behind all else that comes, and turned away when there is not. */
import type { Clock } from '../../time/clock.ts';
import type { IntakePolicy } from '../api.ts';
import { callId } from '../message/accessors.ts';
import type { SipRequest } from '../message/message.ts';
import type { Flow } from '../transport/flow.ts';
import { RecentKeys } from './recent-keys.ts';

/** An INVITE outside of a dialog that no transaction knows yet. */
export interface WaitingInvite {
  readonly key: string;
  readonly request: SipRequest;
  readonly flow: Flow;
}

export interface InviteIntakeOptions {
  readonly clock: Clock;
  readonly policy: IntakePolicy;
  /** Begins its transaction, and most of its call. */
  readonly begin: (invite: WaitingInvite) => void;
  /** Answers 503 and remembers nothing. */
  readonly turnAway: (invite: WaitingInvite, retryAfterSeconds: number) => void;
  /** Has `work` done behind what has arrived by now: at the end of this turn of the event loop. */
  readonly defer: (work: () => void) => void;
}

/** Time for new calls in one turn of the event loop, ms: the turn after it reads what has arrived meanwhile. */
const TURN_MS = 0.5;
/** The same with the answers to those who are turned away, ms. */
const WHOLE_TURN_MS = 1.5;
/**
 * So many messages in one turn, and more are likely to wait in the socket: libuv reads no more datagrams at a time.
 * Until they are read, nobody is begun; somebody is, though, when nobody was for a while, ms.
 */
const FULL_READ = 32;
const LONGEST_PAUSE_MS = 20;
/** A burst may wait so long: less than until its senders repeat it (T1, RFC 3261 17.1.1.1), ms. */
const BURST_WAIT_MS = 400;
/** Where some always wait, waiting longer helps nobody, ms. */
const STANDING_WAIT_MS = 50;
/** Some always wait when there has been no moment in which nobody did, for so long, ms. */
const STANDING_AFTER_MS = 1000;
/** When nobody has waited too long for so long, it is over, ms. */
const CALM_AFTER_MS = 2000;
/** Whatever the policy says: memory is bounded, and who has waited for so long (64 × T1) has given up, ms. */
const MAX_WAITING = 10_000;
const LONGEST_WAIT_MS = 32_000;
/** For at least so long, copies of what was turned away get the same answer, ms: some are on their way with it. */
const REMEMBERED_MS = 16_000;
const MAX_REMEMBERED = 50_000;

interface Entry extends WaitingInvite {
  readonly sinceMs: number;
}

/**
 * A server that is offered more calls than it can set up must not spend its time on those that it cannot take, nor
 * lose a BYE among their INVITEs: so only INVITEs wait, for a moment, and everything else overtakes them. What waits
 * too long is turned away at a thirtieth of what a call costs. A short burst may wait longer than the queue of a
 * lasting overload, which would only make all of its calls late (as CoDel does, RFC 8289).
 */
export class InviteIntake {
  readonly #options: InviteIntakeOptions;
  /** In the order of their arrival. */
  readonly #waiting = new Map<string, Entry>();
  /** Spent on new calls in this turn, ms. */
  #spentMs = 0;
  #deferred = false;
  /** Messages that came in this turn. */
  #arrived = 0;
  #begunMs = Number.NEGATIVE_INFINITY;
  /** Since when some wait. */
  #waitingSinceMs = 0;
  /** Some always wait, until nobody waits too long any more. */
  #standing = false;
  readonly #turnedAway: RecentKeys<number>;
  /** When the last one had waited too long. */
  #turnedAwayMs = Number.NEGATIVE_INFINITY;
  readonly #work = (): void => this.#turn();

  constructor(options: InviteIntakeOptions) {
    this.#options = options;
    this.#turnedAway = new RecentKeys(options.clock, REMEMBERED_MS, MAX_REMEMBERED);
  }

  /** INVITEs that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** A message has come, of whatever kind. */
  noteArrival(): void {
    this.#arrived++;
  }

  /**
   * Takes one on at once while there is time in this turn. A copy of one that waits is dropped; a copy of one that was
   * turned away gets the same answer, since its sender is done with it and would not acknowledge another one.
   */
  put(invite: WaitingInvite): void {
    const { clock, policy, turnAway } = this.#options;
    if (this.#waiting.has(invite.key)) return;
    const retryAfterSeconds = this.#turnedAway.get(invite.key);
    if (retryAfterSeconds !== undefined) {
      turnAway(invite, retryAfterSeconds);
      return;
    }
    const now = clock.monotonic();
    const isPressed = now - this.#turnedAwayMs < CALM_AFTER_MS;
    if (this.#waiting.size >= MAX_WAITING) {
      this.#turnedAwayMs = now;
      this.#turnAway(invite);
      return;
    }
    // To be refused by whoever takes calls costs five times as much.
    if (isPressed && policy.turnsAway() && policy.refuses()) {
      this.#turnAway(invite);
      return;
    }
    if (this.#waiting.size === 0 && this.#spentMs < TURN_MS && !policy.isBehind()) {
      this.#begin(invite);
      return;
    }
    if (this.#waiting.size === 0) this.#waitingSinceMs = now;
    this.#waiting.set(invite.key, { ...invite, sinceMs: now });
    this.#defer();
  }

  /** Takes one that waits out; copies of it are turned away. @returns undefined when none with this key waits */
  withdraw(key: string): WaitingInvite | undefined {
    const invite = this.#waiting.get(key);
    if (this.#waiting.delete(key)) this.#turnedAway.set(key, 1);
    return invite;
  }

  /** Turns all away. */
  close(): void {
    for (const invite of this.#waiting.values()) this.#turnAway(invite);
    this.#waiting.clear();
  }

  #turn(): void {
    this.#deferred = false;
    this.#spentMs = 0;
    const { clock, policy } = this.#options;
    const turnsAway = policy.turnsAway();
    const startedMs = clock.monotonic();
    const isFlooded = this.#arrived >= FULL_READ && startedMs - this.#begunMs < LONGEST_PAUSE_MS;
    const mayBegin = !isFlooded && !policy.isBehind();
    this.#arrived = 0;
    for (const [key, invite] of this.#waiting) {
      const now = clock.monotonic();
      if (now - startedMs >= WHOLE_TURN_MS) break;
      const mayWaitMs = turnsAway ? this.#mayWaitMs(now) : LONGEST_WAIT_MS;
      const isLate = now - invite.sinceMs > mayWaitMs;
      if (isLate || (turnsAway && policy.refuses())) {
        if (isLate) this.#turnedAwayMs = now;
        this.#waiting.delete(key);
        this.#turnAway(invite);
      } else if (this.#spentMs < TURN_MS && mayBegin) {
        this.#waiting.delete(key);
        this.#begin(invite);
      } else {
        break;
      }
    }
    if (this.#waiting.size > 0) this.#defer();
  }

  #mayWaitMs(now: number): number {
    const isCalm = now - this.#turnedAwayMs >= CALM_AFTER_MS;
    if (this.#standing && isCalm) {
      this.#standing = false;
      this.#waitingSinceMs = now;
    }
    this.#standing ||= now - this.#waitingSinceMs > STANDING_AFTER_MS;
    return this.#standing ? STANDING_WAIT_MS : BURST_WAIT_MS;
  }

  #begin(invite: WaitingInvite): void {
    const { clock, begin } = this.#options;
    const startedMs = clock.monotonic();
    try {
      begin(invite);
    } finally {
      this.#begunMs = clock.monotonic();
      this.#spentMs += this.#begunMs - startedMs;
      // So that the next turn begins anew.
      if (this.#spentMs > 0) this.#defer();
    }
  }

  #turnAway(invite: WaitingInvite): void {
    const { policy, turnAway } = this.#options;
    const retryAfterSeconds = policy.turnedAway(callId(invite.request));
    this.#turnedAway.set(invite.key, retryAfterSeconds);
    turnAway(invite, retryAfterSeconds);
  }

  #defer(): void {
    if (this.#deferred) return;
    this.#deferred = true;
    this.#options.defer(this.#work);
  }
}
