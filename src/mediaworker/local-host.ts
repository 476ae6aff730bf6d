import type { MediaCommand, MediaEvent, MediaHost } from './protocol.ts';
import { SessionTable, type SessionTableOptions } from './session-table.ts';

/** Media sessions on the caller's own thread: for virtual time, tests and the phone. */
export class LocalMediaHost implements MediaHost {
  readonly #table: SessionTable;
  readonly #listeners = new Map<string, (event: MediaEvent) => void>();
  #closed: Promise<void> | undefined;

  constructor(options: Omit<SessionTableOptions, 'onEvent'>) {
    this.#table = new SessionTable({ ...options, onEvent: (event) => this.#deliver(event) });
  }

  send(command: MediaCommand): void {
    if (this.#closed !== undefined && command.type === 'open') throw new Error('the media host is closed');
    this.#table.handle(command);
  }

  subscribe(sessionId: string, listener: (event: MediaEvent) => void): void {
    this.#listeners.set(sessionId, listener);
  }

  close(): Promise<void> {
    this.#closed ??= this.#table.close();
    return this.#closed;
  }

  /** Not within the tick that made the event, as it would be across threads. */
  #deliver(event: MediaEvent): void {
    queueMicrotask(() => {
      const listener = this.#listeners.get(event.sessionId);
      if (event.type === 'closed' || event.type === 'openFailed') this.#listeners.delete(event.sessionId);
      listener?.(event);
    });
  }
}
