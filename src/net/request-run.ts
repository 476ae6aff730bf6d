import type { Clock, Timer } from '../time/clock.ts';
import { deadlineAfter } from '../time/deadline.ts';
import type { Exchange } from './exchange.ts';
import { HttpError } from './http-errors.ts';

/** The total deadline and the caller's signal, which hold for all hops of one request. */
export class RequestRun {
  readonly #clock: Clock;
  readonly #signal: AbortSignal | undefined;
  #exchange: Exchange | undefined;
  #timer: Timer | undefined;
  #error: HttpError | undefined;
  readonly #onAbort: () => void;

  constructor(clock: Clock, signal: AbortSignal | undefined) {
    this.#clock = clock;
    this.#signal = signal;
    this.#onAbort = () => this.#stop(new HttpError('aborted', 'the request is no longer wanted'));
  }

  start(totalMs: number, where: string): void {
    this.#timer = deadlineAfter(this.#clock, totalMs, () =>
      this.#stop(new HttpError('timeout_total', `${where}: not complete within ${totalMs} ms`)),
    );
    if (this.#signal?.aborted === true) this.#onAbort();
    else this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  watch(exchange: Exchange): void {
    this.#exchange = exchange;
    if (this.#error !== undefined) exchange.cancel(this.#error);
  }

  endDeadline(): void {
    this.#timer?.cancel();
  }

  end(): void {
    this.#timer?.cancel();
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }

  #stop(error: HttpError): void {
    this.#error = error;
    this.#exchange?.cancel(error);
  }
}
