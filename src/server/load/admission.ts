import type { Clock } from '../../time/clock.ts';
import { TokenBucket } from './token-bucket.ts';

/** What there is at the moment. */
export interface AdmissionProbe {
  /** Calls that are up or being set up. */
  readonly calls: () => number;
  /** Recordings under way. */
  readonly recordings: () => number;
  /** Free space where recordings grow, bytes; undefined as long as it is not known. */
  readonly freeDiskBytes: () => number | undefined;
  readonly overloaded: () => boolean;
  /** Whether there is time to set up one more call now; who asks is counted. */
  readonly timeForOne: () => boolean;
  /** The same without being counted. */
  readonly hasTime: () => boolean;
}

/** 0 is no limit, for each. */
export interface AdmissionLimits {
  readonly maxCalls: number;
  readonly setupsPerSecond: number;
  readonly maxRecordings: number;
  readonly minFreeDiskBytes: number;
  readonly refuseWhenOverloaded: boolean;
}

/** Why no call is let in; a label of the metrics, so the names are stable. */
export type RefusalReason =
  | 'shutting_down'
  | 'max_calls'
  | 'setups_per_second'
  | 'max_recordings'
  | 'disk_space'
  | 'overload';

/** When a caller who was turned away may try again, s. */
const RETRY_AFTER_SECONDS: Readonly<Record<RefusalReason, number>> = {
  shutting_down: 30,
  max_calls: 5,
  setups_per_second: 1,
  max_recordings: 5,
  disk_space: 60,
  overload: 5,
};

export interface Refusal {
  readonly reason: RefusalReason;
  readonly retryAfterSeconds: number;
}

/** Decides which calls are let in, so that those that are up keep their quality. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #probe: AdmissionProbe;
  readonly #setups: TokenBucket | undefined;
  #draining = false;

  constructor(clock: Clock, limits: AdmissionLimits, probe: AdmissionProbe) {
    this.#limits = limits;
    this.#probe = probe;
    if (limits.setupsPerSecond > 0) this.#setups = new TokenBucket(clock, limits.setupsPerSecond);
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** From now on nobody is let in. */
  drain(): void {
    this.#draining = true;
  }

  /** Why nobody would be let in now; undefined when somebody would. Counts nothing. */
  standing(): RefusalReason | undefined {
    const { maxCalls, maxRecordings, minFreeDiskBytes, refuseWhenOverloaded } = this.#limits;
    const { calls, recordings, freeDiskBytes, overloaded } = this.#probe;
    if (this.#draining) return 'shutting_down';
    if (maxCalls > 0 && calls() >= maxCalls) return 'max_calls';
    if (maxRecordings > 0 && recordings() >= maxRecordings) return 'max_recordings';
    if (minFreeDiskBytes > 0 && (freeDiskBytes() ?? minFreeDiskBytes) < minFreeDiskBytes) return 'disk_space';
    if (refuseWhenOverloaded && overloaded()) return 'overload';
    return undefined;
  }

  /** Why one more call from outside would be refused now; undefined when it would not. Counts nothing. */
  get refusing(): RefusalReason | undefined {
    const standing = this.standing();
    if (standing !== undefined) return standing;
    if (this.#setups?.empty === true) return 'setups_per_second';
    return this.#limits.refuseWhenOverloaded && !this.#probe.hasTime() ? 'overload' : undefined;
  }

  /** Asks for one more call from outside. @returns undefined when it is let in */
  ask(): Refusal | undefined {
    const refusal = this.askOwn();
    if (refusal !== undefined) return refusal;
    if (!this.#limits.refuseWhenOverloaded || this.#probe.timeForOne()) return undefined;
    // Others may have more luck in a moment, and who obeys makes no calls at all until then.
    return { reason: 'overload', retryAfterSeconds: RETRY_AFTER_SECONDS.setups_per_second };
  }

  /** Asks for one more call of ours: those who are here are not left in the middle, as long as anybody is let in. */
  askOwn(): Refusal | undefined {
    const reason = this.standing() ?? (this.#setups?.take() === false ? 'setups_per_second' : undefined);
    return reason === undefined ? undefined : { reason, retryAfterSeconds: RETRY_AFTER_SECONDS[reason] };
  }
}
