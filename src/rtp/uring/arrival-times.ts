import type { Libc } from '../../io-uring/libc.ts';

/** struct cmsghdr and struct timespec, as SO_TIMESTAMPNS puts them before a datagram. */
export const CONTROL_BYTES = 32;
const SECONDS = 4;
const NANOSECONDS = 6;
/** A step of the system's clock may make a datagram look older than it can be, or newer: sockets hold less than this. */
const OLDEST_MS = 20_000;

/**
 * When datagrams reached the system, by its own stamp (socket(7), SO_TIMESTAMPNS), on the injected clock: they
 * may be looked at much later.
 */
export class ArrivalTimes {
  readonly #libc: Pick<Libc, 'realtime'>;
  readonly #monotonic: () => number;
  /** The system's clock and ours at the last {@link look}. */
  readonly #system = new Uint32Array(4);
  #ours = 0;

  /** @param monotonic ms */
  constructor(libc: Pick<Libc, 'realtime'>, monotonic: () => number) {
    this.#libc = libc;
    this.#monotonic = monotonic;
  }

  /** Call before datagrams are read. */
  look(): void {
    this.#libc.realtime(this.#system);
    this.#ours = this.#monotonic();
  }

  /** @param at place of control data in words. @returns our clock's reading at the arrival, ms */
  read(words: Uint32Array, at: number): number {
    let ageMs = this.#age(words, at);
    if (ageMs < 0) {
      // Behind that look: a moment, or as much as a frame where it was files that looked at the ring (uring-files.ts).
      this.look();
      ageMs = this.#age(words, at);
    }
    return this.#ours - Math.min(Math.max(ageMs, 0), OLDEST_MS);
  }

  /** How long before the last {@link look} it came, ms. */
  #age(words: Uint32Array, at: number): number {
    const seconds = (this.#system[0]! - words[at + SECONDS]!) | 0;
    return seconds * 1000 + (this.#system[2]! - words[at + NANOSECONDS]!) / 1e6;
  }
}
