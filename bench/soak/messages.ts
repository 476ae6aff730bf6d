/** What the soak and the process of its callers tell each other. */
import type { CallReport } from '../messages.ts';
import type { KindName } from './kinds.ts';

export interface CallersTask {
  /** Calls that are up at once. */
  readonly calls: number;
  /** Talk of one call, s: a random time between these. */
  readonly shortest: number;
  readonly longest: number;
  readonly kinds: readonly KindName[];
}

/** One call that is over. */
export interface EndedCall extends CallReport {
  readonly kind: KindName;
  /** By how much the callers' own packets left late while it was up, at worst, ms. */
  readonly worstLateMs: number;
}

export type FromCallers =
  /** The SIP port of the answering side. */
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'over'; readonly call: EndedCall }
  /** Every call is over; `latenessP99` and `gapP999` of the whole time, ms. */
  | { readonly kind: 'done'; readonly latenessP99: number; readonly gapP999: number };

export type ToCallers =
  /** Calls each kind once, to warm the server up, or keeps `calls` calls up. */
  | { readonly kind: 'each' | 'start'; readonly host: string }
  /** No new calls; those that are up go on to their end. */
  | { readonly kind: 'finish' };
