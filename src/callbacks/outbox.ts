import type { Logger } from '../log/logger.ts';
import { redactUrl } from '../log/redact.ts';
import type { Database } from '../storage/database.ts';
import { StorageError } from '../storage/errors.ts';
import { Pruning } from '../storage/pruning.ts';
import { timeOrderedId } from '../storage/time-ordered-id.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { type CallbackRow, CallbackTable, type OperationHead } from './callback-table.ts';
import { DeliverySchedule, type Turn } from './delivery-schedule.ts';
import { type AttemptResult, type Delivery, type DeliveryInput, step } from './delivery-states.ts';
import type { CallbackDelivery, CallbackRequest, Outbox } from './events.ts';

/** Makes one attempt. */
export interface CallbackSender {
  /** Never rejects. Resolves with `interrupted` soon after `signal` aborts. Declares its real work to the clock. */
  send(callback: CallbackRow, signal: AbortSignal): Promise<AttemptResult>;
}

export interface OutboxOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly sender: CallbackSender;
  /** 0 ≤ value < 1, for the jitter of the waits. */
  readonly random: () => number;
  /** Fresh UUIDs for idempotency keys; default {@link timeOrderedId}. */
  readonly newId?: () => string;
  /** Told of every callback that is put in. */
  readonly onEnqueue?: (request: CallbackRequest) => void;
  readonly limits?: Partial<OutboxLimits>;
}

export interface OutboxLimits {
  /** Requests under way at once. */
  readonly concurrency: number;
  /** Of these, to one receiver. */
  readonly perOrigin: number;
  /** How long one callback is tried, ms. */
  readonly giveUpAfterMs: number;
  /** Callbacks not yet delivered; those beyond go straight to the dead letters. */
  readonly maxOpen: number;
  /** How long delivered ones and dead letters are kept, ms. */
  readonly keepDeliveredMs: number;
  readonly keepDeadMs: number;
}

const HOUR_MS = 3_600_000;

export const DEFAULT_OUTBOX_LIMITS: OutboxLimits = {
  concurrency: 16,
  perOrigin: 4,
  giveUpAfterMs: 24 * HOUR_MS,
  maxOpen: 100_000,
  keepDeliveredMs: 24 * HOUR_MS,
  keepDeadMs: 7 * 24 * HOUR_MS,
};

/** How often the outbox looks whether an operator has changed something from outside, ms. */
const WATCH_INTERVAL_MS = 1_000;
/** Wait before a state that could not be written (full disk) is written again, ms. */
const STORAGE_RETRY_MS = 5_000;

/**
 * The outbox in the database. A callback is a row written in the transaction of the state change that it
 * reports; from there on it is tried until it is delivered or its time is over. Of each operation one is
 * under way at a time, and the next one follows when the former came to its end.
 */
export class DurableOutbox implements Outbox {
  readonly #table: CallbackTable;
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #sender: CallbackSender;
  readonly #random: () => number;
  readonly #newId: () => string;
  readonly #onEnqueue: (request: CallbackRequest) => void;
  readonly #limits: OutboxLimits;
  readonly #schedule: DeliverySchedule;
  readonly #listeners: ((delivery: CallbackDelivery) => void)[] = [];
  /** Operations that have a first callback ready, under way or waiting. */
  readonly #operations = new Set<string>();
  readonly #timers = new Set<Timer>();
  readonly #pruning: Pruning;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  #idleWaiters: (() => void)[] = [];
  #open: number;
  #started = false;
  /** The database could not be read or written when last asked. */
  #isDown = false;
  #foreignVersion = 0;

  /** @throws StorageError */
  constructor(options: OutboxOptions) {
    this.#database = options.database;
    this.#table = new CallbackTable(options.database);
    this.#clock = options.clock;
    this.#log = options.log.child({ component: 'outbox' });
    this.#sender = options.sender;
    this.#random = options.random;
    this.#newId = options.newId ?? (() => timeOrderedId(options.clock.now()));
    this.#onEnqueue = options.onEnqueue ?? (() => {});
    this.#limits = { ...DEFAULT_OUTBOX_LIMITS, ...options.limits };
    this.#schedule = new DeliverySchedule(this.#limits);
    this.#pruning = new Pruning({
      clock: options.clock,
      log: options.log,
      what: 'the outbox',
      prune: (limit) => this.#prune(limit),
    });
    this.#open = this.#table.countOpen();
  }

  /** Callbacks that have not come to their end. */
  get open(): number {
    return this.#open;
  }

  /** @throws StorageError; the callback is then not in the outbox */
  enqueue(request: CallbackRequest): void {
    const now = this.#clock.now();
    const full = this.#open >= this.#limits.maxOpen;
    const error = `the outbox is full: ${this.#open} callbacks wait for their receivers`;
    const idempotencyKey = this.#newId();
    const deadlineAt = now + this.#limits.giveUpAfterMs;
    const id = full
      ? this.#table.insert(request, { state: 'dead', idempotencyKey, now, deadlineAt, error })
      : this.#table.insert(request, { state: 'pending', idempotencyKey, now, deadlineAt });
    const { url, operationId } = request;
    this.#database.afterCommit(() => {
      this.#onEnqueue(request);
      if (full) {
        const { event_type: eventType, params } = request.envelope;
        const delivery = { id, url: redactUrl(url), eventType, state: 'dead', attempts: 0, error } as const;
        this.#announce(delivery, params['call_id']);
      } else {
        this.#open++;
        this.#activate({ id, url, operationId, dueAt: undefined, updatedAt: now });
      }
    });
  }

  onDelivery(listener: (delivery: CallbackDelivery) => void): void {
    this.#listeners.push(listener);
  }

  /** @throws StorageError */
  start(): void {
    if (this.#started) return;
    const interrupted = this.#table.interruptSending();
    const heads = this.#table.heads();
    this.#started = true;
    if (this.#open > 0) {
      this.#log.info({ open: this.#open, interrupted }, 'callbacks left from the last run are sent now');
    }
    for (const head of heads) this.#activate(head);
    this.#pruning.start();
    this.#foreignVersion = this.#database.foreignVersion;
    this.#timers.add(this.#clock.every(WATCH_INTERVAL_MS, () => this.#watch()));
  }

  drain(limitMs: number): Promise<void> {
    if (!this.#started || this.#idle) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#clock.after(limitMs, resolve);
      this.#idleWaiters.push(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  /** Breaks off what is under way; it is sent again after the next start. */
  async close(): Promise<void> {
    this.#stopping.abort();
    this.#pruning.close();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    await Promise.all(this.#inFlight);
  }

  #step(delivery: Delivery, input: DeliveryInput): ReturnType<typeof step> {
    const { giveUpAfterMs } = this.#limits;
    return step(delivery, input, { now: this.#clock.now(), random: this.#random(), giveUpAfterMs });
  }

  /** Takes the first callback of an operation in, unless one of that operation is already on its way. */
  #activate(head: OperationHead): void {
    if (!this.#started || this.#stopping.signal.aborted) return;
    const key = operationKey(head);
    if (this.#operations.has(key)) return;
    this.#operations.add(key);
    const { dueAt = 0, updatedAt } = head;
    // No longer than was chosen when the row was written: the machine's clock may have been set back since.
    this.#wait(head, Math.min(dueAt - this.#clock.now(), dueAt - updatedAt));
  }

  /** Nothing is to be sent now, nor is anything being written down that something may follow. */
  get #idle(): boolean {
    return this.#schedule.idle && this.#inFlight.size === 0;
  }

  #wait(turn: Turn, ms: number): void {
    const ready = (): void => {
      this.#schedule.add(turn);
      this.#pump();
    };
    if (ms <= 0) ready();
    else this.#after(ms, ready);
  }

  #after(ms: number, callback: () => void): void {
    const timer = this.#clock.after(ms, () => {
      this.#timers.delete(timer);
      callback();
    });
    this.#timers.add(timer);
  }

  #pump(): void {
    while (!this.#stopping.signal.aborted) {
      const turn = this.#schedule.take();
      if (turn === undefined) break;
      const attempt = this.#attempt(turn);
      this.#inFlight.add(attempt);
      void attempt.finally(() => {
        this.#inFlight.delete(attempt);
        if (!this.#idle) return;
        for (const waiter of this.#idleWaiters.splice(0)) waiter();
      });
    }
  }

  async #attempt(turn: Turn): Promise<void> {
    const sending = this.#begin(turn);
    if (sending === undefined || sending === 'gone') {
      this.#schedule.done(turn, false);
      if (sending === 'gone') this.#continueOperation(turn);
      else if (!this.#stopping.signal.aborted) this.#after(STORAGE_RETRY_MS, () => this.#wait(turn, 0));
      return;
    }
    const result = await this.#sender.send(sending, this.#stopping.signal);
    this.#schedule.done(turn, result.type === 'failed' && result.status === undefined);
    const settled = this.#settle(turn, sending, result);
    this.#pump();
    await settled;
  }

  /**
   * Notes that an attempt begins, which nobody waits for: one that is not noted is made again after a crash, like
   * one that is. @returns undefined when the row cannot be read, `gone` when someone deleted it
   */
  #begin(turn: Turn): CallbackRow | 'gone' | undefined {
    return this.#tryStorage(() => {
      const row = this.#table.get(turn.id);
      const result = row && this.#step(row, { type: 'send' });
      if (row === undefined || result === undefined) return 'gone';
      const { httpStatus, error } = row;
      const now = this.#clock.now();
      void this.#tryGather(() => this.#table.save(row.id, result.next, { now, httpStatus, error }));
      return { ...row, ...result.next };
    });
  }

  /** Writes down what came of an attempt, and lets the operation go on. */
  async #settle(turn: Turn, row: CallbackRow, result: AttemptResult): Promise<void> {
    const outcome = this.#step(row, result);
    if (outcome === undefined) return;
    const now = this.#clock.now();
    const status = 'status' in result ? result.status : undefined;
    const error = 'error' in result ? result.error : undefined;
    const wait = outcome.effects.find((effect) => effect.type === 'wait');
    const dueAt = wait === undefined ? undefined : now + wait.ms;
    const end = outcome.effects.find((effect) => effect.type === 'announce');
    const saved = await this.#tryGather(() => {
      this.#table.save(row.id, outcome.next, { now, dueAt, httpStatus: status, error });
      // With the commit, so that whoever counts the rows behind it finds as many.
      if (end !== undefined) this.#database.afterCommit(() => this.#open--);
    });
    if (this.#stopping.signal.aborted) return;
    if (!saved) {
      this.#after(STORAGE_RETRY_MS, () => void this.#settle(turn, row, result));
      return;
    }
    if (wait !== undefined) {
      const { attempts, eventType } = row;
      const about = { call_id: callIdOf(row), callback: row.id, url: redactUrl(row.url), eventType };
      this.#log.warn(
        { ...about, attempts, status, error, retry_in_s: wait.ms / 1000 },
        'callback not delivered, will be sent again',
      );
      this.#wait(turn, wait.ms);
    }
    if (end === undefined) return;
    const delivery = {
      id: row.id,
      url: redactUrl(row.url),
      eventType: row.eventType,
      state: end.state,
      attempts: row.attempts,
      ...(status === undefined ? {} : { status }),
      ...(error === undefined ? {} : { error }),
    };
    this.#announce(delivery, end.state === 'dead' ? callIdOf(row) : undefined);
    this.#continueOperation(turn);
  }

  #continueOperation(turn: Turn): void {
    const read = (): OperationHead | 'none' => this.#table.next(turn.url, turn.operationId) ?? 'none';
    // One that is only gathered may not be sent yet; most operations have none, and gathering goes on.
    const next = this.#tryStorage(() => (read() === 'none' ? 'none' : this.#database.readCommitted(read)));
    if (next === undefined) {
      // The operation stays taken, so that what is put in meanwhile does not go ahead of what cannot be read.
      this.#after(STORAGE_RETRY_MS, () => this.#continueOperation(turn));
      return;
    }
    this.#operations.delete(operationKey(turn));
    if (next !== 'none') this.#activate(next);
  }

  /** @param callId for the log, where that is read */
  #announce(delivery: CallbackDelivery, callId: unknown): void {
    const { id, url, eventType, attempts, status, error } = delivery;
    const fields = { call_id: callId, callback: id, url, eventType, attempts, status, error };
    if (delivery.state === 'dead') this.#log.error(fields, 'callback given up, kept as a dead letter');
    else this.#log.debug(fields, 'callback delivered');
    for (const listener of this.#listeners) {
      try {
        listener(delivery);
      } catch (cause) {
        this.#log.error({ callback: id, error: cause }, 'a listener for callback deliveries failed');
      }
    }
  }

  /** Takes in what another program has put back into the outbox (dead letters that are to be sent again). */
  #watch(): void {
    this.#tryStorage(() => {
      const version = this.#database.foreignVersion;
      if (version === this.#foreignVersion) return;
      const found = this.#database.readCommitted(() => ({
        heads: this.#table.heads((operation) => this.#operations.has(operationKey(operation))),
        open: this.#table.countOpen(),
      }));
      this.#open = found.open;
      this.#foreignVersion = version;
      for (const head of found.heads) this.#activate(head);
    });
  }

  #prune(limit: number): number {
    const { keepDeliveredMs, keepDeadMs } = this.#limits;
    const now = this.#clock.now();
    const delivered = this.#table.prune('delivered', now - keepDeliveredMs, limit);
    return Math.max(delivered, this.#table.prune('dead', now - keepDeadMs, limit));
  }

  /** Runs `work`; on an error of the database logs it and returns undefined, so that a full disk ends nothing. */
  #tryStorage<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** The same for what is committed with others. @returns whether it was */
  async #tryGather(work: () => void): Promise<boolean> {
    try {
      await this.#database.gather(work);
    } catch (error) {
      this.#failed(error);
      return false;
    }
    if (this.#isDown) this.#log.info({}, 'the outbox can be written again');
    this.#isDown = false;
    return true;
  }

  /**
   * Told once: while a disk is full, each of a hundred thousand callbacks fails every few seconds.
   * @throws what is no error of the database
   */
  #failed(error: unknown): void {
    if (!(error instanceof StorageError)) throw error;
    if (this.#stopping.signal.aborted) return;
    const level = this.#isDown ? 'debug' : 'error';
    this.#isDown = true;
    this.#log[level]({ error: error.message }, 'the outbox could not be written, trying again');
  }
}

/** Of the call that it is about, for the log. */
function callIdOf({ body }: CallbackRow): unknown {
  const { params } = JSON.parse(body) as Partial<CallbackRequest['envelope']>;
  return params?.['call_id'];
}

function operationKey({ operationId, url }: Pick<Turn, 'operationId' | 'url'>): string {
  return `${operationId} ${url}`;
}
