/** What the processes of the load test tell each other. */

export interface GeneratorTask {
  readonly calls: number;
  /** New calls a second. */
  readonly rate: number;
  /** Whom to call; without it, packets go to `ports` and there is no signalling. */
  readonly to?: string;
  readonly ports?: readonly number[];
  /** Callers pause now and then. */
  readonly pauses?: boolean;
  /** Set-ups without media: each call ends this long after its answer, ms. */
  readonly endAfterMs?: number;
}

export interface CallReport {
  readonly number: number;
  /** From the INVITE to the 200, ms; undefined when there was none. */
  readonly answerMs: number | undefined;
  /** From the 200 to the first packet, ms. */
  readonly leadMs: number;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  /** What went wrong. */
  readonly problem: string | undefined;
}

export interface GeneratorReport {
  readonly calls: readonly CallReport[];
  /** Between packets received by one call, ms. */
  readonly gaps: { readonly count: number; readonly p99: number; readonly p999: number };
  /** By how much packets left behind their time, ms: what the generator itself was late. */
  readonly latenessP99: number;
}

export type FromGenerator =
  /** Every call is up or has failed. */
  { readonly kind: 'up' } | { readonly kind: 'report'; readonly report: GeneratorReport };

/** `end`: stop talking, hang up, report. */
export interface ToGenerator {
  readonly kind: 'end';
}

export interface FromReceiver {
  readonly kind: 'listening';
  readonly ports: readonly number[];
}

export const HANGUPS_PER_SECOND = 100;
const HANGUP_WITHIN_MS = 20_000;

/** How long calls that talk may take to hang up, one after the other. */
export function hangUpLimitMs(calls: number): number {
  return (calls * 1000) / HANGUPS_PER_SECOND + HANGUP_WITHIN_MS;
}
