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
  /** Whether there are RTP ports for one more call. */
  readonly hasRtpPorts: () => boolean;
  readonly overloaded: () => boolean;
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
  | 'rtp_ports'
  | 'overload';

/** When a caller who was turned away may try again, s. */
const RETRY_AFTER_SECONDS: Readonly<Record<RefusalReason, number>> = {
  shutting_down: 30,
  max_calls: 5,
  setups_per_second: 1,
  max_recordings: 5,
  disk_space: 60,
  rtp_ports: 5,
  overload: 5,
};

export interface Refusal {
  readonly reason: RefusalReason;
  readonly retryAfterSeconds: number;
}

/** For want of time just now: others may have more luck in a moment, and who obeys makes no calls at all until then. */
export const NO_TIME: Refusal = { reason: 'overload', retryAfterSeconds: 1 };

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

  /** From now on nobody new is let in. */
  drain(): void {
    this.#draining = true;
  }

  /** Why nobody would be let in now; undefined when somebody would. Counts nothing. */
  standing(): RefusalReason | undefined {
    if (this.#draining) return 'shutting_down';
    return this.#ofCalls() ?? this.#ofRecordings() ?? this.#ofMedia();
  }

  /** What {@link ask} would say now; counts nothing. */
  get refusing(): Refusal | undefined {
    return refusalFor(this.standing() ?? (this.#setups?.empty === true ? 'setups_per_second' : undefined));
  }

  /** Asks for one more call. @returns undefined when it is let in */
  ask(): Refusal | undefined {
    return refusalFor(this.standing() ?? this.#take());
  }

  /**
   * The same for a call that one of those which are up makes, also while the server drains. That one goes on whatever
   * there is room for to record, its own recording counts for the limit, and the call it makes is rarely recorded.
   */
  askWithin(): Refusal | undefined {
    if (this.#draining) return undefined;
    return refusalFor(this.#ofCalls() ?? this.#ofMedia() ?? this.#take());
  }

  #ofCalls(): RefusalReason | undefined {
    const { maxCalls } = this.#limits;
    return maxCalls > 0 && this.#probe.calls() >= maxCalls ? 'max_calls' : undefined;
  }

  #ofRecordings(): RefusalReason | undefined {
    const { maxRecordings, minFreeDiskBytes } = this.#limits;
    const { recordings, freeDiskBytes } = this.#probe;
    if (maxRecordings > 0 && recordings() >= maxRecordings) return 'max_recordings';
    if (minFreeDiskBytes > 0 && (freeDiskBytes() ?? minFreeDiskBytes) < minFreeDiskBytes) return 'disk_space';
    return undefined;
  }

  #ofMedia(): RefusalReason | undefined {
    const { hasRtpPorts, overloaded } = this.#probe;
    if (!hasRtpPorts()) return 'rtp_ports';
    return this.#limits.refuseWhenOverloaded && overloaded() ? 'overload' : undefined;
  }

  #take(): RefusalReason | undefined {
    return this.#setups?.take() === false ? 'setups_per_second' : undefined;
  }
}

function refusalFor(reason: RefusalReason | undefined): Refusal | undefined {
  return reason === undefined ? undefined : { reason, retryAfterSeconds: RETRY_AFTER_SECONDS[reason] };
}
