import type { ServerEvent } from '../../src/server/events.ts';

/** Waits for events of the server, from now on. */
export class EventWaiter {
  readonly #waiting = new Set<(event: ServerEvent) => void>();
  readonly #over = Promise.withResolvers<never>();

  constructor() {
    // Most of the time nobody waits when the call ends.
    this.#over.promise.catch(() => {});
  }

  take(event: ServerEvent): void {
    for (const wake of [...this.#waiting]) wake(event);
  }

  callIsOver(): void {
    this.#over.reject(new Error('the call ended before its time'));
  }

  /** @throws Error when the call ends first */
  next(wanted: (event: ServerEvent) => boolean): Promise<ServerEvent> {
    const found = new Promise<ServerEvent>((resolve) => {
      const wake = (event: ServerEvent): void => {
        if (!wanted(event)) return;
        this.#waiting.delete(wake);
        resolve(event);
      };
      this.#waiting.add(wake);
    });
    return Promise.race([found, this.#over.promise]);
  }
}
