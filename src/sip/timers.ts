/**
 * Every timer of the transaction layer in one place: RFC 3261 table 4 (appendix A), with timers L and M of
 * RFC 6026. All derive from T1, T2 and T4, so that a test or a slow link changes three numbers.
 */

/** Letters of RFC 3261 table 4; `Trying` is the 200 ms after which an INVITE gets its 100 (17.2.1). */
export type TimerName = 'A' | 'B' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I' | 'J' | 'K' | 'L' | 'M' | 'Trying';

/** Duration of each timer, ms; undefined: the timer does not run on this kind of transport. */
export type TimerDurations = Readonly<Record<TimerName, number | undefined>>;

export interface SipTimers {
  /** Estimate of the round-trip time, ms. */
  readonly t1: number;
  /** Longest interval between retransmissions of a non-INVITE request or an INVITE response, ms. */
  readonly t2: number;
  /** Longest time that a message stays in the network, ms. */
  readonly t4: number;
  /** How long a ringing call may stay without a final answer (timer C of RFC 3261 16.6), ms. */
  readonly c: number;
  /** After so long an INVITE that is not answered gets its 100, ms (17.2.1). */
  readonly trying: number;
  readonly unreliable: TimerDurations;
  readonly reliable: TimerDurations;
}

/** How many T1 a transaction tries before it gives up (timers B, F, H, J, L, M). */
const ROUNDS = 64;
const DEFAULT_T1_MS = 500;
const DEFAULT_T2_MS = 4000;
const DEFAULT_T4_MS = 5000;
const DEFAULT_C_MS = 180_000;
const DEFAULT_TRYING_MS = 200;

/**
 * @param base overrides in ms, all > 0
 * @throws RangeError when one is not a positive number
 */
export function sipTimers(
  base: {
    readonly t1?: number | undefined;
    readonly t2?: number | undefined;
    readonly t4?: number | undefined;
    readonly c?: number | undefined;
    readonly trying?: number | undefined;
  } = {},
): SipTimers {
  const t1 = positive('t1', base.t1 ?? DEFAULT_T1_MS);
  const t2 = positive('t2', base.t2 ?? DEFAULT_T2_MS);
  const t4 = positive('t4', base.t4 ?? DEFAULT_T4_MS);
  const c = positive('c', base.c ?? DEFAULT_C_MS);
  const trying = positive('trying', base.trying ?? DEFAULT_TRYING_MS);
  const giveUp = ROUNDS * t1;
  const shared = { B: giveUp, F: giveUp, H: giveUp, L: giveUp, M: giveUp, Trying: trying };
  return {
    t1,
    t2,
    t4,
    c,
    trying,
    unreliable: { ...shared, A: t1, D: giveUp, E: t1, G: t1, I: t4, J: giveUp, K: t4 },
    reliable: { ...shared, A: undefined, D: 0, E: undefined, G: undefined, I: 0, J: 0, K: 0 },
  };
}

function positive(name: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value;
  throw new RangeError(`SIP timer ${name} must be a positive number of milliseconds, not ${value}`);
}
