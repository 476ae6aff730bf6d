import { type Clock, MAX_CATCH_UP, type Timer } from '../time/clock.ts';

export interface TurnsOptions {
  readonly clock: Clock;
  /** From one turn to the next, ms. */
  readonly periodMs: number;
  /** Turns of a round. */
  readonly count: number;
  /** Whether somebody needs this turn; when a turn becomes needed, {@link Turns.refresh} is to be called. */
  readonly isNeeded: (turn: number) => boolean;
  /** @param atMs its time; @param isPassed nobody needed it, so it is past already: only its time counts */
  readonly onTurn: (turn: number, atMs: number, isPassed: boolean) => void;
  /** Turns of so many ms were missed and will not be made up for, some of them needed. */
  readonly onDropped?: (ms: number) => void;
}

/** Timers fire so much too early at most, ms. */
const EARLY_MS = 0.5;

/**
 * Turns that follow each other on an absolute schedule, as {@link Clock.every} has it, for a thread that is woken
 * for those only that somebody needs: a wake-up costs as much as the work for some packets. Those between are told
 * behind it, each with the time at which it was due, so that nothing depends on who needs them.
 */
export class Turns {
  readonly #options: TurnsOptions;
  /** The next turn, and when it is due, ms. */
  #turn = 0;
  #dueMs = 0;
  /** When the thread is to be woken, ms; what is due before was needed by nobody. */
  #wakeMs = 0;
  #timer: Timer | undefined;
  #runs = false;
  readonly #fire = (): void => this.#run();

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** No-op when they run. */
  start(): void {
    if (this.#runs) return;
    const { clock, periodMs } = this.#options;
    this.#runs = true;
    this.#dueMs = clock.monotonic() + periodMs;
    this.#schedule();
  }

  stop(): void {
    this.#runs = false;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Somebody may need a turn before the one that is waited for. */
  refresh(): void {
    if (this.#timer !== undefined && this.#nextNeeded() < this.#wakeMs - EARLY_MS) this.#schedule();
  }

  /** Tells of the turns by now that nobody needed: before anything happens that is to come behind them. */
  passOver(): void {
    if (this.#timer === undefined) return;
    const nowMs = this.#options.clock.monotonic();
    while (this.#dueMs <= nowMs && this.#dueMs < this.#wakeMs - EARLY_MS) this.#take(true);
  }

  /**
   * Makes up for turns that a standstill has missed, if it has: before something that is about the present, which may
   * come before their timer. No effect from within a turn.
   */
  makeUp(): void {
    const { clock, periodMs } = this.#options;
    if (this.#timer === undefined || clock.monotonic() < this.#wakeMs + periodMs) return;
    this.#timer.cancel();
    this.#run();
  }

  #run(): void {
    this.#timer = undefined;
    const { clock, periodMs } = this.#options;
    const nowMs = clock.monotonic();
    this.#drop(nowMs - periodMs * MAX_CATCH_UP);
    while (this.#runs && this.#dueMs <= nowMs + EARLY_MS) this.#take(this.#dueMs < this.#wakeMs - EARLY_MS);
    if (this.#runs) this.#schedule();
  }

  /** What was missed for so long is not made up for. */
  #drop(oldestMs: number): void {
    while (this.#dueMs < oldestMs && this.#dueMs < this.#wakeMs - EARLY_MS) this.#take(true);
    if (this.#dueMs >= oldestMs) return;
    this.#options.onDropped?.(oldestMs - this.#dueMs);
    this.#dueMs = oldestMs;
  }

  #take(isPassed: boolean): void {
    const { clock, periodMs, count, onTurn } = this.#options;
    const turn = this.#turn;
    const dueMs = this.#dueMs;
    this.#turn = (turn + 1) % count;
    this.#dueMs = dueMs + periodMs;
    onTurn(turn, isPassed ? dueMs : clock.monotonic(), isPassed);
  }

  #schedule(): void {
    const { clock } = this.#options;
    this.#timer?.cancel();
    this.#wakeMs = this.#nextNeeded();
    this.#timer = clock.after(this.#wakeMs - clock.monotonic(), this.#fire);
  }

  /** When the next turn that somebody needs is due, ms; a whole round ahead at most. */
  #nextNeeded(): number {
    const { periodMs, count, isNeeded } = this.#options;
    let ahead = 0;
    while (ahead < count - 1 && !isNeeded((this.#turn + ahead) % count)) ahead++;
    return this.#dueMs + ahead * periodMs;
  }
}
