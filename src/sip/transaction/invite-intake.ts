/** INVITEs that begin a call: taken on as there is time, behind all else that comes, and turned away when there is not. */
import type { Clock } from '../../time/clock.ts';
import type { IntakePolicy } from '../api.ts';
import type { SipRequest } from '../message/message.ts';
import type { Flow } from '../transport/flow.ts';

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
/** When nobody was turned away for so long, it is over, ms. */
const CALM_AFTER_MS = 2000;
/** Whatever the policy says: memory is bounded. */
const MAX_WAITING = 10_000;

interface Entry extends WaitingInvite {
  readonly sinceMs: number;
}

/**
 * A server that is offered more calls than it can set up must not spend its time on those that it cannot take, nor
 * lose a BYE among their INVITEs: so only INVITEs wait, for a moment, and everything else overtakes them. What waits
 * too long is turned away at a tenth of what a call costs. A short burst may wait longer than the queue of a
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
  /** Some always wait, until nobody is turned away any more. */
  #standing = false;
  #turnedAwayMs = Number.NEGATIVE_INFINITY;
  readonly #work = (): void => this.#turn();

  constructor(options: InviteIntakeOptions) {
    this.#options = options;
  }

  /** INVITEs that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  has(key: string): boolean {
    return this.#waiting.has(key);
  }

  /** A message has come, of whatever kind. */
  noteArrival(): void {
    this.#arrived++;
  }

  /** Takes one on at once while there is time in this turn. */
  put(invite: WaitingInvite): void {
    const { clock, policy } = this.#options;
    const now = clock.monotonic();
    const isPressed = now - this.#turnedAwayMs < CALM_AFTER_MS;
    // A call that is refused by its script or a limit costs five times as much.
    if (this.#waiting.size >= MAX_WAITING || (isPressed && policy.turnsAway() && policy.refuses())) {
      this.#turnAway(invite, now);
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

  /** Takes on one that waits, before its turn: something has come that belongs to it. */
  hurry(key: string): void {
    const invite = this.#waiting.get(key);
    if (invite === undefined) return;
    this.#waiting.delete(key);
    this.#begin(invite);
  }

  /** Turns all away. */
  close(): void {
    const now = this.#options.clock.monotonic();
    for (const invite of this.#waiting.values()) this.#turnAway(invite, now);
    this.#waiting.clear();
  }

  #turn(): void {
    this.#deferred = false;
    this.#spentMs = 0;
    const { clock, policy } = this.#options;
    const turnsAway = policy.turnsAway();
    const isFlooded = this.#arrived >= FULL_READ && clock.monotonic() - this.#begunMs < LONGEST_PAUSE_MS;
    this.#arrived = 0;
    const mayBegin = !isFlooded && !policy.isBehind();
    const startedMs = clock.monotonic();
    for (const [key, invite] of this.#waiting) {
      const now = clock.monotonic();
      if (now - startedMs >= WHOLE_TURN_MS) break;
      if (turnsAway && (now - invite.sinceMs > this.#mayWaitMs(now) || policy.refuses())) {
        this.#waiting.delete(key);
        this.#turnAway(invite, now);
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

  #turnAway(invite: WaitingInvite, now: number): void {
    this.#turnedAwayMs = now;
    const { policy, turnAway } = this.#options;
    turnAway(invite, policy.turnedAway());
  }

  #defer(): void {
    if (this.#deferred) return;
    this.#deferred = true;
    this.#options.defer(this.#work);
  }
}
