/** INVITEs that begin a call: taken on as there is time, behind all else that comes, and turned away when there is not. */
import type { Clock } from '../../time/clock.ts';
import type { IntakePolicy } from '../api.ts';
import { callId } from '../message/accessors.ts';
import { type SipRequest, sizeOf } from '../message/message.ts';
import type { Flow } from '../transport/flow.ts';
import { RecentKeys } from './recent-keys.ts';
import { RushPace } from './rush-pace.ts';

/** An INVITE outside of a dialog that no transaction knows yet. */
export interface NewInvite {
  readonly key: string;
  readonly request: SipRequest;
  readonly flow: Flow;
}

/** One that had to wait, or has just come. */
export interface WaitingInvite extends NewInvite {
  /** When it came, ms of the monotonic clock. */
  readonly sinceMs: number;
  /** Of its request, bytes. */
  readonly size: number;
}

/** One that waited. */
export interface TakenOut extends WaitingInvite {
  /** Whether its sender heard a 100, and so repeats it no more (RFC 3261 17.1.1.2). */
  readonly isTold: boolean;
}

export interface InviteIntakeOptions {
  readonly clock: Clock;
  readonly policy: IntakePolicy;
  /** After so long, one that waits is told so: its sender would repeat it otherwise (RFC 3261 17.2.1), ms. */
  readonly tryingAfterMs: number;
  /** Begins its transaction, and most of its call. */
  readonly begin: (invite: WaitingInvite) => void;
  /** Answers 100 and remembers nothing. */
  readonly trying: (invite: NewInvite) => void;
  /**
   * Answers 503. @param isTold whether its sender heard a 100: nothing of it comes again then, and a 503 that is lost
   * has to be repeated; where it is not, nothing need be remembered
   */
  readonly turnAway: (invite: NewInvite, retryAfterSeconds: number, isTold: boolean) => void;
  /** Answers 487 to a late copy of one that was cancelled. */
  readonly cancelled: (invite: NewInvite) => void;
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
/** Where fewer wait, those who come are not held to wait too long: a few may where everything stands still for a moment. */
const FORESEEN_FROM = 100;
/** Calls that are begun in one ms by a server that makes up for something. */
const MADE_UP_PER_MS = 0.5;
/** When nobody was turned away for his wait for so long, the press is over, ms. */
const CALM_AFTER_MS = 2000;
/** Whatever the policy says: memory is bounded, and who has waited for so long (64 × T1) has given up, ms. */
const MAX_WAITING = 10_000;
const LONGEST_WAIT_MS = 32_000;
/** Of all that wait together, bytes: each may be as long as SIP allows. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** For at least so long, copies of what was turned away get the same answer, ms: some are on their way with it. */
const REMEMBERED_MS = 16_000;
const MAX_REMEMBERED = 50_000;

/**
 * A server that is offered more calls than it can set up must not spend its time on those that it cannot take, nor
 * lose a BYE among their INVITEs: so only INVITEs wait, and everything else overtakes them. Their senders are told so
 * by a 100. Who has waited too long is turned away, at a thirtieth of what a call costs; who would have to is, too.
 */
export class InviteIntake {
  readonly #options: InviteIntakeOptions;
  /** In the order of their arrival. */
  readonly #waiting = new Map<string, WaitingInvite>();
  #waitingBytes = 0;
  /** Of these, those whose senders have heard nothing, in the same order. */
  readonly #untold = new Set<WaitingInvite>();
  readonly #pace = new RushPace();
  /** Spent on new calls in this turn, ms. */
  #spentMs = 0;
  #deferred = false;
  /** Messages that came in this turn. */
  #arrived = 0;
  #begunMs = Number.NEGATIVE_INFINITY;
  /** What their senders were told to wait, s, or that they had cancelled. */
  readonly #turnedAway: RecentKeys<number | 'cancelled'>;
  /** When the last one had waited too long, or would have. */
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
   * Takes one on at once while there is time in this turn. A copy of one that waits begins nothing; a copy of one that was
   * turned away gets the same answer, since its sender is done with it and would not acknowledge another one.
   */
  put(invite: NewInvite): void {
    const { clock, policy, trying, turnAway, cancelled } = this.#options;
    const original = this.#waiting.get(invite.key);
    if (original !== undefined) {
      if (this.#isTold(original)) trying(original);
      return;
    }
    const former = this.#turnedAway.get(invite.key);
    if (former !== undefined) {
      if (former === 'cancelled') cancelled(invite);
      else turnAway(invite, former, false);
      return;
    }
    const now = clock.monotonic();
    const mayWaitMs = policy.mayWaitMs();
    const isPressed = now - this.#turnedAwayMs < CALM_AFTER_MS;
    if (this.#isFull || (mayWaitMs !== undefined && this.#isHopeless(now, mayWaitMs))) {
      this.#turnedAwayMs = now;
      this.#turnAway(invite, false);
      return;
    }
    // To be refused by whoever takes calls costs five times as much.
    if (isPressed && mayWaitMs !== undefined && policy.refuses()) {
      this.#turnAway(invite, false);
      return;
    }
    const waiting = { ...invite, sinceMs: now, size: sizeOf(invite.request) };
    if (this.#waiting.size === 0 && this.#spentMs < TURN_MS && !policy.isBehind()) {
      this.#begin(waiting);
      return;
    }
    if (this.#waiting.size === 0) this.#pace.start(now);
    this.#waiting.set(invite.key, waiting);
    this.#waitingBytes += waiting.size;
    this.#untold.add(waiting);
    this.#defer();
  }

  /** Takes one that waits out, whose sender has cancelled it. @returns undefined when none with this key waits */
  withdraw(key: string): TakenOut | undefined {
    const invite = this.#waiting.get(key);
    if (invite === undefined) return undefined;
    const isTold = this.#isTold(invite);
    this.#remove(invite);
    this.#turnedAway.set(key, 'cancelled');
    this.#options.policy.withdrawn(callId(invite.request));
    return { ...invite, isTold };
  }

  /** Turns all away. */
  close(): void {
    for (const invite of this.#waiting.values()) this.#turnAway(invite, this.#isTold(invite));
    this.#waiting.clear();
    this.#waitingBytes = 0;
    this.#untold.clear();
  }

  get #isFull(): boolean {
    return this.#waiting.size >= MAX_WAITING || this.#waitingBytes >= MAX_WAITING_BYTES;
  }

  /**
   * Whether one that comes now would wait longer than it may, by how fast others were begun. Where nobody has waited for
   * half as long, so many must wait that no server would make up for it: what holds one up for a moment is over before
   * it is this one's turn.
   */
  #isHopeless(now: number, mayWaitMs: number): boolean {
    const { size } = this.#waiting;
    if (size < FORESEEN_FROM || this.#pace.foreseeMs(now, size) <= mayWaitMs) return false;
    const first = this.#waiting.values().next().value;
    return size > mayWaitMs * MADE_UP_PER_MS || (first !== undefined && now - first.sinceMs >= mayWaitMs / 2);
  }

  #turn(): void {
    this.#deferred = false;
    this.#spentMs = 0;
    const { clock, policy } = this.#options;
    const mayWaitMs = policy.mayWaitMs();
    const startedMs = clock.monotonic();
    this.#pace.pass(startedMs);
    const isFlooded = this.#arrived >= FULL_READ && startedMs - this.#begunMs < LONGEST_PAUSE_MS;
    const mayBegin = !isFlooded && !policy.isBehind();
    this.#arrived = 0;
    for (const invite of this.#waiting.values()) {
      const now = clock.monotonic();
      if (now - startedMs >= WHOLE_TURN_MS) break;
      const isLate = now - invite.sinceMs > (mayWaitMs ?? LONGEST_WAIT_MS);
      if (isLate || (mayWaitMs !== undefined && policy.refuses())) {
        if (isLate) this.#turnedAwayMs = now;
        const isTold = this.#isTold(invite);
        this.#remove(invite);
        this.#turnAway(invite, isTold);
      } else if (this.#spentMs < TURN_MS && mayBegin) {
        this.#remove(invite);
        this.#begin(invite);
      } else {
        break;
      }
    }
    this.#tell(startedMs);
    if (this.#waiting.size > 0) this.#defer();
  }

  /** Tells those that have waited for so long that their requests have come. */
  #tell(turnStartedMs: number): void {
    const { clock, trying, tryingAfterMs } = this.#options;
    for (const invite of this.#untold) {
      const now = clock.monotonic();
      if (now - invite.sinceMs < tryingAfterMs || now - turnStartedMs >= WHOLE_TURN_MS) return;
      this.#untold.delete(invite);
      trying(invite);
    }
  }

  /** Of one that waits. */
  #isTold(invite: WaitingInvite): boolean {
    return !this.#untold.has(invite);
  }

  #remove(invite: WaitingInvite): void {
    this.#waiting.delete(invite.key);
    this.#waitingBytes -= invite.size;
    this.#untold.delete(invite);
  }

  #begin(invite: WaitingInvite): void {
    const { clock, begin } = this.#options;
    const startedMs = clock.monotonic();
    try {
      begin(invite);
    } finally {
      this.#pace.note();
      this.#begunMs = clock.monotonic();
      this.#spentMs += this.#begunMs - startedMs;
      // So that the next turn begins anew.
      if (this.#spentMs > 0) this.#defer();
    }
  }

  #turnAway(invite: NewInvite, isTold: boolean): void {
    const { policy, turnAway } = this.#options;
    const retryAfterSeconds = policy.turnedAway(callId(invite.request));
    this.#turnedAway.set(invite.key, retryAfterSeconds);
    turnAway(invite, retryAfterSeconds, isTold);
  }

  #defer(): void {
    if (this.#deferred) return;
    this.#deferred = true;
    this.#options.defer(this.#work);
  }
}
