import type { Logger } from '../log/logger.ts';
import type { EndCause, RecordOutcome, RecordSpec } from '../recording/types.ts';
import type { Clock } from '../time/clock.ts';
import type { CallEnd, RecordOperation } from './leg.ts';
import type { MediaClient } from './media-client.ts';
import type { LegEvent } from './media-leg.ts';
import type { RecordingService } from './recording-service.ts';

/** What the recordings of one leg have in common. */
export interface LegRecordingSite {
  readonly service: RecordingService;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onEvent: (event: LegEvent) => void;
  /** Aborts when the call is over, with a `CallEnd` as its reason. */
  readonly signal: AbortSignal;
}

/** Longest time from the key that ends a recording until its file is closed and this thread knows, ms. */
const TERMINATED_WITHIN_MS = 2000;

/** One recording of a leg, from its row to its terminal callback: keeps row and callbacks in step. */
export class LegRecording implements RecordOperation {
  readonly recordingId: string;
  readonly controlId: string;
  readonly url: string;
  readonly done: Promise<RecordOutcome>;
  readonly #site: LegRecordingSite;
  readonly #media: MediaClient;
  readonly #terminators: string;
  /** By when its end is told, if a key that was pressed ends it; by the clock's monotonic reading. */
  #endsByMs = Number.NEGATIVE_INFINITY;
  #resolve: (outcome: RecordOutcome) => void = () => {};
  /** Somebody waits for a file to write to, or for the end without one. */
  #begun: ((outcome: RecordOutcome | undefined) => void) | undefined;
  /** Its beginning was told; before that nothing else may be (spec/record.md 4.2). */
  #started = false;
  #opened = false;
  #paused: 'skip' | 'silence' | undefined;
  #stopped = false;
  #over = false;

  constructor(
    site: LegRecordingSite,
    media: MediaClient,
    spec: Pick<RecordSpec, 'recordingId' | 'controlId' | 'terminators'>,
  ) {
    this.#site = site;
    this.#media = media;
    this.recordingId = spec.recordingId;
    this.controlId = spec.controlId;
    this.#terminators = spec.terminators;
    this.url = site.service.urlOf(spec.recordingId);
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Resolves once there is a file to write to, or with the outcome of a recording that ended before. */
  begun(): Promise<RecordOutcome | undefined> {
    return new Promise((resolve) => {
      this.#begun = resolve;
    });
  }

  /** There is, or was, a file to write to. */
  get hasFile(): boolean {
    return this.#opened;
  }

  /** It was told to end, and holds its control id no more. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** The party pressed a key. Whether it ends this one, and when, the media side decides. */
  pressed(digit: string): void {
    if (this.#terminators.includes(digit)) {
      this.#endsByMs = this.#site.clock.monotonic() + TERMINATED_WITHIN_MS;
    }
  }

  /** How long its end may still be on its way here, since one of its terminators was pressed, ms; at most 0: it is not. */
  get endsWithinMs(): number {
    return this.#endsByMs - this.#site.clock.monotonic();
  }

  stop(cause: EndCause = 'stop'): void {
    this.#stopped = true;
    this.#media.send({ type: 'stopRecord', recordingId: this.recordingId, cause });
  }

  /** Pausing a paused recording changes nothing (spec/record.md 3.6), nor does it where only the file is to be closed. */
  pause(behavior: 'skip' | 'silence'): void {
    if (this.#over || this.#stopped || this.#paused !== undefined) return;
    this.#paused = behavior;
    this.#media.send({ type: 'pauseRecord', recordingId: this.recordingId, behavior });
    // A pause under the beep is told once there is a recording to speak of.
    if (this.#started) this.#tellPause(behavior);
  }

  resume(): void {
    if (this.#over || this.#stopped || this.#paused === undefined) return;
    this.#paused = undefined;
    this.#media.send({ type: 'resumeRecord', recordingId: this.recordingId });
    if (!this.#started) return;
    void this.#guard(this.#site.service.resumed(this.recordingId));
    this.#tell('recording resumed', { recording_id: this.recordingId });
  }

  opened(): void {
    this.#opened = true;
    this.#begun?.(undefined);
    this.#begun = undefined;
  }

  started(startTimeMs: number): void {
    this.#started = true;
    void this.#guard(this.#site.service.started(this.recordingId, startTimeMs));
    const lateMs = Math.round(this.#site.clock.now() - startTimeMs);
    this.#tell('recording started', {
      recording_id: this.recordingId,
      ...(lateMs > 0 && { late_ms: lateMs }),
    });
    if (this.#paused !== undefined) this.#tellPause(this.#paused);
  }

  /** Nothing of the recording goes on: its end is stored and told. Resolves with {@link done}. */
  async ended(known: RecordOutcome): Promise<void> {
    this.#over = true;
    const outcome = this.#withHangup(known);
    const storing = this.#guard(this.#site.service.ended(this.recordingId, outcome));
    this.#tellEnd(outcome);
    this.#settle(
      (await storing)
        ? outcome
        : { ...outcome, state: 'error', endedBy: 'error', error: 'the recording could not be registered' },
    );
  }

  /** The call ended before the media side could be asked to record. */
  async neverBegan(): Promise<void> {
    await this.ended(nothingRecorded('hangup', this.#site.clock.now()));
  }

  /** The media side has died: the file is repaired from the spool. Resolves with {@link done}. */
  async salvage(): Promise<void> {
    this.#over = true;
    const { service, log, clock } = this.#site;
    let outcome: RecordOutcome;
    try {
      outcome = await service.salvage(this.recordingId);
    } catch (cause) {
      log.error({ err: cause, recording_id: this.recordingId }, 'a recording could not be salvaged');
      const error = cause instanceof Error ? cause.message : String(cause);
      outcome = { ...nothingRecorded('crash', clock.now()), state: 'error', error };
    }
    this.#tellEnd(outcome);
    this.#settle(outcome);
  }

  #tellEnd({ state, endedBy, hangup, durationMs, byteSize, error }: RecordOutcome): void {
    this.#tell('recording ended', {
      recording_id: this.recordingId,
      state,
      ended_by: endedBy,
      ...(hangup !== undefined && { hangup_by: hangup.by, hangup_reason: hangup.reason }),
      duration_ms: durationMs,
      byte_size: byteSize,
      ...(error !== undefined && { error }),
    });
  }

  #settle(outcome: RecordOutcome): void {
    this.#begun?.(outcome);
    this.#begun = undefined;
    this.#resolve(outcome);
  }

  /** With how the call ended, where that ended the recording. */
  #withHangup(known: RecordOutcome): RecordOutcome {
    const { signal } = this.#site;
    // Its media session failed, by which the call ends in a moment: that is no failure of the recording.
    const sessionFailed = known.endedBy === 'error' && known.state !== 'error';
    if (known.endedBy !== 'hangup' && !sessionFailed) return known;
    if (signal.aborted) {
      const { by, reason } = signal.reason as CallEnd;
      return { ...known, endedBy: 'hangup', hangup: { by, reason } };
    }
    return sessionFailed ? { ...known, endedBy: 'hangup', hangup: { by: 'local', reason: 'error' } } : known;
  }

  #tellPause(behavior: 'skip' | 'silence'): void {
    void this.#guard(this.#site.service.paused(this.recordingId, behavior));
    this.#tell('recording paused', { recording_id: this.recordingId, behavior });
  }

  #guard(write: Promise<void>): Promise<boolean> {
    return stored(write, this.#site.log);
  }

  #tell(text: string, data: Readonly<Record<string, unknown>>): void {
    this.#site.log.info(data, text);
    this.#site.onEvent({ kind: 'recording', text, data });
  }
}

/** A full or broken database must not take the call with it: the file is kept, and its end is stored later. */
export async function stored(write: Promise<void>, log: Logger): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (cause) {
    log.error({ err: cause }, 'the state of a recording could not be stored');
    return false;
  }
}

function nothingRecorded(endedBy: EndCause, nowMs: number): RecordOutcome {
  return {
    state: 'finished',
    endedBy,
    durationMs: 0,
    byteSize: 0,
    startTimeMs: nowMs,
    endTimeMs: nowMs,
    missingSamples: 0,
  };
}
