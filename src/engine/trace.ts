/** What a script tells about itself while it runs; for test assertions, the console and logs. */
import type { JsonObject } from '../swml/json.ts';
import type { Position } from '../swml/position.ts';

/** Times are milliseconds of the injected clock since the script started. */
export type TraceEvent =
  | ({ readonly kind: 'step-start'; readonly atMs: number } & StepPlace)
  | ({
      readonly kind: 'step-end';
      readonly atMs: number;
      readonly durationMs: number;
      /** Variables that the step set, with their new values. */
      readonly set: JsonObject;
      readonly unset: readonly string[];
      /** `next`, `goto`, `return` …; `error` when the step failed the script, `stopped` when the call ended. */
      readonly outcome: string;
    } & StepPlace)
  | {
      readonly kind: 'warning';
      readonly atMs: number;
      readonly code: string;
      readonly message: string;
      readonly section: string;
      readonly index: number;
      readonly method: string;
    }
  | { readonly kind: 'end'; readonly atMs: number; readonly outcome: string };

export interface StepPlace {
  readonly file: string | undefined;
  readonly section: string;
  /** Of the step in its section, or of the step that holds the list it stands in. */
  readonly index: number;
  readonly method: string;
  readonly position: Position;
  /** E.g. `sections.main[2].cond[0].then[1].play`. */
  readonly path: string;
  /** Sections that are waiting for this one to return. */
  readonly depth: number;
}
