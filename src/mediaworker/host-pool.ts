import type { MediaCommand, MediaEvent, MediaHost } from './protocol.ts';
import type { WorkerLoad, WorkerMediaHost } from './worker-host.ts';

/** Several media workers as one host: a new session goes to the one with the fewest. */
export class MediaHostPool implements MediaHost {
  readonly #hosts: readonly WorkerMediaHost[];
  readonly #placed = new Map<string, WorkerMediaHost>();

  /** @param hosts at least one */
  constructor(hosts: readonly WorkerMediaHost[]) {
    if (hosts.length === 0) throw new TypeError('a media pool needs at least one worker');
    this.#hosts = hosts;
  }

  /** What each thread did since the last call. */
  takeLoads(): readonly WorkerLoad[] {
    return this.#hosts.map((host) => host.takeLoad());
  }

  send(command: MediaCommand): void {
    this.#placed.get(command.sessionId)?.send(command);
  }

  subscribe(sessionId: string, listener: (event: MediaEvent) => void): void {
    const host = this.#hosts.reduce((least, other) => (other.load < least.load ? other : least));
    this.#placed.set(sessionId, host);
    host.subscribe(sessionId, (event) => {
      if (event.type === 'closed' || event.type === 'openFailed') this.#placed.delete(sessionId);
      listener(event);
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.close()));
  }
}
