import type { Logger } from '../log/logger.ts';
import { redactUrl } from '../log/redact.ts';
import { StorageError, type StorageErrorCode } from '../storage/errors.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { CallbackRequest, Outbox } from './events.ts';

export interface OwedCallbacksOptions {
  readonly outbox: Pick<Outbox, 'enqueue'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A disk is given room, or a program lets go of the database, in seconds at best. A try may take 2 s of them. */
const RETRY_MS = 5_000;
/** Callbacks that are kept at most; further ones are lost. */
const MAX_OWED = 10_000;
/** So many are stored at once, so that no call waits for them; the next ones a moment later, ms. */
const PORTION = 500;
const NEXT_MS = 100;
/** What no later try mends. */
const FINAL: readonly StorageErrorCode[] = ['closed', 'constraint'];

/**
 * Callbacks that could not be put into the outbox (a full disk, a database that another program holds): they are put
 * in as soon as that is possible, and all that come behind them after them, so that operations keep their order.
 */
export class OwedCallbacks {
  readonly #options: OwedCallbacksOptions;
  /** In their order. */
  readonly #owed: CallbackRequest[] = [];
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: OwedCallbacksOptions) {
    this.#options = options;
  }

  /** Never throws; not for use within a transaction. */
  enqueue(request: CallbackRequest): void {
    if (this.#owed.length === 0) {
      const failure = this.#store(request);
      if (failure === undefined) return;
      if (!isPassing(failure) || this.#closed) {
        this.#lost(request, failure);
        return;
      }
      this.#options.log.error({ err: failure }, 'callbacks cannot be stored now, trying again');
    } else if (this.#owed.length >= MAX_OWED) {
      this.#lost(request, new Error(`${MAX_OWED} callbacks wait to be stored already`));
      return;
    }
    this.#owed.push(request);
    this.#wait(RETRY_MS);
  }

  /** Tries once more, for the last time. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    const failure = this.#storeOwed(MAX_OWED);
    for (const request of this.#owed.splice(0)) this.#lost(request, failure);
  }

  #wait(ms: number): void {
    this.#timer ??= this.#options.clock.after(ms, () => {
      this.#timer = undefined;
      const failure = this.#storeOwed(PORTION);
      if (this.#owed.length > 0) this.#wait(failure === undefined ? NEXT_MS : RETRY_MS);
      else this.#options.log.info({}, 'all callbacks are stored that could not be before');
    });
  }

  /** Until the first that fails again: each try may hold up this thread. @returns why it failed */
  #storeOwed(most: number): unknown {
    for (let count = 0; count < most; count++) {
      const [request] = this.#owed;
      if (request === undefined) return undefined;
      const failure = this.#store(request);
      if (isPassing(failure)) return failure;
      this.#owed.shift();
      if (failure !== undefined) this.#lost(request, failure);
    }
    return undefined;
  }

  /** @returns why it could not be stored */
  #store(request: CallbackRequest): unknown {
    try {
      this.#options.outbox.enqueue(request);
      return undefined;
    } catch (cause) {
      return cause;
    }
  }

  #lost(request: CallbackRequest, cause: unknown): void {
    const { event_type, params } = request.envelope;
    // It is nowhere else: only here stands what somebody waits for in vain.
    const about = { err: cause, call_id: params['call_id'], event_type, url: redactUrl(request.url) };
    this.#options.log.error(about, 'a callback could not be stored');
  }
}

function isPassing(cause: unknown): boolean {
  return cause instanceof StorageError && !FINAL.includes(cause.code);
}
