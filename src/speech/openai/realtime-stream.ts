import { RatePath } from '../../media/rate-path.ts';
import { HttpError } from '../../net/http-errors.ts';
import type { OutgoingWebSocket, WebSockets } from '../../net/web-sockets.ts';
import type { Clock, Timer } from '../../time/clock.ts';
import { deadlineAfter } from '../../time/deadline.ts';
import { SpeechError } from '../errors.ts';
import type { StreamOptions, Transcript, TranscriptionStream } from '../recognition/recogniser.ts';
import { isUnknown } from './outage.ts';
import { type RealtimeEvent, RealtimeTranscript } from './realtime-transcript.ts';

/** The one rate of `audio/pcm` in the protocol, Hz. */
const RATE = 24_000;
/** For the server to take the session as it was asked for, ms from the open connection on. */
const ACCEPT_MS = 3_000;
/** For the whole text, ms from the end of the utterance on: behind it the utterance is sent as a whole. */
const FINISH_MS = 8_000;
/** A server that cuts turns itself may have cut one more when our end reaches it, ms. */
const SETTLE_MS = 300;
/** What may wait to leave, bytes: a minute. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

export interface RealtimeStreamOptions extends StreamOptions {
  readonly clock: Clock;
  readonly sockets: WebSockets;
  readonly url: string;
  readonly apiKey: string | undefined;
  readonly model: string;
  /** It came to nothing; `unknown`: the server does not speak the protocol. */
  readonly onFailed: (reason: string, unknown: boolean) => void;
}

/**
 * One utterance over OpenAI's WebSocket for transcription, each over a connection of its own: `session.update`,
 * `input_audio_buffer.append` as it is spoken, `input_audio_buffer.commit` at its end; back come
 * `conversation.item.input_audio_transcription.delta` and `.completed`.
 */
export class RealtimeStream implements TranscriptionStream {
  readonly #options: RealtimeStreamOptions;
  readonly #changer: RatePath | undefined;
  readonly #transcript = new RealtimeTranscript();
  readonly #done = Promise.withResolvers<Transcript>();
  readonly #abort = new AbortController();
  readonly #timers: Timer[] = [];
  #socket: OutgoingWebSocket | undefined;
  /** Audio that waits for the server to take the session. */
  #waiting: string[] | undefined = [];
  #state: 'listening' | 'ending' | 'over' = 'listening';
  /** The server cuts turns itself. */
  #cutsTurns = false;
  /** It has answered our commit. */
  #answered = false;
  #settling: Timer | undefined;

  constructor(options: RealtimeStreamOptions) {
    this.#options = options;
    this.#changer = options.sampleRate === RATE ? undefined : new RatePath(options.sampleRate, RATE);
    // Nobody may be waiting for it when it fails.
    this.#done.promise.catch(() => {});
    void this.#open();
  }

  feed(samples: Int16Array): void {
    if (this.#state !== 'listening') return;
    const audio = this.#atRate(samples);
    const base64 = Buffer.from(audio.buffer, audio.byteOffset, audio.byteLength).toString('base64');
    if (this.#waiting === undefined) this.#append(base64);
    else this.#waiting.push(base64);
  }

  finish(): Promise<Transcript> {
    if (this.#state !== 'listening') return this.#done.promise;
    this.#state = 'ending';
    if (this.#waiting === undefined) this.#send({ type: 'input_audio_buffer.commit' });
    this.#after(FINISH_MS, () => this.#fail(`no text came within ${FINISH_MS} ms of the end`, false));
    return this.#options.clock.holdWhile(this.#done.promise);
  }

  stop(): void {
    this.#done.reject(new SpeechError('closed', 'it is no longer wanted'));
    this.#end();
  }

  async #open(): Promise<void> {
    const { sockets, url, apiKey, model, language, hints } = this.#options;
    try {
      const socket = await sockets.dial(url, {
        bearerToken: apiKey,
        signal: this.#abort.signal,
        onText: (text) => this.#receive(text),
        onDrain: () => {},
        onClosed: (reason) => this.#fail(`the connection is gone (${reason})`, this.#waiting !== undefined),
      });
      if (this.#state === 'over') {
        socket.close();
        return;
      }
      this.#socket = socket;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      // Who answers something else does not know it; who cannot be had, or refuses it for now, may be back.
      const { code, message, status } = error;
      this.#fail(message, code === 'protocol' && (status === undefined || isUnknown(status)));
      return;
    }
    this.#after(ACCEPT_MS, () => {
      if (this.#waiting !== undefined) this.#fail(`no session.updated came within ${ACCEPT_MS} ms`, true);
    });
    const transcription = {
      model,
      ...(language !== undefined && { language: language.split('-')[0]!.toLowerCase() }),
      ...(hints.length > 0 && { prompt: hints.join(', ').slice(0, 800) }),
    };
    const input = { format: { type: 'audio/pcm', rate: RATE }, transcription, turn_detection: null };
    this.#send({ type: 'session.update', session: { type: 'transcription', audio: { input } } });
  }

  #receive(text: string): void {
    if (this.#state === 'over') return;
    try {
      const event: unknown = JSON.parse(text);
      if (!isEvent(event)) throw new SyntaxError('a message has no type');
      this.#take(event);
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
      this.#fail(`it sends what it should not: ${error.message}`, this.#waiting !== undefined);
    }
  }

  #take(event: RealtimeEvent): void {
    switch (event.type) {
      case 'session.updated':
      case 'transcription_session.updated':
        this.#accepted(event);
        return;
      case 'error':
        // What was said may have been cut as a turn already: then our end finds nothing.
        if (this.#state === 'ending' && isEmptyCommit(event.error)) this.#answered = true;
        else this.#fail(messageOf(event.error), this.#waiting !== undefined);
        break;
      case 'conversation.item.input_audio_transcription.failed':
        this.#fail(messageOf(event.error), false);
        return;
      default:
        if (this.#transcript.apply(event)) this.#options.onPartial?.(this.#transcript.text);
        if (this.#state === 'ending' && isAnswer(event.type)) this.#answered = true;
    }
    this.#concludeIfSettled();
  }

  #accepted({ session }: RealtimeEvent): void {
    this.#cutsTurns = JSON.stringify(session ?? {}).includes('"turn_detection":{');
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    for (const audio of waiting) this.#append(audio);
    if (this.#state === 'ending') this.#send({ type: 'input_audio_buffer.commit' });
  }

  #concludeIfSettled(): void {
    this.#settling?.cancel();
    if (this.#state !== 'ending' || !this.#answered || !this.#transcript.settled) return;
    if (this.#cutsTurns) this.#settling = this.#after(SETTLE_MS, () => this.#conclude());
    else this.#conclude();
  }

  #conclude(): void {
    this.#done.resolve({ text: this.#transcript.text, confidence: undefined });
    this.#end();
  }

  #append(audio: string): void {
    this.#send({ type: 'input_audio_buffer.append', audio });
    if ((this.#socket?.waitingBytes ?? 0) > MAX_WAITING_BYTES) this.#fail('it takes audio too slowly', false);
  }

  #atRate(samples: Int16Array): Int16Array {
    const changer = this.#changer;
    if (changer === undefined) return samples;
    const changed = new Int16Array(changer.outputOf(samples.length));
    return changed.subarray(0, changer.process(samples, 0, samples.length, changed, 0));
  }

  #send(message: object): void {
    this.#socket?.send(JSON.stringify(message));
  }

  #after(ms: number, then: () => void): Timer {
    const timer = deadlineAfter(this.#options.clock, ms, then);
    this.#timers.push(timer);
    return timer;
  }

  #fail(reason: string, unknown: boolean): void {
    if (this.#state === 'over') return;
    this.#options.onFailed(reason, unknown);
    this.#done.reject(new SpeechError('provider_failed', reason));
    this.#end();
  }

  #end(): void {
    this.#state = 'over';
    this.#waiting = undefined;
    for (const timer of this.#timers) timer.cancel();
    this.#abort.abort();
    this.#socket?.close();
  }
}

/** What shows that our commit has arrived. */
function isAnswer(type: string): boolean {
  return (
    type === 'input_audio_buffer.committed' ||
    type === 'conversation.item.input_audio_transcription.completed'
  );
}

function isEvent(value: unknown): value is RealtimeEvent {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** "Error committing input audio buffer: the buffer is empty", or "buffer too small". */
function isEmptyCommit(error: unknown): boolean {
  const text = JSON.stringify(error ?? '');
  return /commit/i.test(text) && /empty|too small/i.test(text);
}

function messageOf(error: unknown): string {
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return typeof message === 'string' && message !== ''
    ? message.slice(0, 200)
    : 'it failed, without a reason';
}
