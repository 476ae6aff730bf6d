import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CallEnd } from '../call/leg.ts';
import { MediaLeg } from '../call/media-leg.ts';
import { type CallScript, startScript } from '../engine/call-script.ts';
import { silentLogger } from '../log/logger.ts';
import { warmUpOpus } from '../mediaworker/codecs.ts';
import { repeatableRandom } from '../rtp/memory-network.ts';
import type { SwmlDocument } from '../swml/document.ts';
import { SwmlError } from '../swml/errors.ts';
import { loadExpressions } from '../swml/expressions.ts';
import type { RecordingRow } from '../storage/recordings.ts';
import type { JsonObject } from '../swml/json.ts';
import type { Clock } from '../time/clock.ts';
import { type AudioFile, audioReader } from './audio-file.ts';
import { type TraceHeader, traceText } from '../trace/format.ts';
import { CallbackRecorder } from './callback-recorder.ts';
import { type CallParts, openCallParts } from './call-parts.ts';
import { CallStory, callIdOf, type StepRun } from './call-story.ts';
import { type CallTime, RealTime, VirtualTime } from './call-time.ts';
import { VirtualCaller } from './caller.ts';
import { CallerLine } from './caller-line.ts';
import { fetchDocument, findDocument, type FoundDocument, mayUseExpressions } from './documents.ts';
import { VirtualCallError } from './errors.ts';
import { uuidsFrom } from './identifiers.ts';
import { Listening } from './listening.ts';
import { type CommandName, type CommandOptions, runCommand } from './operator.ts';
import { callInfo, startOf, traceHeader, type VirtualCallOptions } from './options.ts';
import { CALLER_ADDRESS, VirtualSignalling } from './signalling.ts';
import { PartyLines } from './parties.ts';
import type { VirtualParty } from './party.ts';
import { VirtualRecogniser } from './recognition.ts';
import type { CallEvent } from '../trace/events.ts';
import type { SoundHeard } from './transcript.ts';
import { VirtualRecording } from './virtual-recording.ts';
import { StreamPeers } from './stream-peers.ts';
import type { Waiting } from './web-socket-peer.ts';
import { FakeWeb, type WebExchange } from './web.ts';

const DEFAULT_MAX_SECONDS = 14_400;
const DEFAULT_ANSWER_AFTER = 2;
const TELEPHONE_EVENT = 101;
const RECEIVED = '/received.wav';
/** Callbacks that are tried again and again are waited for no longer than this, ms. */
const DRAIN_MS = 30_000;

/**
 * Places a call: the document runs, on the same engine, media and recorders as any other, in virtual time. It
 * passes while the test awaits something of the call or its caller.
 * @throws SwmlError for a document with errors; Error for one that cannot be read
 */
export async function virtualCall(options: VirtualCallOptions): Promise<VirtualCall> {
  const { document: source, baseDir = process.cwd(), strict } = options;
  const document = await findDocument(source, baseDir, { strict });
  return await VirtualCall.place(options, document);
}

/** A call in the making, and what became of it. */
export class VirtualCall {
  readonly caller: VirtualCaller;
  readonly callbacks: CallbackRecorder;
  readonly web: FakeWeb;
  /** Who answers its taps and streams. */
  readonly streams: StreamPeers;
  readonly #time: CallTime;
  readonly #parts: CallParts;
  readonly #line: CallerLine;
  readonly #story: CallStory;
  readonly #listening: Listening;
  readonly #signalling: VirtualSignalling;
  readonly #leg: MediaLeg;
  readonly #baseDir: string;
  readonly #options: VirtualCallOptions;
  readonly #newId: () => string;
  readonly #sessionId: string;
  readonly #userEvents: JsonObject[] = [];
  readonly #partyLines: PartyLines;
  readonly #partiesAwaited = new WeakSet<VirtualParty>();
  #script: CallScript | undefined;
  #end: CallEnd | undefined;
  #seconds: number | undefined;
  #error: Error | undefined;
  /** Decoders of recordings that take a moment to make ready. */
  readonly #audio = new Map<string, () => AudioFile>();
  readonly #header: TraceHeader;
  readonly #done: Promise<void>;

  static async place(options: VirtualCallOptions, document: FoundDocument): Promise<VirtualCall> {
    const { startsAt, realTime, maxSeconds = DEFAULT_MAX_SECONDS } = options;
    // The longest call has its callbacks delivered, too.
    const limitMs = maxSeconds * 1000 + DRAIN_MS;
    const time =
      realTime === true ? new RealTime(startsAt?.getTime()) : new VirtualTime(startOf(options), limitMs);
    const random = repeatableRandom(options.seed ?? 1);
    // Or the first frames would be silent, as many as it happens to take.
    if (options.codec === 'OPUS') await warmUpOpus();
    // Or the first call of a process would take its first step a moment later than all others.
    if (mayUseExpressions(document)) await loadExpressions();
    let call: VirtualCall | undefined;
    const baseDir = options.baseDir ?? process.cwd();
    const web = options.web instanceof FakeWeb ? options.web : new FakeWeb(options.web, baseDir);
    const newId = uuidsFrom(repeatableRandom((options.seed ?? 1) ^ 0x1d5));
    const parts = openCallParts({
      clock: time.clock,
      log: options.log ?? silentLogger,
      web,
      onExchange: (exchange, phase) => {
        if (call !== undefined) call.#exchanged(exchange, phase);
      },
      network: options.network ?? {},
      random,
      newId,
      voice: options.voice,
      signingKey: options.signingKey,
    });
    const line = new CallerLine({
      clock: time.clock,
      log: silentLogger,
      random,
      socket: await parts.network.open(CALLER_ADDRESS),
      codec: options.codec ?? 'PCMU',
      telephoneEventPayloadType: options.keys === 'inband' ? undefined : TELEPHONE_EVENT,
    });
    call = new VirtualCall({ ...options, baseDir }, { time, parts, line, web, random, newId }, document);
    return call;
  }

  private constructor(
    options: VirtualCallOptions & { readonly baseDir: string },
    made: {
      readonly time: CallTime;
      readonly parts: CallParts;
      readonly line: CallerLine;
      readonly web: FakeWeb;
      readonly random: () => number;
      readonly newId: () => string;
    },
    document: FoundDocument,
  ) {
    const { time, parts, line, web, random, newId } = made;
    const { clock } = time;
    const { answerAfter = DEFAULT_ANSWER_AFTER } = options;
    this.#options = options;
    this.#time = time;
    this.#parts = parts;
    this.#line = line;
    this.#newId = newId;
    this.#baseDir = options.baseDir;
    this.#story = new CallStory(clock, (sound) => parts.speech.lengthMs(sound), options.onEvent);
    this.#sessionId = newId();
    this.web = web;
    this.#listening = new Listening({ clock, line, transcript: this.#story.transcript });
    const callId = newId();
    this.#signalling = new VirtualSignalling({
      clock,
      media: parts.media,
      sessionId: callId,
      line,
      codec: options.codec ?? 'PCMU',
      telephoneEventPayloadType: options.keys === 'inband' ? undefined : TELEPHONE_EVENT,
    });
    const waiting: Waiting = (what, within, work) => this.#wait(what, within, work);
    this.streams = new StreamPeers(clock, parts.network, waiting);
    const recogniser = new VirtualRecogniser(clock, options.recognition);
    this.#leg = new MediaLeg({
      info: callInfo(options, callId),
      signalling: this.#signalling,
      sounds: parts.sounds,
      recordings: parts.recordings,
      recogniser,
      streams: this.streams,
      eventChannel: `swml:${this.#sessionId}`,
      clock,
      log: options.log ?? silentLogger,
      onEvent: (event) => this.#story.legEvent(event, this.#leg.signal.aborted),
      onMedia: (media) => {
        if (options.trace === true) {
          this.#story.tracer.media(media, { path: RECEIVED, name: RECEIVED.slice(1) });
        }
      },
    });
    this.#leg.limitDuration(options.maxSeconds ?? DEFAULT_MAX_SECONDS);
    this.callbacks = new CallbackRecorder(waiting);
    this.caller = new VirtualCaller({
      time,
      line,
      listening: this.#listening,
      network: parts.network,
      random,
      answered: this.#signalling.answered,
      signal: this.#leg.signal,
      load: (sound) => parts.load(sound, line.sampleRate),
      speaks: (text, lengthMs) => {
        recogniser.says(text, lengthMs);
        this.#partyLines.speaks(this.#leg, text, lengthMs);
      },
      pressBeside: (digit) => this.#signalling.pressBeside(digit),
      fileUrl: (file) => pathToFileURL(path.resolve(this.#baseDir, file)).href,
      hangUp: () => this.#signalling.hangUp(),
      note: (text, data = {}) => this.#story.tracer.note('caller', text, data),
      fail: (summary) => this.#fail(summary),
    });
    this.#signalling.attach(this.#leg);
    this.#partyLines = new PartyLines({
      parties: options.parties ?? {},
      time,
      parts,
      random,
      newId,
      maxSeconds: options.maxSeconds ?? DEFAULT_MAX_SECONDS,
      tracer: this.#story.tracer,
      trace: options.trace === true,
      note: (text, data = {}) => this.#story.tracer.note('caller', text, data),
      fileUrl: (file) => pathToFileURL(path.resolve(this.#baseDir, file)).href,
      fail: (summary) => this.#fail(summary),
      streams: this.streams,
    });
    this.#partyLines.register(callId, this.#story.transcript);
    this.#header = traceHeader(this.#leg.info, document, options, clock.now());
    this.#done = this.#run(document, answerAfter * 1000);
  }

  /** The time of the call. */
  get clock(): Clock {
    return this.#time.clock;
  }

  /** Those whom the document has called, in order. */
  get parties(): readonly VirtualParty[] {
    return this.#partyLines.called;
  }

  /**
   * Waits until the document calls somebody at this destination; each call is taken once.
   * @param options `within`: seconds of the call, default 60
   * @throws VirtualCallError
   */
  async party(to: string, options: { readonly within?: number | undefined } = {}): Promise<VirtualParty> {
    const over = new AbortController();
    const called = this.#partyLines.next(to, this.#partiesAwaited, over.signal);
    return await this.#wait(`call to ${to}`, options.within ?? 60, called).finally(() => over.abort());
  }

  /** How the call ended; undefined while it is up. */
  get end(): CallEnd | undefined {
    return this.#end;
  }

  /** Seconds from the beginning of the call to its end, or until now. */
  get seconds(): number {
    return this.#seconds ?? this.#story.tracer.seconds;
  }

  /** What ended the script, if that was an error; also a document that could not be had. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Variables of the script as they are now. */
  get vars(): JsonObject {
    return this.#script?.session.variables.snapshot() ?? {};
  }

  /** Steps in the order in which they began. */
  get steps(): readonly StepRun[] {
    return this.#story.steps;
  }

  /** Everything that was played to the caller, in order. */
  get sounds(): readonly SoundHeard[] {
    return this.#story.sounds;
  }

  /** The texts that were spoken to the caller, in order; also those that were broken off. */
  get spoken(): readonly string[] {
    return this.sounds.flatMap(({ kind, text }) => (kind === 'say' ? [text] : []));
  }

  /** URLs of the files that were played to the caller, in order. */
  get played(): readonly string[] {
    return this.sounds.flatMap(({ kind, url }) => (kind === 'url' ? [url] : []));
  }

  /** All that the caller has heard said, cut where it was broken off. */
  get transcript(): string {
    return this.#story.transcript.text(this.clock.monotonic());
  }

  /** Keys that were sent to the caller. */
  get keysSent(): string {
    return this.#line.keysHeard;
  }

  /** What `user_event` sent to the client of the call, in order. */
  get userEvents(): readonly JsonObject[] {
    return this.#userEvents;
  }

  /** Recordings in the order in which they began. */
  get recordings(): readonly VirtualRecording[] {
    return this.recordingsOf(this.#leg.info.call_id);
  }

  /** As {@link recordings}, of a party's call by its `callId`. */
  recordingsOf(callId: string): readonly VirtualRecording[] {
    const { store, recordings, disk } = this.#parts;
    const order = this.#story.recordingOrder();
    const placeOf = ({ id }: RecordingRow): number => order.get(id) ?? order.size;
    return [...store.list({ callId, limit: 1000 })]
      .reverse()
      .sort((one, other) => placeOf(one) - placeOf(other))
      .map(
        (row) =>
          new VirtualRecording(
            row,
            recordings.urlOf(row.id),
            disk.read(`/${row.path}`),
            this.#audio.get(row.id),
          ),
      );
  }

  /** The story of the call. */
  get timeline(): readonly CallEvent[] {
    return this.#story.events;
  }

  /** Of the caller's line, Hz: 8000, 16000 with G.722, 48000 with Opus. */
  get sampleRate(): number {
    return this.#line.sampleRate;
  }

  /** What the caller has heard since the beginning of the call, mono. */
  get heard(): Int16Array {
    return this.#line.heard.slice();
  }

  /**
   * The trace of the call, JSON Lines as `openswml trace show` and `openswml replay` read them; with `trace: true`
   * it has the levels of both sides, too.
   */
  get trace(): string {
    return traceText({ header: this.#header, events: this.#story.events });
  }

  /** What the server received of the caller, a WAV file; empty without `trace: true`, and before the end. */
  get received(): Uint8Array {
    return this.#parts.disk.read(RECEIVED) ?? new Uint8Array(0);
  }

  /**
   * Does to a recording, or to what plays, what a command of the HTTP API does.
   * @throws VirtualCallError when there is no such recording or sound, or the call is not answered
   */
  command(name: CommandName, options: CommandOptions = {}): void {
    this.#story.tracer.note('caller', `command ${name}`, { control_id: options.controlId });
    const refusal = runCommand(
      {
        state: () => this.#leg.state,
        recording: (controlId) => this.#leg.recording(controlId),
        playing: (controlId) => this.#leg.playing(controlId),
        // What runs on the calls that it has made is not found here.
        callbacks: () => this.callbacks.all.filter((one) => callIdOf(one) === this.#leg.info.call_id),
      },
      name,
      options,
    );
    if (refusal !== undefined) throw this.#fail(refusal);
  }

  /**
   * Waits until the call is over, its recordings are complete, and its callbacks are delivered or have been
   * tried for 30 s.
   * @param options `within`: seconds of the call, default 3600
   * @throws VirtualCallError
   */
  async ends(options: { readonly within?: number | undefined } = {}): Promise<CallEnd> {
    await this.#wait('end of the call', options.within ?? 3600, this.#done);
    await this.#wait('end of what the parties do', options.within ?? 3600, this.#partyLines.settled());
    if (this.#options.realTime === true) await this.close();
    return this.#end!;
  }

  /** Breaks off what is left, and frees everything; for calls in real time, which would go on. */
  async close(): Promise<void> {
    if (!this.#leg.signal.aborted) await this.#time.wait(this.#signalling.hangUp());
    await this.#time.wait(this.#done);
    await this.#time.wait(this.#parts.close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run(document: FoundDocument, answerAfterMs: number): Promise<void> {
    try {
      if (this.#leg.info.direction === 'outbound') await this.#callOut(answerAfterMs);
      await this.#runScript('url' in document ? await this.#fetch(document.url) : document);
    } catch (cause) {
      if (!this.#leg.signal.aborted) {
        this.#error = cause instanceof Error ? cause : new Error(String(cause));
        const code = cause instanceof SwmlError ? cause.code : 'relay_script_internal_error';
        this.#story.tracer.note('error', code, { reason: this.#error.message });
        await this.#leg.hangup('error');
      }
    }
    this.#end = await this.#leg.ended;
    await this.#partyLines.close();
    this.#seconds = this.#story.tracer.seconds;
    this.#listening.end(new Error('the call is over'));
    await this.#parts.delivered(DRAIN_MS);
    const calls = [this.#leg.info.call_id, ...this.parties.map(({ callId }) => callId)];
    for (const { id, bytes, format } of calls.flatMap((callId) => this.recordingsOf(callId))) {
      if (format !== 'wav') this.#audio.set(id, await this.clock.holdWhile(audioReader(bytes, format)));
    }
  }

  async #callOut(answerAfterMs: number): Promise<void> {
    this.#leg.ringing();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.clock.after(answerAfterMs, resolve);
    this.#leg.signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    if (this.#leg.signal.aborted) return;
    this.#leg.answered(await this.#signalling.answer(undefined));
  }

  #fetch(url: string): Promise<SwmlDocument> {
    const { signal, info } = this.#leg;
    const { envs, strict } = this.#options;
    return fetchDocument(url, info, this.#parts.clients.documents, { signal, envs, strict });
  }

  async #runScript(document: SwmlDocument): Promise<void> {
    const { vars, params, envs, strict, log = silentLogger } = this.#options;
    if (this.#leg.signal.aborted) return;
    this.#script = startScript({
      leg: this.#leg,
      document,
      sessionId: this.#sessionId,
      ...(vars !== undefined && { vars }),
      ...(params !== undefined && { params }),
      ...(strict !== undefined && { strict }),
      sendUserEvent: (event) => this.#userEvents.push(event),
      services: {
        clock: this.clock,
        log,
        http: this.#parts.clients.script,
        loader: this.#parts.clients.documents,
        ...(envs !== undefined && { envs }),
        newId: this.#newId,
        dialler: this.#partyLines,
        traceOf: (id) => (event) => this.#partyLines.tracerOf(id)?.script(event),
        random: repeatableRandom((this.#options.seed ?? 1) ^ 0x7a3),
        emit: (callback) => this.#parts.emit(callback),
      },
      onTrace: (event) => this.#story.traced(event),
    });
    const result = await this.#script.done;
    this.#error = result.error;
    if (!this.#leg.signal.aborted) await this.#leg.hangup();
  }

  #exchanged(exchange: WebExchange, phase: 'arrived' | 'done'): void {
    if (exchange.request.purpose === 'callback') {
      if (phase === 'arrived') {
        const callback = this.callbacks.note(exchange);
        this.#story.called(callback, this.#partyLines.tracerOf(callIdOf(callback)));
      }
    } else if (phase === 'done') {
      this.#story.asked(exchange);
    }
  }

  async #wait<T>(what: string, within: number, work: Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = this.clock.after(within * 1000, () =>
      late.reject(this.#fail(`There was no ${what} within ${within} s`)),
    );
    try {
      return await this.#time.wait(Promise.race([work, late.promise]));
    } finally {
      timer.cancel();
    }
  }

  #fail(summary: string): VirtualCallError {
    const heard = this.transcript;
    const context = heard === '' ? '' : `. Said so far: "${heard}"`;
    return new VirtualCallError(`${summary}${context}`, this.#story.events);
  }
}
