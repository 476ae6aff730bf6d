/** A call leg in memory, for tests of methods: notes what was asked of it, and ends things when told. */
import {
  type Bridge,
  CallError,
  type CallEnd,
  type CallInfo,
  type CallLeg,
  type DetectedEvent,
  type DetectOperation,
  type DetectOptions,
  type DetectResult,
  type HangupCause,
  type PlayableSound,
  type PlayOperation,
  type PlayOptions,
  type PlayResult,
  type PressedDigit,
  type RecogniseOptions,
  type RecordOperation,
  type RecordOptions,
  type SpeechListener,
  type SpeechListening,
  type SpeechResult,
} from '../call/leg.ts';
import type {
  StreamEnd,
  StreamOperation,
  StreamOptions,
  TapOperation,
  TapOptions,
} from '../call/streams/types.ts';
import type { RecordOutcome } from '../recording/types.ts';

export const FINISHED: RecordOutcome = {
  state: 'finished',
  endedBy: 'terminator',
  terminator: '#',
  durationMs: 2_000,
  byteSize: 32_044,
  startTimeMs: 0,
  endTimeMs: 2_000,
  missingSamples: 0,
};

export interface FakeRecording {
  readonly options: RecordOptions;
  readonly finish: (outcome: RecordOutcome) => void;
}

export interface FakeDetection {
  readonly options: DetectOptions;
  readonly tell: (event: DetectedEvent, beep?: boolean) => void;
  readonly finish: (result: DetectResult) => void;
}

export interface FakeListening {
  readonly options: RecogniseOptions;
  /** The party begins to speak. */
  readonly begin: () => void;
  readonly finish: (result: SpeechResult) => void;
}

export class FakeLeg implements CallLeg {
  info: CallInfo;
  readonly signal: AbortSignal;
  readonly ended: Promise<CallEnd>;
  /** What was asked, in order, one word and its argument each. */
  readonly log: string[] = [];
  readonly played: PlayableSound[] = [];
  readonly recordings: FakeRecording[] = [];
  readonly detections: FakeDetection[] = [];
  /** Control ids of the recordings that were stopped. */
  readonly stopped: string[] = [];
  /** Given to each `play`; a promise keeps it going. */
  playResult: PlayResult | Promise<PlayResult> = { state: 'finished', playedMs: 1_000 };
  /** Given to each `record`; undefined keeps it going until the test finishes it. */
  recordOutcome: RecordOutcome | undefined = FINISHED;
  /** An answer takes until then; undefined: no time. */
  answering: Promise<void> | undefined;
  answerError: CallError | undefined;
  recordError: CallError | undefined;
  recogniseError: CallError | undefined;
  streamError: CallError | undefined;
  denoiseError: CallError | undefined;
  readonly streamed: StreamOptions[] = [];
  readonly #taps = new Map<string, TapOperation>();
  readonly #streams = new Map<string, StreamOperation>();
  readonly listenings: FakeListening[] = [];
  readonly #life = new AbortController();
  readonly #digitListeners = new Set<(pressed: PressedDigit) => void>();
  readonly #operations = new Map<string, RecordOperation>();

  constructor(info: Partial<CallInfo> = {}) {
    this.signal = this.#life.signal;
    this.ended = new Promise((resolve) => {
      this.signal.addEventListener('abort', () => resolve(this.signal.reason as CallEnd), { once: true });
    });
    this.info = {
      call_id: 'call-1',
      node_id: 'node-1',
      segment_id: 'segment-1',
      call_state: 'created',
      direction: 'inbound',
      type: 'sip',
      from: 'sip:ann@example.com',
      to: 'sip:desk@example.com',
      headers: [],
      project_id: 'project-1',
      space_id: 'space-1',
      ...info,
    };
  }

  async answer(options: { readonly codecs?: readonly string[] } = {}): Promise<void> {
    if (this.answering !== undefined) await this.answering;
    if (this.answerError !== undefined) throw this.answerError;
    if (this.signal.aborted) throw new CallError('call_over', 'the call is over');
    if (this.info.call_state === 'answered') return;
    this.log.push(options.codecs === undefined ? 'answer' : `answer ${options.codecs.join(',')}`);
    this.info = { ...this.info, call_state: 'answered' };
  }

  get hearsUs(): boolean {
    return this.info.call_state === 'answered' || this.played.length > 0;
  }

  limitDuration(seconds: number): void {
    this.log.push(`limit ${seconds}`);
  }

  wonDial(): void {
    this.info = { ...this.info, dial_winner: 'true' };
  }

  async hangup(reason = 'hangup', cause?: HangupCause): Promise<void> {
    if (this.signal.aborted) return;
    this.log.push(['hangup', reason, ...(cause === undefined ? [] : [cause.status, cause.text])].join(' '));
    this.end({ by: 'local', reason: reason as CallEnd['reason'] });
  }

  /** The bridge that it is in, or was in last. */
  bridged: Bridge | undefined;

  bridge(peer: CallLeg): Bridge {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    this.log.push(`bridge ${peer.info.call_id}`);
    for (const { signal } of [this, peer]) signal.addEventListener('abort', () => resolve(), { once: true });
    this.bridged = { over, isTalk: true, end: resolve };
    return this.bridged;
  }

  playing(): PlayOperation | undefined {
    return undefined;
  }

  play(sounds: readonly PlayableSound[], options: PlayOptions = {}): PlayOperation {
    this.log.push(`play ${sounds.map((sound) => sound.kind).join(',')} ${options.volumeDb ?? 0}`);
    this.played.push(...sounds);
    const { promise, resolve } = Promise.withResolvers<PlayResult>();
    const stopped = (): void => resolve({ state: 'stopped', playedMs: 0 });
    this.signal.addEventListener('abort', stopped, { once: true });
    void Promise.resolve(this.playResult).then(resolve);
    return {
      done: promise,
      stop: () => {
        this.log.push('stop play');
        stopped();
      },
      pause: () => options.onState?.('paused'),
      resume: () => options.onState?.('playing'),
      setVolume: (volumeDb) => this.log.push(`volume ${volumeDb}`),
    };
  }

  async record(options: RecordOptions): Promise<RecordOperation> {
    if (this.recordError !== undefined) throw this.recordError;
    this.log.push(`record ${options.controlId}`);
    const { promise, resolve } = Promise.withResolvers<RecordOutcome>();
    const recording = { options, finish: resolve };
    this.recordings.push(recording);
    if (this.recordOutcome !== undefined) resolve(this.recordOutcome);
    this.signal.addEventListener('abort', () => resolve({ ...FINISHED, endedBy: 'hangup' }), { once: true });
    const operation: RecordOperation = {
      recordingId: `recording-${this.recordings.length}`,
      controlId: options.controlId,
      url: `https://files.example.com/${this.recordings.length}`,
      done: promise,
      stop: (cause = 'stop') => {
        this.log.push(`stop record ${cause}`);
        this.stopped.push(options.controlId);
        resolve({ ...FINISHED, endedBy: cause });
      },
      pause: (behavior) => this.log.push(`pause ${behavior}`),
      resume: () => this.log.push('resume'),
    };
    this.#operations.set(options.controlId, operation);
    void promise.then(() => this.#operations.delete(options.controlId));
    return operation;
  }

  recording(controlId: string): RecordOperation | undefined {
    return this.#operations.get(controlId);
  }

  async sendDigits(digits: string): Promise<void> {
    this.log.push(`digits ${digits}`);
  }

  detect(options: DetectOptions, onEvent: (event: DetectedEvent, beep: boolean) => void): DetectOperation {
    const { promise: done, resolve: finish } = Promise.withResolvers<DetectResult>();
    this.detections.push({ options, finish, tell: (event, beep = false) => onEvent(event, beep) });
    return { done, stop: () => finish({ outcome: 'UNKNOWN', beep: false, ms: 0 }) };
  }

  recognise(options: RecogniseOptions, { onStart }: SpeechListener): SpeechListening {
    if (this.recogniseError !== undefined) throw this.recogniseError;
    const { promise: done, resolve: finish } = Promise.withResolvers<SpeechResult>();
    this.log.push('listen');
    this.listenings.push({ options, begin: onStart, finish });
    return {
      done,
      behind: undefined,
      cut: () => this.log.push('cut speech'),
      stop: () => this.log.push('stop listening'),
    };
  }

  async tap(options: TapOptions): Promise<TapOperation> {
    this.log.push(`tap ${options.uri}`);
    if (this.streamError !== undefined) throw this.streamError;
    const { controlId, uri, codec = 'PCMU', ptimeMs = 20 } = options;
    const rtp = uri.startsWith('rtp:')
      ? { address: '192.0.2.5', port: 4000, sourceAddress: '192.0.2.1', sourcePort: 10_000 }
      : undefined;
    const facts = { controlId, uri, codec, ptimeMs, rate: 8000, rtp };
    return this.#background(this.#taps, { ...facts, ...this.#ending() });
  }

  tapping(controlId: string): TapOperation | undefined {
    return this.#taps.get(controlId);
  }

  async stream(options: StreamOptions): Promise<StreamOperation> {
    this.log.push(`stream ${options.url}`);
    this.streamed.push(options);
    if (this.streamError !== undefined) throw this.streamError;
    const { controlId, url, name } = options;
    return this.#background(this.#streams, { controlId, url, name, ...this.#ending() });
  }

  streaming(controlId: string): StreamOperation | undefined {
    return this.#streams.get(controlId);
  }

  get joinedStream(): StreamOperation | undefined {
    return undefined;
  }

  #ending(): { readonly done: Promise<StreamEnd>; readonly stop: () => void } {
    const { promise: done, resolve } = Promise.withResolvers<StreamEnd>();
    this.signal.addEventListener('abort', () => resolve({ by: 'call', dropped: 0 }), { once: true });
    return { done, stop: () => resolve({ by: 'stopped', dropped: 0 }) };
  }

  #background<O extends { readonly controlId: string; readonly done: Promise<StreamEnd> }>(
    running: Map<string, O>,
    operation: O,
  ): O {
    running.set(operation.controlId, operation);
    void operation.done.then(() => running.delete(operation.controlId));
    return operation;
  }

  async denoise(on: boolean): Promise<void> {
    if (this.denoiseError !== undefined) throw this.denoiseError;
    this.log.push(on ? 'denoise' : 'stop denoise');
  }

  onDigit(listener: (pressed: PressedDigit) => void): () => void {
    this.#digitListeners.add(listener);
    return () => this.#digitListeners.delete(listener);
  }

  /** The party presses keys. */
  press(digits: string): void {
    for (const digit of digits) {
      for (const listener of this.#digitListeners) listener({ digit, durationMs: 100 });
    }
  }

  end(end: CallEnd = { by: 'remote', reason: 'hangup' }): void {
    if (this.signal.aborted) return;
    this.info = { ...this.info, call_state: 'ended' };
    this.#life.abort(end);
  }
}
