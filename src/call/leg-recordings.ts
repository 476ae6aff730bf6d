import type { Logger } from '../log/logger.ts';
import type { EndCause, RecordOutcome } from '../recording/types.ts';
import type { Clock } from '../time/clock.ts';
import { type CallEnd, CallError, type CallInfo, type RecordOperation, type RecordOptions } from './leg.ts';
import type { MediaClient } from './media-client.ts';
import type { LegEvent } from './media-leg.ts';
import type { RecordingService } from './recording-service.ts';

interface Active {
  readonly operation: RecordOperation;
  readonly resolve: (outcome: RecordOutcome) => void;
  /** There is a file to write to. */
  readonly opened: PromiseWithResolvers<void>;
  /** Its beginning was told; before that nothing else may be (spec/record.md 4.2). */
  started: boolean;
  paused: 'skip' | 'silence' | undefined;
}

/** Recordings that may run at once on one call: each holds a file open. */
const MAX_AT_ONCE = 16;

/** Why this call may not be recorded now, with the cure; undefined when it may. Asked at every start. */
export type RecordingRefusal = () => string | undefined;

export interface LegRecordingsOptions {
  readonly service: RecordingService;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onEvent: (event: LegEvent) => void;
  /** Aborts when the call is over, with a `CallEnd` as its reason. */
  readonly signal: AbortSignal;
  readonly recordingRefusal?: RecordingRefusal | undefined;
}

/** The recordings of one leg: starts them, follows their events, keeps row and callbacks in step. */
export class LegRecordings {
  readonly #service: RecordingService;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #onEvent: (event: LegEvent) => void;
  readonly #signal: AbortSignal;
  /** By recording id: those that still run. */
  readonly #active = new Map<string, Active>();
  /** Control ids of those that are about to run. */
  readonly #starting = new Set<string>();
  /** What has yet to come to its end: beginnings, recordings, repairs. Nothing in it rejects. */
  readonly #open = new Set<Promise<unknown>>();
  readonly #listening = new WeakSet<MediaClient>();
  readonly #refusal: RecordingRefusal | undefined;

  constructor(options: LegRecordingsOptions) {
    this.#service = options.service;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#onEvent = options.onEvent;
    this.#signal = options.signal;
    this.#refusal = options.recordingRefusal;
  }

  /** The running recording with this control id: there is one at most. */
  find(controlId: string): RecordOperation | undefined {
    for (const { operation } of this.#active.values()) {
      if (operation.controlId === controlId) return operation;
    }
    return undefined;
  }

  /** Resolves when no recording begins, runs or is repaired any more. */
  async settled(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open);
  }

  /**
   * Resolves once there is a file to write to.
   * @throws CallError
   */
  async start(
    media: MediaClient,
    call: CallInfo,
    eventChannel: string | undefined,
    options: RecordOptions,
  ): Promise<RecordOperation> {
    const { controlId } = options;
    const askedMs = this.#clock.monotonic();
    this.#assertRoom(controlId);
    const refusal = this.#refusal?.();
    if (refusal !== undefined) {
      await this.#guard(this.#service.refused(call, eventChannel, options, refusal));
      throw new CallError('no_consent', refusal);
    }
    this.#starting.add(controlId);
    const begun = Promise.withResolvers<void>();
    this.#keepOpen(begun.promise);
    try {
      const spec = await this.#service.create(call, eventChannel, options);
      const { operation, opened } = this.#register(media, spec.recordingId, controlId);
      if (this.#signal.aborted) {
        void this.#ended(spec.recordingId, nothingRecorded('hangup', this.#clock.now()));
      } else {
        media.send({ type: 'record', spec, askedMs });
      }
      const outcome = await Promise.race([operation.done, opened.promise]);
      if (outcome?.state === 'error') throw new Error(outcome.error);
      return operation;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new CallError('record_failed', `the recording could not start: ${reason}`, { cause });
    } finally {
      this.#starting.delete(controlId);
      begun.resolve();
    }
  }

  #keepOpen(work: Promise<unknown>): void {
    this.#open.add(work);
    void work.then(() => this.#open.delete(work));
  }

  #assertRoom(controlId: string): void {
    if (this.#starting.has(controlId) || this.find(controlId) !== undefined) {
      const id = controlId.length > 80 ? `${controlId.slice(0, 79)}…` : controlId;
      throw new CallError(
        'control_id_in_use',
        `a recording with control_id '${id}' is already running on this call`,
      );
    }
    if (this.#active.size + this.#starting.size >= MAX_AT_ONCE) {
      throw new CallError(
        'too_many_recordings',
        `${MAX_AT_ONCE} recordings are already running on this call, and no more may`,
      );
    }
  }

  #register(media: MediaClient, recordingId: string, controlId: string): Active {
    this.#listen(media);
    const { promise: done, resolve } = Promise.withResolvers<RecordOutcome>();
    this.#keepOpen(done);
    const operation: RecordOperation = {
      recordingId,
      controlId,
      url: this.#service.urlOf(recordingId),
      done,
      stop: (cause: EndCause = 'stop') => media.send({ type: 'stopRecord', recordingId, cause }),
      pause: (behavior) => this.#pause(media, recordingId, behavior),
      resume: () => this.#resume(media, recordingId),
    };
    const active: Active = {
      operation,
      resolve,
      opened: Promise.withResolvers<void>(),
      started: false,
      paused: undefined,
    };
    this.#active.set(recordingId, active);
    return active;
  }

  #listen(media: MediaClient): void {
    if (this.#listening.has(media)) return;
    this.#listening.add(media);
    media.listen((event) => {
      if (event.type === 'recordOpened') {
        this.#active.get(event.recordingId)?.opened.resolve();
      } else if (event.type === 'recordStarted') {
        this.#started(event.recordingId, event.startTimeMs);
      } else if (event.type === 'recordEnded') {
        void this.#ended(event.recordingId, event.outcome);
      } else if (event.type === 'closed') {
        // Without a word about its recordings the media side has died: the files are repaired from the spool.
        for (const recordingId of [...this.#active.keys()]) void this.#salvage(recordingId);
      }
    });
  }

  #started(recordingId: string, startTimeMs: number): void {
    const active = this.#active.get(recordingId);
    if (active === undefined) return;
    active.started = true;
    void this.#guard(this.#service.started(recordingId, startTimeMs));
    this.#tell('recording started', { recording_id: recordingId });
    if (active.paused !== undefined) this.#tellPause(recordingId, active.paused);
  }

  /** Pausing a paused recording changes nothing (spec/record.md 3.6). */
  #pause(media: MediaClient, recordingId: string, behavior: 'skip' | 'silence'): void {
    const active = this.#active.get(recordingId);
    if (active === undefined || active.paused !== undefined) return;
    active.paused = behavior;
    media.send({ type: 'pauseRecord', recordingId, behavior });
    // A pause under the beep is told once there is a recording to speak of.
    if (active.started) this.#tellPause(recordingId, behavior);
  }

  #tellPause(recordingId: string, behavior: 'skip' | 'silence'): void {
    void this.#guard(this.#service.paused(recordingId, behavior));
    this.#tell('recording paused', { recording_id: recordingId, behavior });
  }

  #resume(media: MediaClient, recordingId: string): void {
    const active = this.#active.get(recordingId);
    if (active === undefined || active.paused === undefined) return;
    active.paused = undefined;
    media.send({ type: 'resumeRecord', recordingId });
    if (!active.started) return;
    void this.#guard(this.#service.resumed(recordingId));
    this.#tell('recording resumed', { recording_id: recordingId });
  }

  async #ended(recordingId: string, known: RecordOutcome): Promise<void> {
    const active = this.#active.get(recordingId);
    if (active === undefined) return;
    this.#active.delete(recordingId);
    const outcome = known.endedBy === 'hangup' ? { ...known, ...this.#hangup() } : known;
    const storing = this.#guard(this.#service.ended(recordingId, outcome));
    this.#tell('recording ended', {
      recording_id: recordingId,
      state: outcome.state,
      ended_by: outcome.endedBy,
      ...(outcome.hangup !== undefined && {
        hangup_by: outcome.hangup.by,
        hangup_reason: outcome.hangup.reason,
      }),
      duration_ms: outcome.durationMs,
      byte_size: outcome.byteSize,
      ...(outcome.error !== undefined && { error: outcome.error }),
    });
    active.resolve(
      (await storing)
        ? outcome
        : { ...outcome, state: 'error', endedBy: 'error', error: 'the recording could not be registered' },
    );
  }

  /** How the call ended, if it did. */
  #hangup(): Pick<RecordOutcome, 'hangup'> {
    if (!this.#signal.aborted) return {};
    const { by, reason } = this.#signal.reason as CallEnd;
    return { hangup: { by, reason } };
  }

  async #salvage(recordingId: string): Promise<void> {
    const active = this.#active.get(recordingId);
    if (active === undefined) return;
    this.#active.delete(recordingId);
    try {
      active.resolve(await this.#service.salvage(recordingId));
    } catch (cause) {
      this.#log.error({ err: cause, recording_id: recordingId }, 'a recording could not be salvaged');
      active.resolve({
        ...nothingRecorded('crash', this.#clock.now()),
        state: 'error',
        error: cause instanceof Error ? cause.message : String(cause),
      });
    }
  }

  /** A full or broken database must not take the call with it: the file is kept and start-up finds it. */
  async #guard(write: Promise<void>): Promise<boolean> {
    try {
      await write;
      return true;
    } catch (cause) {
      this.#log.error({ err: cause }, 'the state of a recording could not be stored');
      return false;
    }
  }

  #tell(text: string, data: Readonly<Record<string, unknown>>): void {
    this.#log.info(data, text);
    this.#onEvent({ kind: 'recording', text, data });
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
