/** Lets talkers talk once in 20 ms, for as long as they take part. */
import type { Histogram } from './histogram.ts';
import type { Lines } from './lines.ts';
import { PACKET_MS } from './speech.ts';
import type { Talker } from './talker.ts';

/**
 * Each talker has its own millisecond of the 20, on absolute time: a timer that fires late sends what is due at once
 * and does not push the rest back.
 */
export class Pacer {
  readonly #slots = Array.from({ length: PACKET_MS }, () => new Set<Talker>());
  readonly #lines: Lines;
  readonly #lateness: Histogram;
  readonly #startedAt = performance.now();
  #slot = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Stretches in which this process itself was late: when they ended, and by how much, ms. */
  readonly #stalls: { readonly at: number; readonly ms: number }[] = [];

  /** @param lines of the talkers @param lateness takes how late each slot was */
  constructor(lines: Lines, lateness: Histogram) {
    this.#lines = lines;
    this.#lateness = lateness;
    this.#fire();
  }

  add(talker: Talker): void {
    this.#slotOf(talker).add(talker);
  }

  remove(talker: Talker): void {
    this.#slotOf(talker).delete(talker);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** By how much packets left behind their time since `from`, at worst, ms; the last minutes are known. */
  worstSince(from: number): number {
    return this.#stalls.reduce((worst, { at, ms }) => (at >= from && ms > worst ? ms : worst), 0);
  }

  #slotOf({ number }: Talker): Set<Talker> {
    return this.#slots[number % PACKET_MS]!;
  }

  #fire(): void {
    const now = performance.now();
    const late = now - this.#startedAt - this.#slot;
    if (late >= STALL_MS) this.#stalled(now, late);
    for (; this.#startedAt + this.#slot <= now; this.#slot++) {
      this.#lateness.add(now - this.#startedAt - this.#slot);
      for (const talker of this.#slots[this.#slot % PACKET_MS]!) talker.tick();
    }
    this.#lines.work();
    const wait = Math.max(0, this.#startedAt + this.#slot - performance.now());
    this.#timer = setTimeout(() => this.#fire(), wait);
  }

  #stalled(at: number, ms: number): void {
    this.#stalls.push({ at, ms });
    if (this.#stalls.length > MAX_STALLS) this.#stalls.shift();
  }
}

/** What counts as a stretch in which the process was late. */
const STALL_MS = 40;
const MAX_STALLS = 2000;
