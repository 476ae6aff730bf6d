import type { LegEvent } from './media-leg.ts';

/** How far a call that is being made has come, from the events of its leg. */
export class DialProgress {
  readonly #alerted = Promise.withResolvers<void>();
  readonly #earlySound = Promise.withResolvers<void>();
  readonly #answered = Promise.withResolvers<void>();

  get alerted(): Promise<void> {
    return this.#alerted.promise;
  }

  get earlySound(): Promise<void> {
    return this.#earlySound.promise;
  }

  get answered(): Promise<void> {
    return this.#answered.promise;
  }

  take({ kind, text }: LegEvent): void {
    if (kind !== 'call') return;
    if (text === 'ringing') this.#alerted.resolve();
    else if (text === 'early media') this.#earlySound.resolve();
    else if (text === 'answered') this.#answered.resolve();
  }
}
