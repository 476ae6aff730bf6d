import type { Logger } from '../log/logger.ts';
import { generateTone, RECORD_BEEP } from '../media/tones.ts';
import type { CreateTarget } from '../recording/byte-target.ts';
import type { RecorderEvent } from '../recording/recorder.ts';
import type { EndCause, RecordOutcome, RecordSpec } from '../recording/types.ts';
import type { ReceiveTimeline } from '../rtp/receive-timeline.ts';
import type { Clock } from '../time/clock.ts';
import { beginningOf, type Expected, ExpectedRecordings } from './expected-recordings.ts';
import type { HeardQueue } from './heard-queue.ts';
import type { InbandKeys } from './inband-keys.ts';
import { ListenRing } from './listen-ring.ts';
import type { MediaEvent } from './protocol.ts';
import type { SessionDenoiser } from './session-denoiser.ts';
import { type PressedKey, RecordingTap } from './recording-tap.ts';
import type { SendPath } from './send-path.ts';
import type { SessionCommand } from './session.ts';

export interface SessionRecordingsOptions {
  readonly sessionId: string;
  /** Hz. */
  readonly sampleRate: number;
  readonly timeline: ReceiveTimeline;
  /** What is recorded of the party is what this makes of it. */
  readonly denoiser: SessionDenoiser;
  /** Where keys sound, for recordings without them. */
  readonly keys: InbandKeys;
  /** Where beeps are played. */
  readonly sendPath: SendPath;
  /** What the party hears, and the live head has not come to. */
  readonly heard: Pick<HeardQueue, 'peek'>;
  readonly clock: Clock;
  readonly createTarget: CreateTarget | undefined;
  readonly log: Logger;
  readonly onEvent: (event: MediaEvent) => void;
  /** A recording begins with a beep, which others on the line shall hear, too. */
  readonly onBeep: () => void;
}

/**
 * A key whose timestamp lies farther than this from the live head, and from the newest audio as well, which may be
 * far ahead of it when the thread has stood still, is taken as pressed now, ms.
 */
const MAX_DIGIT_AHEAD_MS = 400;
const MAX_DIGIT_BEHIND_MS = 300;

/** Who hangs up does so up to this long behind the last packet, ms: that is no pause. */
const HANG_UP_MS = 60;

/** A key that the live head has not reached yet. */
interface ComingKey extends PressedKey {
  /** The clock's monotonic reading when it came, ms. */
  readonly cameMs: number;
  /** Control ids of recordings that were asked for behind it (by a script that it led there, say): it ends none of them. */
  readonly endsNot: string[];
}

type Beginning = Pick<Expected, 'from'> & Partial<Pick<Expected, 'sinceMs' | 'undelayed'>>;

const NONE: readonly string[] = [];

/** The recordings of one session: each hears what passes the live head, with the keys at their places. */
export class SessionRecordings {
  readonly #options: SessionRecordingsOptions;
  readonly #timeline: ReceiveTimeline;
  readonly #maxDigitAhead: number;
  readonly #maxDigitBehind: number;
  /** Replaced, not changed: an array that something is pushed to gets room for 16 more. */
  #taps: readonly RecordingTap[] = [];
  #finishing: readonly RecordingTap[] = [];
  readonly #expected: ExpectedRecordings;
  readonly #digits: ComingKey[] = [];
  #listen: ListenRing | undefined;
  /** What the recorders have heard so far. */
  #observed = 0;
  /** Of the session. */
  #end: { readonly cause: EndCause; readonly position: number; readonly ms: number } | undefined;

  constructor(options: SessionRecordingsOptions) {
    this.#options = options;
    this.#timeline = options.timeline;
    this.#expected = new ExpectedRecordings(options.timeline, options.sampleRate / 1000);
    this.#maxDigitAhead = (options.sampleRate * MAX_DIGIT_AHEAD_MS) / 1000;
    this.#maxDigitBehind = (options.sampleRate * MAX_DIGIT_BEHIND_MS) / 1000;
  }

  /** Somebody wants to {@link observe}. */
  get active(): boolean {
    return this.#taps.length > 0 || this.#expected.any;
  }

  /** A key has come that the live head has not reached yet. */
  get awaitsKey(): boolean {
    return this.#digits.length > 0;
  }

  /** Samples from the live head to where a timer may end one of them. */
  get nearestEnd(): number {
    let nearest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#taps.length; i++) nearest = Math.min(nearest, this.#taps[i]!.nearestEnd);
    return nearest;
  }

  /** One of them shall not hold the keys that sound. */
  get masks(): boolean {
    for (let i = 0; i < this.#taps.length; i++) if (this.#taps[i]!.spec.maskDtmf === true) return true;
    return this.#expected.masks;
  }

  /** Whether it brings a recording that is expected, or tells that it will not come. */
  expects(command: SessionCommand): boolean {
    if (command.type === 'record') return this.#expected.has(command.spec.controlId);
    return command.type === 'unexpectRecord';
  }

  /** Every command comes here. @returns whether it was about the beginning of a recording: then it is done */
  begin(command: SessionCommand): boolean {
    switch (command.type) {
      case 'configure':
      case 'meter':
        return false;
      case 'expectRecord':
        if (command.direction !== 'speak') this.#hearFromNow();
        this.#spareFromKeys(command.controlId, command.askedMs);
        this.#expected.add(command, this.#options.clock.monotonic());
        return true;
      case 'unexpectRecord':
        this.#expected.take(command.controlId);
        this.#expected.holdExpected();
        return true;
      case 'record': {
        const expected = this.#expected.take(command.spec.controlId);
        if (expected === undefined) this.#spareFromKeys(command.spec.controlId, command.askedMs);
        this.#start(command.spec, expected, command.askedMs);
        // One that traces the call does not say whether another is on its way.
        if (expected !== undefined || command.spec.beep) this.#expected.holdExpected();
        return true;
      }
      default:
        // From here on, no recording begins where the call does.
        this.#expected.holdExpected();
        return false;
    }
  }

  /**
   * Starts a recording, with its beep if it has one. A recording that cannot start ends at once.
   * @param askedMs when it was asked for, ms; it begins there, unless it begins with a beep or leaves keys out, or was
   *   expected elsewhere
   */
  #start(spec: RecordSpec, expected: Expected | undefined, askedMs = Number.POSITIVE_INFINITY): void {
    const { sampleRate, clock, sendPath, createTarget, keys, denoiser } = this.#options;
    try {
      if (spec.direction !== 'speak') this.#hearFromNow();
      const { from, sinceMs, undelayed } = this.#beginningOf(spec, expected, askedMs);
      const tap = new RecordingTap(spec, {
        timeline: this.#timeline,
        from,
        undelayed,
        missingBehind: expected?.missingBehind,
        listen: spec.direction === 'speak' ? undefined : this.#listen,
        denoiser,
        mask: spec.maskDtmf === true ? (samples, from, count) => keys.mask(samples, from, count) : undefined,
        sampleRate,
        clock,
        createTarget,
        onEvent: (from, event) => this.#recorderSaid(from, event),
      });
      this.#taps = this.#taps.concat(tap);
      if (spec.beep) {
        sendPath.overlay(tap, generateTone(RECORD_BEEP, sampleRate), () => tap.begin());
        this.#options.onBeep();
      } else {
        tap.begin({ sinceMs, keys: expected?.keys, end: this.#end });
        if (this.#end !== undefined) tap.stop(this.#end.cause);
      }
    } catch (cause) {
      const error = cause instanceof Error ? cause.message : String(cause);
      this.#ended(spec.recordingId, failed(error, clock.now()));
    }
  }

  /** Without `sinceMs`: where the live head is, or where as much lies between that and now. */
  #beginningOf(spec: RecordSpec, expected: Expected | undefined, askedMs: number): Beginning {
    const { clock, sampleRate } = this.#options;
    const { head, oldest } = this.#timeline;
    if (spec.beep) return { from: head };
    if (expected !== undefined)
      return expected.from >= oldest ? expected : { from: oldest, undelayed: expected.undelayed };
    const nowMs = clock.monotonic();
    // In what was said before now nobody has looked for keys that sound.
    return beginningOf(this.#timeline, sampleRate / 1000, spec.maskDtmf === true ? nowMs : askedMs, nowMs);
  }

  #hearFromNow(): void {
    this.#listen ??= new ListenRing(this.#options.sampleRate);
  }

  /** Does as a command says with one that runs, if it does. */
  change(
    command: Extract<SessionCommand, { readonly type: 'stopRecord' | 'pauseRecord' | 'resumeRecord' }>,
  ): void {
    const tap = this.#taps.find((other) => other.spec.recordingId === command.recordingId);
    if (tap === undefined) return;
    if (command.type === 'stopRecord') this.#stop(tap, command.cause);
    else if (command.type === 'pauseRecord') tap.pause(command.behavior);
    else tap.resume();
  }

  /**
   * Ends one that runs. One that began before the live head had its playout delay ends as much ahead of it now, so that it is
   * as long as it lasted; but what keys sound there, and what the filter would make of it, nobody knows.
   */
  #stop(tap: RecordingTap, cause: EndCause, pauseMs = Number.NEGATIVE_INFINITY): void {
    const { clock, denoiser, heard, sampleRate } = this.#options;
    let from = this.#observed;
    const until = tap.undelayed ? this.#timeline.undelayedAt(clock.monotonic()) : from;
    const pause = (pauseMs * sampleRate) / 1000;
    const belongs = until > from && until > this.#timeline.receivedUntil + pause;
    if (belongs && tap.spec.maskDtmf !== true && !denoiser.active) {
      // What others have still to read stays.
      const { oldest } = this.#timeline;
      this.#listen?.write(from, until - from, heard.peek(until - from), until - from, oldest);
      for (const { digit, position, endsNot } of this.#digits) {
        if (position >= until || endsNot.includes(tap.spec.controlId)) continue;
        tap.hear(from, position);
        tap.digit(digit, 0);
        from = Math.max(from, position);
      }
      tap.hear(from, until);
    }
    tap.stop(cause);
  }

  /** Ends all of them. A key that was pressed before counts, though the live head never comes to it. */
  stopAll(cause: EndCause): void {
    const { head, receivedUntil } = this.#timeline;
    const end = Math.max(head, receivedUntil);
    for (const { digit, position, endsNot } of this.#digits.splice(0))
      this.#pressed(digit, 0, Math.min(position, end), endsNot);
    for (const tap of this.#taps) this.#stop(tap, cause, HANG_UP_MS);
    this.#end = { cause, position: end, ms: this.#options.clock.monotonic() };
  }

  /** Resolves when those that are still expected have come, and the files of all that have ended are closed. */
  async finished(): Promise<void> {
    await this.#expected.allCame(this.#options.clock);
    await Promise.all(this.#finishing.map((tap) => tap.finished()));
  }

  /** A key counts at its place on the timeline, which the live head may not have reached yet, or passed. */
  digit(digit: string, position: number | undefined): void {
    if (!this.active) return;
    const ahead = (position ?? 0) - this.#observed;
    const { receivedUntil } = this.#timeline;
    if (position === undefined || !(this.#isNear(ahead) || this.#isNear(position - receivedUntil))) {
      this.#pressed(digit, 0, this.#observed);
    } else if (ahead <= 0) {
      this.#pressed(digit, -ahead, position);
    } else {
      this.#digits.push({ digit, position, cameMs: this.#options.clock.monotonic(), endsNot: [] });
    }
  }

  /** Keys that had come when a recording was asked for do not end it, though the live head comes to them behind that. */
  #spareFromKeys(controlId: string, askedMs = Number.POSITIVE_INFINITY): void {
    for (const { cameMs, endsNot } of this.#digits) if (cameMs <= askedMs) endsNot.push(controlId);
  }

  #isNear(ahead: number): boolean {
    return ahead <= this.#maxDigitAhead && ahead >= -this.#maxDigitBehind;
  }

  /** Somebody records what the party hears, or did. */
  get hears(): boolean {
    return this.#listen !== undefined;
  }

  /** Keeps what the party hears in `count` samples from `from` on. */
  hear(from: number, count: number, heard: Int16Array): void {
    this.#listen?.write(from, count, heard, count, this.#timeline.oldest);
  }

  /** Lets the recorders hear `count` samples of both sides, at `from` of the timeline, with the keys in them. */
  observe(from: number, count: number, said: Int16Array, heard: Int16Array): void {
    this.#observed = from + count;
    if (!this.active) {
      this.#digits.length = 0;
      return;
    }
    let at = 0;
    while (at < count) {
      const pressed = this.#digits[0];
      const until = pressed === undefined ? count : Math.min(Math.max(pressed.position - from, at), count);
      if (until > at)
        for (let i = this.#taps.length - 1; i >= 0; i--) this.#taps[i]!.observe(said, heard, at, until - at);
      at = until;
      if (pressed !== undefined && at < count) {
        this.#digits.shift();
        this.#pressed(pressed.digit, 0, pressed.position, pressed.endsNot);
      }
    }
  }

  /**
   * Writes what has been heard, up to `heardUntil`, and will not change any more: a key that ends a recording is known only
   * behind its beginning.
   */
  writeBehind(heardUntil: number): void {
    const { head, availableUntil } = this.#timeline;
    const until = heardUntil - (head - availableUntil);
    // At the end of the session, nothing comes any more.
    if (until > availableUntil) this.#timeline.settle(until);
    for (let i = 0; i < this.#taps.length; i++) this.#taps[i]!.write(until);
  }

  /**
   * @param behind samples before what the recorders have heard
   * @param position its place
   * @param endsNot control ids of the recordings that it does not end
   */
  #pressed(digit: string, behind: number, position: number, endsNot = NONE): void {
    for (const tap of this.#taps) if (!endsNot.includes(tap.spec.controlId)) tap.digit(digit, behind);
    this.#expected.pressed(digit, position, endsNot);
  }

  #recorderSaid(tap: RecordingTap, event: RecorderEvent): void {
    const { recordingId } = tap.spec;
    const { sessionId, onEvent } = this.#options;
    switch (event.type) {
      case 'opened':
        onEvent({ type: 'recordOpened', sessionId, recordingId });
        return;
      case 'started':
        onEvent({ type: 'recordStarted', sessionId, recordingId, startTimeMs: event.startTimeMs });
        return;
      case 'ending':
        this.#forget(tap);
        this.#finishing = this.#finishing.concat(tap);
        return;
      case 'ended':
        this.#forget(tap);
        this.#finishing = this.#finishing.filter((other) => other !== tap);
        this.#ended(recordingId, event.outcome);
        return;
      case 'notice':
        this.#options.log.warn({ recording_id: recordingId }, event.text);
        return;
      case 'paused':
      case 'resumed':
        return;
    }
  }

  #forget(tap: RecordingTap): void {
    this.#taps = this.#taps.filter((other) => other !== tap);
    this.#options.sendPath.dropOverlay(tap);
  }

  #ended(recordingId: string, outcome: RecordOutcome): void {
    const { sessionId } = this.#options;
    this.#options.onEvent({ type: 'recordEnded', sessionId, recordingId, outcome });
  }
}

function failed(error: string, nowMs: number): RecordOutcome {
  return {
    state: 'error',
    endedBy: 'error',
    durationMs: 0,
    byteSize: 0,
    startTimeMs: nowMs,
    endTimeMs: nowMs,
    missingSamples: 0,
    error,
  };
}
