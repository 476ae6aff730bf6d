import type { Block } from '../swml/document.ts';
import type { JsonObject, JsonValue } from '../swml/json.ts';
import type { Transform } from './transform.ts';

/** A block that is chosen by the outcome of a method: `result` of `execute`, `connect`, `join_conference`. */
export type Choice =
  | {
      readonly kind: 'switch';
      /** Path. */
      readonly variable: string;
      readonly cases: Readonly<Record<string, Block>>;
      readonly otherwise: Block | undefined;
      /** What is done to the value before it is compared. */
      readonly transform?: Transform | undefined;
    }
  | { readonly kind: 'cond'; readonly entries: readonly CondEntry[] };

export interface CondEntry {
  /** JavaScript; absent in an entry that holds only `else`. */
  readonly when?: string | undefined;
  readonly then?: Block | undefined;
  readonly else?: Block | undefined;
}

/** Where a script goes on after a step (spec/flow.md). */
export type Flow =
  | { readonly kind: 'next' }
  /** Runs a nested list, then what follows the step. */
  | { readonly kind: 'block'; readonly block: Block }
  | {
      readonly kind: 'goto';
      readonly label: string;
      readonly max: number;
      /** What follows the last jump: the next step, or the end of the section. */
      readonly exhausted: 'next' | 'end-section';
    }
  | {
      readonly kind: 'execute';
      readonly dest: string;
      readonly params: JsonObject;
      readonly onReturn?: Block | undefined;
      readonly result?: Choice | undefined;
    }
  | {
      readonly kind: 'transfer';
      readonly dest: string;
      readonly params: JsonObject;
      readonly method?: string;
      /** Which parameter of the step names the destination, for errors; default `dest`. */
      readonly parameter?: string;
    }
  /** `value` undefined: no value. */
  | { readonly kind: 'return'; readonly value: JsonValue | undefined }
  /** Ends the script, whatever called it. */
  | { readonly kind: 'end' };

export const NEXT: Flow = { kind: 'next' };
export const END: Flow = { kind: 'end' };
