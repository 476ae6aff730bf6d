import type { Clock, Timer } from '../../time/clock.ts';
import type { SipTimers, TimerDurations, TimerName } from '../timers.ts';
import { type Effect, step, type Table } from './machine.ts';

/** What a machine asks of the outside; the four transactions differ only in their tables and in these. */
export interface TransactionActions<Message> {
  /** Must not throw; a failure comes back, later or at once, as the input `transportError`. */
  send(): void;
  sendTrying?(): void;
  acknowledge?(message: Message): void;
  deliver(message: Message): void;
  report(failure: 'timeout' | 'transport'): void;
  /** Once: the transaction may be forgotten. */
  terminated(): void;
}

interface Pending<Message> {
  readonly input: string;
  readonly message: Message | undefined;
}

/**
 * Runs one of the tables of RFC 3261 17, from its state `idle` on: feeds it messages and timers and performs its effects in order. An
 * input that arises while effects are performed (a send that fails, an answer given at once) waits its turn.
 */
export class TransactionDriver<Message> {
  readonly #table: Table<string, string>;
  readonly #clock: Clock;
  readonly #timers: SipTimers;
  readonly #durations: TimerDurations;
  readonly #actions: TransactionActions<Message>;
  readonly #running: { [Name in TimerName]?: Timer | undefined } = {};
  /** Undefined: none has ever had to wait. */
  #waiting: Pending<Message>[] | undefined;
  #state = 'idle';
  #busy = false;
  #finished = false;
  /** Of the retransmission timer (A, E or G; a machine has one of them), ms. */
  #interval = 0;

  constructor(options: {
    readonly table: Table<string, string>;
    readonly clock: Clock;
    readonly timers: SipTimers;
    readonly reliable: boolean;
    readonly actions: TransactionActions<Message>;
  }) {
    this.#table = options.table;
    this.#clock = options.clock;
    this.#timers = options.timers;
    this.#durations = options.reliable ? options.timers.reliable : options.timers.unreliable;
    this.#actions = options.actions;
  }

  get state(): string {
    return this.#state;
  }

  /** @param message what `deliver` and `acknowledge` work on */
  input(input: string, message?: Message): void {
    if (this.#busy) {
      this.#waiting ??= [];
      this.#waiting.push({ input, message });
      return;
    }
    this.#busy = true;
    try {
      this.#perform(input, message);
      while (this.#waiting !== undefined && this.#waiting.length > 0) {
        const next = this.#waiting.shift()!;
        this.#perform(next.input, next.message);
      }
    } finally {
      this.#busy = false;
    }
  }

  /** Forgets the transaction at once: its endpoint closes. */
  abandon(): void {
    this.#state = 'terminated';
    this.#finish();
  }

  #perform(input: string, message: Message | undefined): void {
    if (this.#state === 'terminated') return;
    const { state, effects } = step(this.#table, this.#state, input);
    this.#state = state;
    for (const effect of effects) this.#apply(effect, message);
    if (this.#state === 'terminated') this.#finish();
  }

  #apply(effect: Effect, message: Message | undefined): void {
    switch (effect.do) {
      case 'send':
        this.#actions.send();
        break;
      case 'sendTrying':
        this.#actions.sendTrying?.();
        break;
      case 'acknowledge':
        if (message !== undefined) this.#actions.acknowledge?.(message);
        break;
      case 'deliver':
        if (message !== undefined) this.#actions.deliver(message);
        break;
      case 'report':
        this.#actions.report(effect.failure);
        break;
      case 'start':
        this.#start(effect.timer, this.#durations[effect.timer]);
        break;
      case 'backOff':
        // Timer A doubles without a bound (17.1.1.2), the others up to T2 (17.1.2.2, 17.2.1).
        this.#start(
          effect.timer,
          effect.timer === 'A' ? 2 * this.#interval : Math.min(2 * this.#interval, this.#timers.t2),
        );
        break;
      case 'slowDown':
        this.#start(effect.timer, this.#timers.t2);
        break;
      case 'stop':
        this.#running[effect.timer]?.cancel();
        this.#running[effect.timer] = undefined;
        break;
    }
  }

  #start(timer: TimerName, delayMs: number | undefined): void {
    if (delayMs === undefined || this.#state === 'terminated') return;
    if (timer === 'A' || timer === 'E' || timer === 'G') this.#interval = delayMs;
    // Every table has an input `timerX` for each timer that it starts; the test of the tables shows it.
    const fired = (): void => this.input(`timer${timer}`);
    if (delayMs === 0) fired();
    else this.#running[timer] = this.#clock.after(delayMs, fired);
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    for (const timer of Object.values(this.#running)) timer?.cancel();
    this.#actions.terminated();
  }
}
