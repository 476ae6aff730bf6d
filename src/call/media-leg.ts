import type { Logger } from '../log/logger.ts';
import type { AudioCodec, MediaStatistics } from '../mediaworker/protocol.ts';
import type { Recogniser } from '../speech/recognition/recogniser.ts';
import { type Clock, within } from '../time/clock.ts';
import { startBridge } from './bridge.ts';
import { startDetection } from './detection.ts';
import { DurationLimit } from './duration-limit.ts';
import {
  type Bridge,
  CallError,
  type CallEnd,
  type CallInfo,
  type CallLeg,
  type CallState,
  type DetectedEvent,
  type DetectOperation,
  type DetectOptions,
  type EndReason,
  type HangupCause,
  type HangupReason,
  type PlayableSound,
  type PlayOperation,
  type PlayOptions,
  type PressedDigit,
  type RecogniseOptions,
  type RecordOperation,
  type RecordOptions,
  type SpeechListener,
  type SpeechListening,
} from './leg.ts';
import { LegRecordings, type RecordingRefusal } from './leg-recordings.ts';
import type { MediaClient } from './media-client.ts';
import { switchNoiseFilter } from './noise-filter.ts';
import { assertKeys, sendKeys } from './send-keys.ts';
import { describeSound, Playback, type SoundingEvent, type SoundSource } from './playback.ts';
import { startPlaying } from './playing.ts';
import { startRecognition } from './recognition.ts';
import type { RecordingService } from './recording-service.ts';
import { SIGNALLED_WITHIN_MS, type Signalling } from './signalling.ts';
import { warnOfSilence } from './silent-party.ts';
import { LegStreams } from './streams/leg-streams.ts';
import type { StreamNetwork } from './streams/network.ts';
import type { StreamOperation, StreamOptions, TapOperation, TapOptions } from './streams/types.ts';

/** One line of a call's timeline, for people (demo, phone, traces). */
export interface LegEvent {
  readonly kind: 'call' | 'recording' | 'play' | 'digit' | 'media';
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** What began to sound, with `sound started`. */
  readonly sound?: PlayableSound;
  /** With `media closed`. */
  readonly statistics?: MediaStatistics;
}

export interface MediaLegOptions {
  readonly info: Omit<CallInfo, 'call_state' | 'peer' | 'dial_winner'>;
  readonly signalling: Signalling;
  readonly sounds: SoundSource;
  readonly recordings: RecordingService;
  /** Understands speech; undefined: nobody does. */
  readonly recogniser?: Recogniser | undefined;
  /** `swml:<session>`; goes into the callbacks of recordings. */
  readonly eventChannel: string | undefined;
  readonly recordingRefusal?: RecordingRefusal | undefined;
  /** Where taps and streams go; undefined: nowhere. */
  readonly streams?: StreamNetwork | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onEvent: (event: LegEvent) => void;
  /** Told of the leg's media session, once it is there. */
  readonly onMedia?: ((media: MediaClient) => void) | undefined;
}

/** A leg whose media are a session of the media side; its owner reports what signalling does to it. */
export class MediaLeg implements CallLeg {
  readonly signal: AbortSignal;
  readonly ended: Promise<CallEnd>;
  readonly #options: MediaLegOptions;
  /** What of {@link info} changes is set here. */
  readonly #info: CallInfo & {
    call_state: CallState;
    peer: CallInfo['peer'];
    dial_winner: CallInfo['dial_winner'];
  };
  readonly #abort = new AbortController();
  /** Made with the first of them, as all that a call which is only recorded does without. */
  #digitListeners: Set<(pressed: PressedDigit) => void> | undefined;
  /** By control id; made with the first of them. */
  #plays: Map<string, PlayOperation> | undefined;
  readonly #recordings: LegRecordings;
  /** Made with the first of them. */
  #streams: LegStreams | undefined;
  #answeredAt: number | undefined;
  /** When its end began, Unix ms: its media may need longer, for their files. */
  #endedAt: number | undefined;
  #media: MediaClient | undefined;
  #soundsEarly = false;
  #answering: Promise<void> | undefined;
  #opening: Promise<void> | undefined;
  /** Made with the first sound on the present media. */
  #playback: Playback | undefined;
  #bridge: Bridge | undefined;
  readonly #duration: DurationLimit;
  #nextSendId = 1;
  #ending: Promise<void> | undefined;
  readonly #outcome = Promise.withResolvers<CallEnd>();

  constructor(options: MediaLegOptions) {
    this.#options = options;
    this.signal = this.#abort.signal;
    this.ended = this.#outcome.promise;
    this.#duration = new DurationLimit(options.clock, () => void this.#endLocally('max_duration'));
    this.#recordings = new LegRecordings({
      service: options.recordings,
      clock: options.clock,
      log: options.log,
      onEvent: options.onEvent,
      signal: this.signal,
      recordingRefusal: options.recordingRefusal,
    });
    this.#info = { ...options.info, call_state: 'created', peer: undefined, dial_winner: undefined };
  }

  get info(): CallInfo {
    return this.#info;
  }

  get state(): CallState {
    return this.#info.call_state;
  }

  /** Of its audio now; undefined while there is none. */
  get codec(): AudioCodec | undefined {
    return this.#media?.agreed?.codec;
  }

  /** When the call was answered, Unix ms; undefined before. */
  get answeredAt(): number | undefined {
    return this.#answeredAt;
  }

  async answer(options: { readonly codecs?: readonly string[] } = {}): Promise<void> {
    this.#assertAlive();
    if (this.#info.call_state === 'answered') return;
    this.#answering ??= this.#answer(options.codecs, this.#options.clock.monotonic());
    await this.#answering;
  }

  get hearsUs(): boolean {
    return this.#media !== undefined;
  }

  limitDuration(seconds: number): void {
    if (!this.#over) this.#duration.limit(seconds);
  }

  async hangup(reason: HangupReason = 'hangup', cause?: HangupCause): Promise<void> {
    await this.#endLocally(reason, cause);
  }

  wonDial(): void {
    this.#info.dial_winner = 'true';
  }

  play(sounds: readonly PlayableSound[], options: PlayOptions = {}): PlayOperation {
    const { controlId } = options;
    if (controlId !== undefined && this.playing(controlId) !== undefined) {
      throw new CallError('control_id_in_use', `something plays under the control id "${controlId}" already`);
    }
    const operation = startPlaying(
      async () => {
        await this.#openForSound();
        return this.#playbackOfMedia();
      },
      this.signal,
      sounds,
      options,
    );
    if (controlId !== undefined) {
      this.#plays ??= new Map();
      const plays = this.#plays;
      plays.set(controlId, operation);
      void operation.done.then(() => plays.delete(controlId));
    }
    return operation;
  }

  playing(controlId: string): PlayOperation | undefined {
    return this.#plays?.get(controlId);
  }

  async record(options: RecordOptions): Promise<RecordOperation> {
    const media = this.#answeredMedia('recorded');
    return await this.#recordings.start(media, this.info, this.#options.eventChannel, options);
  }

  recording(controlId: string): RecordOperation | undefined {
    return this.#recordings.find(controlId);
  }

  async tap(options: TapOptions): Promise<TapOperation> {
    return await this.#allStreams().tap(this.#answeredMedia('tapped'), options);
  }

  tapping(controlId: string): TapOperation | undefined {
    return this.#streams?.tapping(controlId);
  }

  async stream(options: StreamOptions): Promise<StreamOperation> {
    return await this.#allStreams().stream(this.#answeredMedia('streamed'), options);
  }

  streaming(controlId: string): StreamOperation | undefined {
    return this.#streams?.streaming(controlId);
  }

  get joinedStream(): StreamOperation | undefined {
    return this.#streams?.joined;
  }

  async sendDigits(digits: string, signal?: AbortSignal): Promise<void> {
    assertKeys(digits);
    await this.answer();
    const media = this.#media;
    if (media === undefined || this.#over) throw new CallError('call_over', 'the call is over');
    await sendKeys(media, `digits-${this.#nextSendId++}`, digits, signal);
  }

  recognise(options: RecogniseOptions, listener: SpeechListener): SpeechListening {
    this.#assertAlive();
    const { recogniser } = this.#options;
    if (recogniser === undefined) {
      throw new CallError(
        'no_recogniser',
        'speech recognition is not configured: set speech.recognition.url to a server with POST /audio/transcriptions',
      );
    }
    const media = this.#audibleMedia();
    return startRecognition(media, `listen-${this.#nextSendId++}`, recogniser, options, listener);
  }

  detect(options: DetectOptions, onEvent: (event: DetectedEvent, beep: boolean) => void): DetectOperation {
    return startDetection(this.#audibleMedia(), `detect-${this.#nextSendId++}`, options, onEvent);
  }

  async denoise(on: boolean): Promise<void> {
    await switchNoiseFilter(
      this.#answeredMedia('denoised'),
      on ? `denoise-${this.#nextSendId++}` : undefined,
    );
  }

  onDigit(listener: (pressed: PressedDigit) => void): () => void {
    this.#digitListeners ??= new Set();
    const listeners = this.#digitListeners;
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  get bridged(): Bridge | undefined {
    return this.#bridge;
  }

  bridge(peer: CallLeg): Bridge {
    this.#assertAlive();
    if (!(peer instanceof MediaLeg) || this.#media === undefined || peer.#media === undefined) {
      throw new CallError('invalid_state', 'a call is bridged only when both sides have audio');
    }
    peer.#assertAlive();
    this.#bridge?.end();
    peer.#bridge?.end();
    const bridge = startBridge(
      { media: this.#media, signal: this.signal },
      { media: peer.#media, signal: peer.signal },
      this.state === 'answered' && peer.state === 'answered',
    );
    this.#joined(bridge, peer.info);
    peer.#joined(bridge, this.info);
    return bridge;
  }

  /** The party is being alerted (a 180 or 183 went out or came in). */
  ringing(): void {
    if (this.#info.call_state !== 'created') return;
    this.#info.call_state = 'ringing';
    this.#event('call', 'ringing');
  }

  /** An outbound call that rings brings sound already: `media` is its configured session. */
  ringingWithSound(media: MediaClient): void {
    if (this.#over) return;
    this.ringing();
    if (!this.#soundsEarly) this.#event('call', 'early media');
    this.#soundsEarly = true;
    this.#attach(media);
  }

  /** It was sent on to another place before its answer: what brought sound is out, and the next one may only ring. */
  ringsElsewhere(): void {
    if (!this.#soundsEarly) return;
    this.#soundsEarly = false;
    this.#event('call', 'early media over');
    this.#bridge?.end();
  }

  /** An outbound call was answered: `media` is its configured session. */
  answered(media: MediaClient, sinceMs = this.#options.clock.monotonic()): void {
    if (this.#over) return;
    this.#attach(media);
    this.#recordings.answered(sinceMs);
    this.#info.call_state = 'answered';
    this.#answeredAt = this.#options.clock.now();
    this.#event('call', 'answered');
  }

  /** The party ended the call, or refused it with a SIP `status`, or the network lost it. */
  endedRemotely(reason: EndReason, status?: number): Promise<void> {
    return this.#end({ by: 'remote', reason, ...(status !== undefined && { status }) });
  }

  /** We refused the call: signalling is over, and nothing is left to send. */
  refused(): Promise<void> {
    return this.#end({ by: 'local', reason: 'error' });
  }

  get #over(): boolean {
    return this.#ending !== undefined;
  }

  async #answer(codecs: readonly string[] | undefined, sinceMs: number): Promise<void> {
    try {
      const media = await this.#options.signalling.answer(codecs);
      if (this.#over) {
        await media.close('hangup');
        throw new CallError('call_over', 'the call ended while it was being answered');
      }
      this.answered(media, sinceMs);
    } catch (cause) {
      this.#answering = undefined;
      throw cause;
    }
  }

  async #openForSound(): Promise<void> {
    this.#assertAlive();
    if (this.#answering !== undefined) await this.#answering;
    if (this.#media !== undefined) return;
    this.#opening ??= this.#options.signalling.earlyMedia().then(async (media) => {
      if (this.#over) {
        await media.close('hangup');
        throw new CallError('call_over', 'the call ended before its sound could start');
      }
      this.ringing();
      this.#attach(media);
    });
    await this.#opening;
  }

  #attach(media: MediaClient): void {
    if (this.#media === media) return;
    this.#media = media;
    this.#options.onMedia?.(media);
    this.#playback = undefined;
    media.listen((event) => {
      if (event.type === 'digit')
        this.#pressed({ digit: event.digit, durationMs: event.durationMs }, event.via);
      else if (event.type === 'closed') this.#mediaClosed(event.statistics, media);
    });
  }

  #playbackOfMedia(): Playback | undefined {
    if (this.#playback === undefined && this.#media !== undefined) {
      const { sounds, log } = this.#options;
      this.#playback = new Playback(this.#media, sounds, log, (event) => this.#sounding(event));
      if (this.#over) this.#playback.close();
    }
    return this.#playback;
  }

  #allStreams(): LegStreams {
    const options = this.#options;
    this.#streams ??= new LegStreams({
      network: options.streams,
      localAddress: () => options.signalling.localAddress,
      call: this.info,
      log: options.log,
      onEvent: options.onEvent,
      signal: this.signal,
      sendDigits: (digits, signal) => this.sendDigits(digits, signal),
      copyRefusal: options.recordingRefusal,
    });
    return this.#streams;
  }

  #joined(bridge: Bridge, { call_id, node_id }: CallInfo): void {
    this.#bridge = bridge;
    this.#info.peer = { call_id, node_id };
    this.#event('call', 'bridged', { peer: call_id });
    void bridge.over.then(() => {
      if (this.#bridge !== bridge) return;
      this.#bridge = undefined;
      this.#info.peer = undefined;
      this.#event('call', 'parted', { peer: call_id });
    });
  }

  #mediaClosed(statistics: MediaStatistics, media: MediaClient): void {
    const { onEvent, log, clock, signalling } = this.#options;
    onEvent({ kind: 'media', text: 'media closed', data: { ...statistics }, statistics });
    const answeredMs = (this.#endedAt ?? clock.now()) - (this.#answeredAt ?? Number.POSITIVE_INFINITY);
    warnOfSilence(log, statistics, answeredMs, media, () => signalling.localAddress);
    if (this.#over) return;
    // The media side is gone under a live call: nothing can be heard or recorded any more.
    this.#options.log.error({}, 'media session lost, ending the call');
    void this.#endLocally('error');
  }

  #sounding(event: SoundingEvent): void {
    if (event.type === 'started') {
      const { playId, sound, atMs } = event;
      const data = { play_id: playId, at_ms: atMs, ...describeSound(sound) };
      this.#options.onEvent({ kind: 'play', text: 'sound started', data, sound });
    } else {
      const { playId, state, playedMs, error } = event;
      const data = { play_id: playId, state, played_ms: playedMs, ...(error !== undefined && { error }) };
      this.#event('play', 'play ended', data);
    }
  }

  #pressed(pressed: PressedDigit, via: string): void {
    this.#options.onEvent({ kind: 'digit', text: 'key pressed', data: { digit: pressed.digit, via } });
    for (const listener of [...(this.#digitListeners ?? [])]) listener(pressed);
  }

  #endLocally(reason: EndReason, cause?: HangupCause): Promise<void> {
    return this.#end({ by: 'local', reason }, cause);
  }

  #end(end: CallEnd, cause?: HangupCause): Promise<void> {
    if (this.#ending === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      // Before anything else: the signalling, once told to end, may report the end from within that call.
      this.#ending = promise;
      resolve(this.#finish(end, cause));
    }
    return this.#ending;
  }

  async #finish(end: CallEnd, cause: HangupCause | undefined): Promise<void> {
    const { signalling, log, clock } = this.#options;
    this.#endedAt = clock.now();
    this.#info.call_state = 'ending';
    this.#duration.cancel();
    this.#event('call', end.by === 'local' ? 'hanging up' : 'the party hung up', { reason: end.reason });
    this.#abort.abort(end);
    this.#playback?.close();
    const signalled =
      end.by === 'local'
        ? signalling
            .end(end.reason, cause)
            .catch((error: unknown) => log.warn({ err: error }, 'could not end the call politely'))
        : Promise.resolve();
    await this.#media?.close('hangup');
    // Whoever still opens a session finds the call over, and closes it.
    for (const begun of [this.#answering, this.#opening]) await begun?.catch(() => {});
    await this.#recordings.settled();
    await this.#streams?.settled();
    await within(clock, signalled, SIGNALLED_WITHIN_MS);
    this.#info.call_state = 'ended';
    this.#event('call', 'ended', { ...end });
    this.#outcome.resolve(end);
  }

  #answeredMedia(done: string): MediaClient {
    this.#assertAlive();
    if (this.#media === undefined || this.#info.call_state !== 'answered') {
      throw new CallError('invalid_state', `a call is ${done} only after it was answered`);
    }
    return this.#media;
  }

  /** To listen to; that of a call which only rings will do. */
  #audibleMedia(): MediaClient {
    this.#assertAlive();
    if (this.#media === undefined) {
      throw new CallError('invalid_state', 'there is nothing to listen to before the call was answered');
    }
    return this.#media;
  }

  #assertAlive(): void {
    if (this.#over) throw new CallError('call_over', 'the call is over');
  }

  #event(kind: LegEvent['kind'], text: string, data: Readonly<Record<string, unknown>> = {}): void {
    this.#options.onEvent({ kind, text, data });
  }
}
