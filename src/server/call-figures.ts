import type { CallEnd } from '../call/leg.ts';
import type { LegEvent } from '../call/media-leg.ts';
import type { Clock } from '../time/clock.ts';
import type { RefusalReason } from './load/admission.ts';
import type { Metrics } from './metrics.ts';

/** What the metrics learn of one call, from its events. */
export class CallFigures {
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #arrivedMs: number;
  /** Ids of recordings under way. */
  #recordings: readonly unknown[] = [];
  /** Told already, or not ours to tell: how long others let their telephone ring says nothing of this server. */
  #answered: boolean;
  readonly #isLetIn: boolean;

  /**
   * @param waitedMs for how long nobody had time for it, ms
   * @param refused why there is no room for it, though there is a leg, which ends at once
   */
  constructor(
    metrics: Metrics,
    clock: Clock,
    direction: 'inbound' | 'outbound',
    waitedMs = 0,
    refused?: RefusalReason,
  ) {
    this.#metrics = metrics;
    this.#clock = clock;
    this.#arrivedMs = clock.monotonic() - waitedMs;
    this.#answered = direction === 'outbound';
    this.#isLetIn = refused === undefined;
    if (refused === undefined) metrics.callTaken(direction);
    else metrics.callRefused(refused);
  }

  get recordings(): number {
    return this.#recordings.length;
  }

  take({ kind, text, data, statistics }: LegEvent): void {
    if (kind === 'call' && text === 'answered' && !this.#answered) {
      this.#answered = true;
      this.#metrics.callAnswered(this.#clock.monotonic() - this.#arrivedMs);
    } else if (kind === 'recording' && text === 'recording started') {
      this.#recordings = this.#recordings.concat(data['recording_id']);
    } else if (kind === 'recording' && text === 'recording ended') {
      const over = data['recording_id'];
      this.#recordings = this.#recordings.filter((id) => id !== over);
      this.#metrics.recordingEnded({
        state: String(data['state']),
        endedBy: String(data['ended_by']),
        byteSize: Number(data['byte_size']),
        durationMs: Number(data['duration_ms']),
      });
    } else if (statistics !== undefined) {
      this.#metrics.mediaClosed(statistics);
    }
  }

  ended(end: CallEnd): void {
    this.#recordings = [];
    if (this.#isLetIn) this.#metrics.callEnded(end, this.#clock.monotonic() - this.#arrivedMs);
  }
}
