import type { Clock } from '../time/clock.ts';
import { PacedWork } from '../time/paced-work.ts';

/** Where whole turns of lines go: a file or stream that writes behind the scenes. */
export interface TurnTarget {
  write(text: string): unknown;
  /** Writes everything out that can be, before it returns, and `last` (whole lines) behind it. */
  flushSync(last: string): void;
}

/** So soon after the last lines, further ones wait for company, ms: nobody reads a log faster. */
const PACE_MS = 20;

/** All of the process, there being one or two: what ends it ends no line. */
const sinks: TurnSink[] = [];

/**
 * Hands on lines that come soon after one another together. Each write behind the scenes wakes a thread, which costs
 * as much as making several lines. What waits is written out when the process exits, by an error as well.
 */
export class TurnSink {
  readonly #target: TurnTarget;
  readonly #writes: PacedWork;
  #text = '';

  /** @param clock on which lines wait: a real one, for nobody may be there to move another on */
  constructor(target: TurnTarget, clock: Clock) {
    this.#target = target;
    this.#writes = new PacedWork(clock, PACE_MS, () => this.#write());
    if (sinks.push(this) > 1) return;
    process.on('exit', () => {
      for (const sink of sinks) sink.#end();
    });
  }

  write(line: string): void {
    this.#text += line;
    this.#writes.ask();
  }

  /** Hands on at once what waits. */
  release(): void {
    this.#writes.run();
  }

  #write(): void {
    if (this.#text === '') return;
    const text = this.#text;
    this.#text = '';
    this.#target.write(text);
  }

  #end(): void {
    const text = this.#text;
    this.#text = '';
    // Not by a write behind the scenes: what that could not write would be lost with the process.
    this.#target.flushSync(text);
  }
}
