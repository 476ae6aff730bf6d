import { copySamples } from '../media/copy-samples.ts';
import { mixSamples } from '../media/mix.ts';
import { PeakMeter } from '../media/peaks.ts';
import type { Clock } from '../time/clock.ts';
import type { ByteTarget, CreateTarget } from './byte-target.ts';
import { horizon, type RecordingLimits, reachedLimit } from './recorder-limits.ts';
import {
  type PauseBehavior,
  type RecorderEffect,
  type RecorderInput,
  type RecorderRules,
  type RecorderState,
  stepRecorder,
} from './recorder-states.ts';
import type { Encoders } from './encoder/encoder-thread.ts';
import { createFileWriter } from './file-writer.ts';
import type { RecordingWriter } from './recording-writer.ts';
import { SEGMENT_KEEP, SEGMENT_SILENCE, SEGMENT_SKIP, SegmentQueue } from './segment-queue.ts';
import type { EndCause, RecordOutcome, RecordSpec } from './types.ts';
import { VoiceMonitor } from './voice-monitor.ts';

export type RecorderEvent =
  /** There is a file to write to. */
  | { readonly type: 'opened' }
  | { readonly type: 'started'; readonly startTimeMs: number }
  | { readonly type: 'paused'; readonly behavior: PauseBehavior }
  | { readonly type: 'resumed' }
  /** The recording goes on, but an operator should know of this. */
  | { readonly type: 'notice'; readonly text: string }
  /** The end is decided: append what is pending, then call `finish`. */
  | { readonly type: 'ending'; readonly endedBy: EndCause }
  | { readonly type: 'ended'; readonly outcome: RecordOutcome };

export interface RecorderOptions {
  /** Of both sides, Hz: a multiple of 8000. */
  readonly sampleRate: number;
  readonly clock: Clock;
  /** Called in the middle of the recorder's methods; must not call back into it, except from `ended`. */
  readonly onEvent: (event: RecorderEvent) => void;
  /** Makes the targets of this recording; default: files. */
  readonly createTarget?: CreateTarget | undefined;
  /** Default: what `createTarget` makes for the specification's path. */
  readonly target?: ByteTarget;
  /** Where mp3 and mp4 are encoded; default: the encoder thread of this thread. */
  readonly encoders?: Encoders;
  /** Default: the writer of the specification's format, onto the target. */
  readonly writer?: RecordingWriter;
}

/**
 * One recording, read with two heads. At the live head, `observe` listens for speech and decides, to the
 * sample, how long the recording is. Some 300 ms later, when late packets have found their place, `append`
 * brings the same audio again, in the same order, for the file. `pendingSamples` says how much of what was
 * observed may be appended by now; after the end it counts down to 0, and `finish` closes the file.
 *
 * The owner feeds one and the same timeline to both heads, from the moment of construction (while the beep
 * sounds, too) to the end; what is in it but not in the file (beep, pauses) is left out here.
 */
export class Recorder {
  readonly spec: RecordSpec;
  readonly #sampleRate: number;
  readonly #clock: Clock;
  readonly #onEvent: (event: RecorderEvent) => void;
  readonly #writer: RecordingWriter;
  readonly #channels: 1 | 2;
  readonly #rules: RecorderRules;
  readonly #voice: VoiceMonitor | undefined;
  readonly #limits: RecordingLimits;
  readonly #queue = new SegmentQueue();

  #state: RecorderState = { phase: 'armed' };
  /** Samples of recorded time that were observed, and those of them that are certainly kept. */
  #heard = 0;
  #decided = 0;
  /** Samples of silence that pauses have put into the file. */
  #pauseSilence = 0;
  /** Samples of an in-band key that a terminator cuts off the end. */
  #cut = 0;

  readonly #peaks: PeakMeter;
  #buffer: Int16Array;
  /** Sample instants in the buffer, and all that were put into it since the start. */
  #buffered = 0;
  #frames = 0;
  #missing = 0;
  #startTimeMs: number;
  #endTimeMs = 0;
  #byteSize = 0;
  #abandoned: Promise<void> | undefined;
  #finished: Promise<RecordOutcome> | undefined;

  /**
   * Opens the file. A target that fails does not throw here: it ends the recording with an error.
   * @throws RangeError for a sample rate or sensitivity that cannot be
   */
  constructor(spec: RecordSpec, options: RecorderOptions) {
    this.spec = spec;
    this.#sampleRate = options.sampleRate;
    this.#clock = options.clock;
    this.#onEvent = options.onEvent;
    this.#channels = spec.stereo ? 2 : 1;
    this.#rules = {
      terminators: spec.terminators,
      awaitsSpeech: spec.initialTimeoutMs > 0,
      detectsSpeech: spec.initialTimeoutMs > 0 || spec.endSilenceTimeoutMs > 0,
    };
    if (this.#rules.detectsSpeech) {
      this.#voice = new VoiceMonitor(spec, options.sampleRate);
    }
    this.#writer = options.writer ?? createFileWriter(spec, options);
    this.#limits = {
      initialTimeout: this.#timerSamples(spec.initialTimeoutMs),
      endSilenceTimeout: this.#timerSamples(spec.endSilenceTimeoutMs),
      maxLength: this.#timerSamples(spec.maxLengthMs),
    };
    this.#peaks = new PeakMeter(options.sampleRate, this.#channels);
    this.#startTimeMs = options.clock.now();
    this.#buffer = this.#writer.begin(
      (error) => this.#input({ type: 'fail', error: error.message }),
      () => this.#onEvent({ type: 'opened' }),
      (text) => this.#onEvent({ type: 'notice', text }),
    );
  }

  /** Where it is in its life; see recorder-states.ts. */
  get phase(): RecorderState['phase'] {
    return this.#state.phase;
  }

  /** Observed samples that `append` may take now. */
  get pendingSamples(): number {
    return this.#queue.total - (this.#heard - this.#decided);
  }

  /**
   * Samples that may surely be observed before a timer can end it, whatever is in them; Infinity: as many as
   * come, until somebody does something.
   */
  get nearestEnd(): number {
    const state = this.#state;
    if (state.phase === 'paused')
      return state.behavior === 'skip'
        ? Number.POSITIVE_INFINITY
        : this.#writer.maxFrames - this.decidedSamples;
    if (state.phase !== 'waiting' && state.phase !== 'recording') return 0;
    const room = this.#writer.maxFrames - this.#pauseSilence;
    const end = this.#voice === undefined ? this.#limits.maxLength : horizon(this.#limits, this.#voice);
    // Who has not spoken yet may do so, and then be silent.
    return Math.min(Math.min(end, room) - this.#heard, this.#limits.endSilenceTimeout);
  }

  /** Length of the file as far as it is decided, samples. */
  get decidedSamples(): number {
    return this.#decided + this.#pauseSilence;
  }

  /** Before {@link begin}: on the line of the party, and to it, there was silence for so many samples. */
  hearSilence(samples: number): void {
    this.#voice?.process(undefined, undefined, 0, samples);
  }

  /** The beep is over, or there was none: from the next sample on, time and audio count. */
  begin(): void {
    this.#input({ type: 'begin' });
  }

  /**
   * Takes the next `count` samples at the live head, of the party (`speak`) and of what it hears (`listen`),
   * from `offset` on; `undefined` is silence. May decide the end; does nothing behind it.
   */
  observe(
    speak: Int16Array | undefined,
    listen: Int16Array | undefined,
    offset: number,
    count: number,
  ): void {
    const state = this.#state;
    switch (state.phase) {
      case 'armed':
        this.#voice?.process(speak, listen, offset, count);
        this.#queue.push(SEGMENT_SKIP, count);
        return;
      case 'paused':
        this.#observePause(state.behavior === 'silence' && state.resumeTo !== 'armed', count);
        return;
      case 'waiting':
      case 'recording':
        if (this.#voice !== undefined && this.#needsVoice) this.#voice.process(speak, listen, offset, count);
        this.#heard += count;
        this.#queue.push(SEGMENT_KEEP, count);
        this.#decide();
        return;
      case 'finalising':
      case 'ended':
        return;
    }
  }

  /**
   * Takes the audio of observed samples for the file, in order; arguments as in {@link observe}.
   * @param missing how many of them had not arrived in time and are silence or concealment
   * @returns samples taken: `count`, or less where {@link pendingSamples} ended
   */
  append(
    speak: Int16Array | undefined,
    listen: Int16Array | undefined,
    offset: number,
    count: number,
    missing = 0,
  ): number {
    const taken = Math.min(count, this.pendingSamples);
    let missingLeft = missing;
    let at = 0;
    while (at < taken && this.#queue.total > 0) {
      const kind = this.#queue.headKind;
      const run = Math.min(taken - at, this.#queue.headCount);
      // Before storing: a target that fails at once clears the queue.
      this.#queue.shift(run);
      if (kind === SEGMENT_KEEP) {
        this.#store(speak, listen, offset + at, run);
        const lost = Math.min(missingLeft, run);
        this.#missing += lost;
        missingLeft -= lost;
      } else if (kind === SEGMENT_SILENCE) {
        this.#store(undefined, undefined, 0, run);
      }
      at += run;
    }
    return taken;
  }

  /**
   * A key of the recorded party: ends the recording when it is one of its terminators.
   * @param toneSamples how much of the key's tone is in the audio observed so far (0 for RFC 4733 digits);
   *   that much is cut off the end, as far as it was not appended yet
   */
  digit(digit: string, toneSamples = 0): void {
    this.#cut = toneSamples;
    this.#input({ type: 'digit', digit: digit.toUpperCase() });
    this.#cut = 0;
  }

  /** Ends the recording with the last sample observed. No effect behind the end. */
  stop(cause: EndCause): void {
    this.#input({ type: 'stop', cause });
  }

  /** Stands still from the next sample on; no effect while paused. */
  pause(behavior: PauseBehavior): void {
    if (this.#heard > this.#limits.maxLength) {
      // It is over but for a doubt, which a pause would prolong.
      this.#keepAll();
      this.#input({ type: 'limit', limit: 'max_length' });
    }
    this.#input({ type: 'pause', behavior });
  }

  /** Goes on with the next sample; no effect unless paused. */
  resume(): void {
    this.#input({ type: 'resume' });
  }

  /**
   * Closes the file; call when the end is decided and {@link pendingSamples} is 0 (what is still pending
   * becomes silence). Further calls return the same promise, which never rejects.
   * @throws Error when the recording is not at its end
   */
  finish(): Promise<RecordOutcome> {
    if (this.#finished !== undefined) return this.#finished;
    if (this.#state.phase !== 'finalising') {
      throw new Error(
        `recording ${this.spec.recordingId} is ${this.#state.phase}: stop it before finishing it`,
      );
    }
    const pending = this.pendingSamples;
    this.append(undefined, undefined, 0, pending, pending);
    this.#finished = this.#clock.holdWhile(this.#close());
    return this.#finished;
  }

  /** Speech matters until it has begun, and behind that only to a timer of silence. */
  get #needsVoice(): boolean {
    return this.#state.phase === 'waiting' || this.#limits.endSilenceTimeout !== Number.POSITIVE_INFINITY;
  }

  #observePause(silence: boolean, count: number): void {
    if (!silence) {
      this.#queue.push(SEGMENT_SKIP, count);
      return;
    }
    const room = this.#writer.maxFrames - this.decidedSamples;
    this.#queue.push(SEGMENT_SILENCE, Math.min(count, room));
    this.#pauseSilence += Math.min(count, room);
    this.#voice?.silence(Math.min(count, room));
    if (count >= room) this.#input({ type: 'limit', limit: 'max_length' });
  }

  /** Moves the decided length on, and ends the recording when a limit is certain. */
  #decide(): void {
    const room = this.#writer.maxFrames - this.#pauseSilence;
    if (this.#voice === undefined) {
      const end = Math.min(this.#limits.maxLength, room);
      this.#decided = Math.min(this.#heard, end);
      if (this.#heard >= end) this.#input({ type: 'limit', limit: 'max_length' });
      return;
    }
    if (this.#voice.begun && this.#state.phase === 'waiting') this.#input({ type: 'speech' });
    const end = Math.min(horizon(this.#limits, this.#voice), room);
    // What a pause has settled stays settled, even where a limit in doubt before it turns out to hold.
    this.#decided = Math.max(this.#decided, Math.min(this.#heard, end));
    const limit = reachedLimit(this.#limits, this.#voice, this.#heard);
    if (limit !== undefined) this.#input({ type: 'limit', limit });
    else if (this.#heard >= room) this.#input({ type: 'limit', limit: 'max_length' });
  }

  #input(input: RecorderInput): void {
    const byLimit = input.type === 'limit';
    const step = stepRecorder(this.#state, input, this.#rules);
    this.#state = step.state;
    for (const effect of step.effects) this.#perform(effect, byLimit);
  }

  #perform(effect: RecorderEffect, byLimit: boolean): void {
    switch (effect) {
      case 'announce-start':
        this.#voice?.start();
        this.#startTimeMs = this.#clock.now();
        this.#onEvent({ type: 'started', startTimeMs: this.#startTimeMs });
        return;
      case 'keep-all':
        this.#keepAll();
        return;
      case 'announce-pause':
        if (this.#state.phase === 'paused') this.#onEvent({ type: 'paused', behavior: this.#state.behavior });
        return;
      case 'announce-resume':
        this.#onEvent({ type: 'resumed' });
        return;
      case 'decide-end':
        this.#decideEnd(byLimit);
        return;
      case 'abandon-file':
        this.#queue.clear();
        this.#heard = this.#decided;
        this.#abandoned = this.#clock.holdWhile(this.#writer.abandon());
        return;
      case 'announce-end':
        this.#onEvent({ type: 'ended', outcome: this.#outcome() });
        return;
    }
  }

  /** What a silence in doubt might have cut is kept, but never more than `max_length`. */
  #keepAll(): void {
    this.#decided = Math.min(this.#heard, this.#limits.maxLength);
  }

  #decideEnd(byLimit: boolean): void {
    if (!byLimit) this.#keepAll();
    const behind = this.#queue.dropKeptTail(Math.max(this.#heard - this.#decided, this.#cut));
    const end = this.#heard - behind;
    this.#heard = end;
    this.#decided = end;
    this.#endTimeMs = this.#clock.now() - (behind * 1000) / this.#sampleRate;
    if (this.#state.phase === 'finalising') {
      this.#onEvent({ type: 'ending', endedBy: this.#state.ending.endedBy });
    }
  }

  async #close(): Promise<RecordOutcome> {
    try {
      // A recording without a sample leaves no file (spec/record.md 8 #4).
      if (this.#frames === 0) await this.#writer.discard();
      else if (this.#abandoned === undefined) {
        this.#peaks.add(this.#buffer, this.#buffered);
        this.#byteSize = await this.#writer.finish(this.#buffer, this.#buffered);
      }
    } catch (error) {
      this.#input({ type: 'fail', error: error instanceof Error ? error.message : String(error) });
    }
    await this.#abandoned;
    this.#input({ type: 'flushed' });
    return this.#outcome();
  }

  #outcome(): RecordOutcome {
    if (this.#state.phase !== 'ended') throw new Error('a recording has no outcome before its end');
    const { ending } = this.#state;
    const peaks = ending.state === 'error' ? undefined : this.#peaks.result();
    return {
      state: ending.state,
      endedBy: ending.endedBy,
      ...(ending.terminator !== undefined && { terminator: ending.terminator }),
      durationMs: (this.#frames * 1000) / this.#sampleRate,
      byteSize: ending.state === 'error' ? 0 : this.#byteSize,
      startTimeMs: this.#startTimeMs,
      endTimeMs: this.#endTimeMs,
      missingSamples: this.#missing,
      ...(this.#voice !== undefined && { voice: this.#voice.activity(this.#frames) }),
      ...(peaks !== undefined && { peaks }),
      ...(ending.error !== undefined && { error: ending.error }),
    };
  }

  /** Puts audio into the buffer, and full buffers on their way. */
  #store(speak: Int16Array | undefined, listen: Int16Array | undefined, offset: number, count: number): void {
    const capacity = this.#buffer.length / this.#channels;
    let done = 0;
    while (done < count) {
      const run = Math.min(count - done, capacity - this.#buffered);
      this.#fill(speak, listen, offset + done, run);
      this.#buffered += run;
      this.#frames += run;
      done += run;
      if (this.#buffered === capacity) {
        this.#buffered = 0;
        this.#peaks.add(this.#buffer, capacity);
        this.#buffer = this.#writer.write(this.#buffer, capacity);
      }
    }
  }

  #fill(speak: Int16Array | undefined, listen: Int16Array | undefined, offset: number, count: number): void {
    const { direction } = this.spec;
    const party = direction === 'listen' ? undefined : speak;
    const other = direction === 'speak' ? undefined : listen;
    if (this.#channels === 2) {
      // Left is the party, right what it hears; a side that is not recorded stays silent (spec/record.md 3.1).
      place(this.#buffer, this.#buffered * 2, 2, party, offset, count);
      place(this.#buffer, this.#buffered * 2 + 1, 2, other, offset, count);
    } else if (party !== undefined && other !== undefined) {
      const buffer = this.#buffer;
      const base = this.#buffered;
      for (let i = 0; i < count; i++) buffer[base + i] = mixSamples(party[offset + i]!, other[offset + i]!);
    } else {
      place(this.#buffer, this.#buffered, 1, party ?? other, offset, count);
    }
  }

  #timerSamples(ms: number): number {
    return ms > 0 ? Math.round((ms * this.#sampleRate) / 1000) : Number.POSITIVE_INFINITY;
  }
}

/** Copies samples to every `stride`th place of `dest`; silence when there is no source. */
function place(
  dest: Int16Array,
  destOffset: number,
  stride: 1 | 2,
  src: Int16Array | undefined,
  srcOffset: number,
  count: number,
): void {
  if (src === undefined) {
    for (let i = 0; i < count; i++) dest[destOffset + i * stride] = 0;
  } else if (stride === 1) {
    copySamples(src, srcOffset, dest, destOffset, count);
  } else {
    for (let i = 0; i < count; i++) dest[destOffset + i * stride] = src[srcOffset + i]!;
  }
}
