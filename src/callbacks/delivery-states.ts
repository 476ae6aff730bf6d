/**
 * The life of one callback as a pure table. The driver (outbox.ts) keeps the state in the database and
 * performs the effects.
 *
 *     pending ──send──▶ sending ──accepted──▶ delivered
 *        ▲                │  ▲ └──refused, or out of time──▶ dead
 *        │           failed  send                             │
 *   interrupted           ▼  │                                │
 *   (from sending)     waiting          pending ◀──retry──────┘
 */

export type DeliveryState = 'pending' | 'sending' | 'waiting' | 'delivered' | 'dead';

export interface Delivery {
  readonly state: DeliveryState;
  /** Attempts begun so far, this one included while `sending`. */
  readonly attempts: number;
  /** No new attempt begins after this time, Unix ms; the first one always does. */
  readonly deadlineAt: number;
}

/** What one attempt came to. */
export type AttemptResult =
  | { readonly type: 'accepted'; readonly status: number }
  /** The receiver, or we ourselves, will not take it however often it is sent. */
  | { readonly type: 'refused'; readonly status?: number | undefined; readonly error: string }
  /** It may work later. `retryAfterMs`: the receiver's own wish. */
  | {
      readonly type: 'failed';
      readonly status?: number | undefined;
      readonly error: string;
      readonly retryAfterMs?: number | undefined;
    }
  /** We stopped (shutdown, crash) before the result was known. */
  | { readonly type: 'interrupted' };

export type DeliveryInput =
  | AttemptResult
  /** Its turn has come. */
  | { readonly type: 'send' }
  /** An operator asks for a dead one to be sent again. */
  | { readonly type: 'retry' };

export type DeliveryEffect =
  | { readonly type: 'transmit' }
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'announce'; readonly state: 'delivered' | 'dead' };

export interface DeliveryStep {
  readonly next: Delivery;
  readonly effects: readonly DeliveryEffect[];
}

export interface StepContext {
  /** Unix ms. */
  readonly now: number;
  /** 0 ≤ random < 1. */
  readonly random: number;
  /** How long a callback is tried, ms. */
  readonly giveUpAfterMs: number;
}

type Transition<T extends DeliveryInput> = (
  delivery: Delivery,
  input: T,
  context: StepContext,
) => DeliveryStep;
type Row = { readonly [K in DeliveryInput['type']]?: Transition<Extract<DeliveryInput, { type: K }>> };

/** Wait before attempt 2, 3, 4 …, ms; the last one repeats. */
export const BACK_OFF_MS = [1_000, 5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000] as const;
/** Share of a wait that is random, so that receivers which come back are not met by everything at once. */
export const JITTER = 0.2;
/** Longest `Retry-After` that is honoured, ms. */
export const RETRY_AFTER_MAX_MS = 3_600_000;

const TABLE: Readonly<Record<DeliveryState, Row>> = {
  pending: { send: begin },
  waiting: { send: begin },
  sending: {
    accepted: (delivery) => finish(delivery, 'delivered'),
    refused: (delivery) => finish(delivery, 'dead'),
    failed: (delivery, input, context) => {
      const ms = waitBefore(delivery.attempts, context.random, input.retryAfterMs);
      if (context.now + ms > delivery.deadlineAt) return finish(delivery, 'dead');
      return { next: { ...delivery, state: 'waiting' }, effects: [{ type: 'wait', ms }] };
    },
    interrupted: (delivery) => ({ next: { ...delivery, state: 'pending' }, effects: [] }),
  },
  delivered: {},
  dead: {
    retry: (_delivery, _input, { now, giveUpAfterMs }) => ({
      next: { state: 'pending', attempts: 0, deadlineAt: now + giveUpAfterMs },
      effects: [],
    }),
  },
};

/** @returns undefined when the state ignores the input */
export function step(
  delivery: Delivery,
  input: DeliveryInput,
  context: StepContext,
): DeliveryStep | undefined {
  // The row's entry for `input.type` takes exactly that input.
  const transition = TABLE[delivery.state][input.type] as Transition<DeliveryInput> | undefined;
  return transition?.(delivery, input, context);
}

/** Wait after `attempts` failed ones, ms. */
export function waitBefore(attempts: number, random: number, retryAfterMs = 0): number {
  const base = BACK_OFF_MS[Math.min(attempts, BACK_OFF_MS.length) - 1] ?? BACK_OFF_MS[0];
  const wait = Math.round(base * (1 - JITTER / 2 + JITTER * random));
  return Math.max(wait, Math.min(retryAfterMs, RETRY_AFTER_MAX_MS));
}

function begin(delivery: Delivery): DeliveryStep {
  const next: Delivery = { ...delivery, state: 'sending', attempts: delivery.attempts + 1 };
  return { next, effects: [{ type: 'transmit' }] };
}

function finish(delivery: Delivery, state: 'delivered' | 'dead'): DeliveryStep {
  return { next: { ...delivery, state }, effects: [{ type: 'announce', state }] };
}
