import type { LegEvent } from './media-leg.ts';

/** How far a call that is being made has come, from the events of its leg. */
export class DialProgress {
  readonly #alerted = Promise.withResolvers<void>();
  readonly #answered = Promise.withResolvers<void>();
  readonly #soundListeners: ((sounds: boolean) => void)[] = [];

  get alerted(): Promise<void> {
    return this.#alerted.promise;
  }

  get answered(): Promise<void> {
    return this.#answered.promise;
  }

  onEarlySound(listener: (sounds: boolean) => void): void {
    this.#soundListeners.push(listener);
  }

  take({ kind, text }: LegEvent): void {
    if (kind !== 'call') return;
    if (text === 'ringing') this.#alerted.resolve();
    else if (text === 'early media') this.#tellSound(true);
    else if (text === 'early media over') this.#tellSound(false);
    else if (text === 'answered') this.#answered.resolve();
  }

  /** Once the leg, whose event this is, has done what it tells of. */
  #tellSound(sounds: boolean): void {
    queueMicrotask(() => {
      for (const listener of this.#soundListeners) listener(sounds);
    });
  }
}
