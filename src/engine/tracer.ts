import type { SwmlError } from '../swml/errors.ts';
import type { Clock } from '../time/clock.ts';
import type { StepPlace, TraceEvent } from './trace.ts';
import type { VariableChanges } from './variables.ts';

export type TraceListener = (event: TraceEvent) => void;

/** Tells a listener what a script does; costs nothing without one. */
export class ScriptTracer {
  readonly #clock: Clock;
  readonly #listener: TraceListener | undefined;
  readonly #origin: number;

  constructor(clock: Clock, listener: TraceListener | undefined) {
    this.#clock = clock;
    this.#listener = listener;
    this.#origin = clock.monotonic();
  }

  stepStart(place: StepPlace): void {
    this.#listener?.({ kind: 'step-start', atMs: this.#now(), ...place });
  }

  /** @param startedAt of the clock */
  stepEnd(place: StepPlace, startedAt: number, changes: () => VariableChanges, outcome: string): void {
    if (this.#listener === undefined) return;
    const atMs = this.#now();
    const durationMs = atMs - (startedAt - this.#origin);
    this.#listener({ kind: 'step-end', atMs, durationMs, ...changes(), outcome, ...place });
  }

  warning(
    error: SwmlError,
    where: { readonly section: string; readonly index: number; readonly method: string },
  ): void {
    this.#listener?.({
      kind: 'warning',
      atMs: this.#now(),
      code: error.code,
      message: error.message,
      ...where,
    });
  }

  end(outcome: string): void {
    this.#listener?.({ kind: 'end', atMs: this.#now(), outcome });
  }

  #now(): number {
    return this.#clock.monotonic() - this.#origin;
  }
}
