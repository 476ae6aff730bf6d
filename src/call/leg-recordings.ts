import type { Logger } from '../log/logger.ts';
import type { EndCause, RecordOutcome } from '../recording/types.ts';
import type { Clock } from '../time/clock.ts';
import { CallError, type CallInfo, type RecordOperation, type RecordOptions } from './leg.ts';
import type { MediaClient } from './media-client.ts';
import type { LegEvent } from './media-leg.ts';
import type { RecordingService } from './recording-service.ts';

interface Active {
  readonly operation: RecordOperation;
  readonly resolve: (outcome: RecordOutcome) => void;
  paused: boolean;
}

export interface LegRecordingsOptions {
  readonly service: RecordingService;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onEvent: (event: LegEvent) => void;
}

/** The recordings of one leg: starts them, follows their events, keeps row and callbacks in step. */
export class LegRecordings {
  readonly #service: RecordingService;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #onEvent: (event: LegEvent) => void;
  /** By recording id: those that still run. */
  readonly #active = new Map<string, Active>();
  /** By control id: the one that was started last, running or ended. */
  readonly #byControlId = new Map<string, RecordOperation>();
  readonly #starting = new Set<string>();
  /** What has yet to come to its end: beginnings, recordings, repairs. Nothing in it rejects. */
  readonly #open = new Set<Promise<unknown>>();
  readonly #listening = new WeakSet<MediaClient>();

  constructor(options: LegRecordingsOptions) {
    this.#service = options.service;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#onEvent = options.onEvent;
  }

  find(controlId: string): RecordOperation | undefined {
    return this.#byControlId.get(controlId);
  }

  /** Resolves when no recording begins, runs or is repaired any more. */
  async settled(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open);
  }

  /** @throws CallError */
  async start(
    media: MediaClient,
    call: CallInfo,
    eventChannel: string | undefined,
    options: RecordOptions,
    signal: AbortSignal,
  ): Promise<RecordOperation> {
    const { controlId } = options;
    if (this.#starting.has(controlId) || this.#isRunning(controlId)) {
      throw new CallError(
        'control_id_in_use',
        `a recording with control_id '${controlId}' is already running on this call`,
      );
    }
    this.#starting.add(controlId);
    const begun = Promise.withResolvers<void>();
    this.#keepOpen(begun.promise);
    try {
      const spec = await this.#service.create(call, eventChannel, options);
      const operation = this.#register(media, spec.recordingId, controlId);
      if (signal.aborted) {
        this.#ended(spec.recordingId, nothingRecorded('hangup', this.#clock.now()));
      } else {
        media.send({ type: 'record', spec });
      }
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

  #isRunning(controlId: string): boolean {
    const operation = this.#byControlId.get(controlId);
    return operation !== undefined && this.#active.has(operation.recordingId);
  }

  #register(media: MediaClient, recordingId: string, controlId: string): RecordOperation {
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
    this.#active.set(recordingId, { operation, resolve, paused: false });
    this.#byControlId.set(controlId, operation);
    return operation;
  }

  #listen(media: MediaClient): void {
    if (this.#listening.has(media)) return;
    this.#listening.add(media);
    media.listen((event) => {
      if (event.type === 'recordStarted') {
        this.#guard(() => this.#service.started(event.recordingId, event.startTimeMs));
        this.#tell('recording started', { recording_id: event.recordingId });
      } else if (event.type === 'recordEnded') {
        this.#ended(event.recordingId, event.outcome);
      } else if (event.type === 'closed') {
        // Without a word about its recordings the media side has died: the files are repaired from the spool.
        for (const recordingId of [...this.#active.keys()]) void this.#salvage(recordingId);
      }
    });
  }

  #pause(media: MediaClient, recordingId: string, behavior: 'skip' | 'silence'): void {
    const active = this.#active.get(recordingId);
    if (active === undefined || active.paused) return;
    active.paused = true;
    media.send({ type: 'pauseRecord', recordingId, behavior });
    this.#guard(() => this.#service.paused(recordingId, behavior));
    this.#tell('recording paused', { recording_id: recordingId, behavior });
  }

  #resume(media: MediaClient, recordingId: string): void {
    const active = this.#active.get(recordingId);
    if (active === undefined || !active.paused) return;
    active.paused = false;
    media.send({ type: 'resumeRecord', recordingId });
    this.#guard(() => this.#service.resumed(recordingId));
    this.#tell('recording resumed', { recording_id: recordingId });
  }

  #ended(recordingId: string, outcome: RecordOutcome): void {
    const active = this.#active.get(recordingId);
    if (active === undefined) return;
    this.#active.delete(recordingId);
    const stored = this.#guard(() => this.#service.ended(recordingId, outcome));
    this.#tell('recording ended', {
      recording_id: recordingId,
      state: outcome.state,
      ended_by: outcome.endedBy,
      duration_ms: outcome.durationMs,
      byte_size: outcome.byteSize,
      ...(outcome.error !== undefined && { error: outcome.error }),
    });
    active.resolve(
      stored
        ? outcome
        : { ...outcome, state: 'error', endedBy: 'error', error: 'the recording could not be registered' },
    );
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
  #guard(write: () => void): boolean {
    try {
      write();
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
