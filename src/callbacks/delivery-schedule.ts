/** A callback whose turn within its operation has come. */
export interface Turn {
  readonly id: number;
  readonly url: string;
  readonly operationId: string;
}

export interface ScheduleLimits {
  /** Requests under way at once. */
  readonly concurrency: number;
  /** Of these, to one receiver (scheme, host and port). */
  readonly perOrigin: number;
}

interface Origin {
  readonly name: string;
  readonly ready: Turn[];
  running: number;
  /** The last attempt found nobody there: one request at a time then finds out when that changes. */
  failing: boolean;
}

/**
 * Decides who sends next: turns of one receiver in the order in which they became ready, receivers in
 * rotation, so that a slow or dead one takes no more than its share of the places.
 */
export class DeliverySchedule {
  readonly #limits: ScheduleLimits;
  /** In the order of rotation; those without turns and requests are dropped. */
  readonly #origins = new Map<string, Origin>();
  #running = 0;
  #ready = 0;

  constructor(limits: ScheduleLimits) {
    this.#limits = limits;
  }

  /** Nothing is ready and nothing under way. */
  get idle(): boolean {
    return this.#running === 0 && this.#ready === 0;
  }

  add(turn: Turn): void {
    const name = originOf(turn.url);
    let origin = this.#origins.get(name);
    if (origin === undefined) {
      origin = { name, ready: [], running: 0, failing: false };
      this.#origins.set(name, origin);
    }
    origin.ready.push(turn);
    this.#ready++;
  }

  /** The next turn, now counted as under way; undefined when nothing is ready or every place is taken. */
  take(): Turn | undefined {
    if (this.#running >= this.#limits.concurrency || this.#ready === 0) return undefined;
    for (const origin of this.#origins.values()) {
      const places = origin.failing ? 1 : this.#limits.perOrigin;
      if (origin.ready.length === 0 || origin.running >= places) continue;
      origin.running++;
      this.#running++;
      this.#ready--;
      // To the end of the rotation.
      this.#origins.delete(origin.name);
      this.#origins.set(origin.name, origin);
      return origin.ready.shift();
    }
    return undefined;
  }

  /** @param failing whether the receiver could not be reached */
  done(turn: Turn, failing: boolean): void {
    const origin = this.#origins.get(originOf(turn.url));
    if (origin === undefined) return;
    origin.running--;
    origin.failing = failing;
    this.#running--;
    // What is known of a failing receiver is kept only while there is something to send to it.
    if (origin.running === 0 && origin.ready.length === 0) this.#origins.delete(origin.name);
  }
}

function originOf(url: string): string {
  return URL.parse(url)?.origin ?? url;
}
