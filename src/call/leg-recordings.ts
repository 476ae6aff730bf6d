import type { RecordSpec } from '../recording/types.ts';
import { type Timer, within } from '../time/clock.ts';
import { CallError, type CallInfo, type RecordOperation, type RecordOptions } from './leg.ts';
import { LegRecording, type LegRecordingSite, stored } from './leg-recording.ts';
import type { MediaClient } from './media-client.ts';

/** Recordings that may run at once on one call: each holds a file open. */
const MAX_AT_ONCE = 16;

/** Why this call may not be recorded now, with the cure; undefined when it may. Asked at every start. */
export type RecordingRefusal = () => string | undefined;

export interface LegRecordingsOptions extends LegRecordingSite {
  readonly recordingRefusal?: RecordingRefusal | undefined;
}

/** The recordings of one leg: starts them and follows their events. */
export class LegRecordings {
  readonly #options: LegRecordingsOptions;
  /** Those that still run. */
  #running: readonly LegRecording[] = [];
  /** Control ids of those that are about to run. */
  #starting: readonly string[] = [];
  /** What has yet to come to its end: beginnings, recordings, repairs. */
  #open = 0;
  /** Somebody waits until nothing is open. */
  #settled: PromiseWithResolvers<void> | undefined;
  /** Whose events come here: a leg is recorded only behind its answer, and has one session then. */
  #heard: MediaClient | undefined;
  /** When it was answered, until anything else happens; and what notices that. */
  #answeredMs: number | undefined;
  #turn: Timer | undefined;

  constructor(options: LegRecordingsOptions) {
    this.#options = options;
  }

  /**
   * The call was answered at `sinceMs` of the clock's monotonic reading, or right behind it. A recording that is asked
   * for before anything else could happen begins there: the party talks from then on, and this thread may have stood
   * still on its way from the answer to the recording.
   */
  answered(sinceMs: number): void {
    this.#answeredMs = sinceMs;
    this.#turn = this.#options.clock.after(0, () => {
      this.#answeredMs = undefined;
    });
  }

  /** The running recording with this control id, or else the last one that was told to end and whose file is not closed. */
  find(controlId: string): LegRecording | undefined {
    return this.#running.findLast((recording) => recording.controlId === controlId);
  }

  /** Resolves when no recording begins, runs or is repaired any more. */
  async settled(): Promise<void> {
    this.#turn?.cancel();
    if (this.#open === 0) return;
    this.#settled ??= Promise.withResolvers<void>();
    await this.#settled.promise;
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
    const { service, clock, log, signal, recordingRefusal } = this.#options;
    const askedMs = this.#answeredMs ?? clock.monotonic();
    const before = this.find(controlId);
    if (before !== undefined && !before.stopped && before.endsWithinMs > 0) {
      await within(clock, before.done, before.endsWithinMs);
      if (signal.aborted) throw new CallError('call_over', 'the call is over');
    }
    this.#assertRoom(controlId);
    const refusal = recordingRefusal?.();
    if (refusal !== undefined) {
      await stored(service.refused(call, eventChannel, options, refusal), log);
      throw new CallError('no_consent', refusal);
    }
    this.#starting = this.#starting.concat(controlId);
    this.#open++;
    const { maskDtmf } = service;
    // Behind a beep nothing has been said yet. It is urgent: this thread may stand still in the write that follows.
    const { direction, beep } = options;
    if (!beep) media.send({ type: 'expectRecord', controlId, direction, maskDtmf, askedMs }, true);
    try {
      let spec: RecordSpec;
      try {
        spec = await service.create(call, eventChannel, options);
      } catch (cause) {
        if (!beep) media.send({ type: 'unexpectRecord', controlId });
        throw cause;
      } finally {
        // In the same turn, it joins those that run, if at all: its file may take its time.
        this.#starting = this.#starting.filter((other) => other !== controlId);
      }
      this.#listen(media);
      const recording = new LegRecording(this.#options, media, spec);
      this.#running = this.#running.concat(recording);
      this.#open++;
      const begun = recording.begun();
      // A session that is closing waits for those that it expects: what was said meanwhile is theirs.
      if (media.over || (signal.aborted && beep)) void this.#end(recording, () => recording.neverBegan());
      else media.send({ type: 'record', spec, askedMs });
      const outcome = await begun;
      if (outcome?.state === 'error') throw new Error(outcome.error);
      return recording;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new CallError('record_failed', `the recording could not start: ${reason}`, { cause });
    } finally {
      this.#closeOne();
    }
  }

  #assertRoom(controlId: string): void {
    // Behind a stop the id is free at once (spec/record.md 3.2): whoever sent it did not wait for the file.
    if (this.#starting.includes(controlId) || this.find(controlId)?.stopped === false) {
      const id = controlId.length > 80 ? `${controlId.slice(0, 79)}…` : controlId;
      throw new CallError(
        'control_id_in_use',
        `a recording with control_id '${id}' is already running on this call`,
      );
    }
    if (this.#running.length + this.#starting.length >= MAX_AT_ONCE) {
      throw new CallError(
        'too_many_recordings',
        `${MAX_AT_ONCE} recordings are already running on this call, and no more may`,
      );
    }
  }

  #listen(media: MediaClient): void {
    if (this.#heard === media) return;
    this.#heard = media;
    media.listen((event) => {
      if (event.type === 'closed') {
        // Without a word about its recordings the media side has died: the files are repaired from the spool. But where
        // it was to close, it may have waited for an order that came too late.
        for (const recording of this.#running) {
          const came = recording.hasFile || media.died;
          void this.#end(recording, () => (came ? recording.salvage() : recording.neverBegan()));
        }
      } else if (event.type === 'recordOpened') {
        this.#runningOne(event.recordingId)?.opened();
      } else if (event.type === 'recordStarted') {
        this.#runningOne(event.recordingId)?.started(event.startTimeMs);
      } else if (event.type === 'recordEnded') {
        const recording = this.#runningOne(event.recordingId);
        if (recording !== undefined) void this.#end(recording, () => recording.ended(event.outcome));
      } else if (event.type === 'digit') {
        for (const recording of this.#running) recording.pressed(event.digit);
      }
    });
  }

  #runningOne(recordingId: string): LegRecording | undefined {
    return this.#running.find((recording) => recording.recordingId === recordingId);
  }

  /** @param tell what is left to be done for a recording that runs no more; does not reject */
  async #end(recording: LegRecording, tell: () => Promise<void>): Promise<void> {
    this.#running = this.#running.filter((other) => other !== recording);
    await tell();
    this.#closeOne();
  }

  #closeOne(): void {
    this.#open--;
    if (this.#open > 0) return;
    this.#settled?.resolve();
    this.#settled = undefined;
  }
}
