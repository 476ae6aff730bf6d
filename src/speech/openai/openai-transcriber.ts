import type { Logger } from '../../log/logger.ts';
import { wavHeader } from '../../media/wav-format.ts';
import { AddressGuard } from '../../net/address-guard.ts';
import { HttpClient, type HttpRequest, type HttpStream } from '../../net/http-client.ts';
import { HttpError } from '../../net/http-errors.ts';
import { parseHttpUrl } from '../../net/http-url.ts';
import { WebSockets } from '../../net/web-sockets.ts';
import type { Clock } from '../../time/clock.ts';
import { deadlineAfter } from '../../time/deadline.ts';
import { SpeechError } from '../errors.ts';
import type {
  StreamOptions,
  Transcriber,
  Transcript,
  TranscriptionStream,
  Utterance,
} from '../recognition/recogniser.ts';
import { isUnknown, Outage } from './outage.ts';
import { RealtimeStream } from './realtime-stream.ts';
import { StreamedTranscript } from './streamed-transcript.ts';

/**
 * Whether results are streamed: over the realtime WebSocket while somebody speaks, as a stream of events in answer
 * to an utterance, or not; `auto`: by the first of these that the server speaks, where partial results are wanted.
 */
export const STREAMING_MODES = ['auto', 'realtime', 'sse', 'off'] as const;
export type StreamingMode = (typeof STREAMING_MODES)[number];

export interface OpenAiTranscriberOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Base of the API, e.g. `https://api.openai.com/v1`; this host is allowed by being named. */
  readonly url: string;
  /** Sent as `Authorization: Bearer`; servers of one's own often need none. */
  readonly apiKey?: string | undefined;
  readonly model: string;
  /** Default `off`. */
  readonly streaming?: StreamingMode | undefined;
}

/** Told the whole text so far, as often as there is more of it. */
type OnPartial = ((text: string) => void) | undefined;

/** How long an answer whose text is complete may take to end, ms. */
const LINGER_MS = 1000;
const TIMEOUTS = { connectMs: 2000, readMs: 15_000, totalMs: 15_000 };
const MAX_BODY_BYTES = 1024 * 1024;
const MAX_ERROR_TEXT = 200;
/** Hints beyond these characters are not sent: engines read the last 224 tokens at the most. */
const MAX_HINT_TEXT = 800;
/** Whisper's own rule for a segment in which nobody spoke. */
const NO_SPEECH_PROBABILITY = 0.6;
const NO_SPEECH_LOG_PROBABILITY = -1;

/** Of these, a model cannot be named in the URL of the WebSocket: it would begin a conversation. */
const OPENAI_HOST = 'api.openai.com';

/**
 * Any server with OpenAI's `POST /audio/transcriptions`: OpenAI's own, or one on the same network. What streams
 * falls back to one request for an utterance, with a warning, so that no utterance is lost.
 */
export class OpenAiTranscriber implements Transcriber {
  readonly name = 'openai';
  readonly #options: OpenAiTranscriberOptions;
  readonly #http: HttpClient;
  readonly #endpoint: string;
  readonly #mode: StreamingMode;
  readonly #realtimeUrl: string;
  readonly #sockets: WebSockets;
  readonly #noRealtime: Outage;
  readonly #noEvents: Outage;

  /** @throws HttpError `invalid_url` */
  constructor(options: OpenAiTranscriberOptions) {
    this.#options = options;
    const { url } = parseHttpUrl(options.url);
    this.#endpoint = `${url.href.replace(/\/$/, '')}/audio/transcriptions`;
    const { clock, log, model } = options;
    this.#http = new HttpClient({ clock, log, allow: [url.host] });
    this.#mode = options.streaming ?? 'off';
    const query = new URLSearchParams({
      intent: 'transcription',
      ...(url.hostname !== OPENAI_HOST && { model }),
    });
    this.#realtimeUrl = `${url.href.replace(/^http/, 'ws').replace(/\/$/, '')}/realtime?${query}`;
    this.#sockets = new WebSockets({ clock, guard: new AddressGuard([url.host]) });
    this.#noRealtime = new Outage(clock, log, 'utterances are sent as a whole');
    this.#noEvents = new Outage(clock, log, 'utterances are understood in one piece');
  }

  stream(options: StreamOptions): TranscriptionStream | undefined {
    const wanted = this.#mode === 'realtime' || (this.#mode === 'auto' && options.onPartial !== undefined);
    if (!wanted || this.#noRealtime.lasts) return undefined;
    const { clock, apiKey, model } = this.#options;
    const url = this.#realtimeUrl;
    return new RealtimeStream({
      ...options,
      ...{ clock, sockets: this.#sockets, url, apiKey, model },
      onFailed: (reason, unknown) =>
        this.#noRealtime.begin(`${url} does not stream: ${reason.replace(`${url}: `, '')}`, unknown),
    });
  }

  async transcribe(
    utterance: Utterance,
    signal: AbortSignal,
    onPartial?: (text: string) => void,
  ): Promise<Transcript> {
    const wanted = this.#mode === 'sse' || (this.#mode === 'auto' && onPartial !== undefined);
    try {
      const streamed =
        wanted && !this.#noEvents.lasts ? await this.#asEvents(utterance, signal, onPartial) : undefined;
      return streamed ?? (await this.#inOnePiece(utterance, signal));
    } catch (error) {
      if (error instanceof HttpError) throw this.#failed(error.message, error);
      if (error instanceof SyntaxError) throw this.#failed('the answer is no transcription in JSON', error);
      throw error;
    }
  }

  async #inOnePiece(utterance: Utterance, signal: AbortSignal): Promise<Transcript> {
    const response = await this.#http.fetch(this.#request(utterance, this.#fields(utterance), signal));
    const text = response.body.toString('utf8');
    if (response.status === 200) return transcriptOf(text);
    throw this.#failed(`${this.#endpoint} answered ${response.status}: ${reasonOf(text)}`);
  }

  /** Undefined when that is not to be had, which costs the utterance nothing. */
  async #asEvents(
    utterance: Utterance,
    signal: AbortSignal,
    onPartial: OnPartial,
  ): Promise<Transcript | undefined> {
    // Who streams says nothing of segments.
    const fields = { ...this.#fields(utterance), response_format: 'json', stream: 'true' };
    try {
      const response = await this.#http.stream(this.#request(utterance, fields, signal));
      const pieces: Buffer[] = [];
      const type = String(response.headers['content-type'] ?? '');
      if (response.status === 200 && type.startsWith('text/event-stream'))
        return { text: await this.#told(response, onPartial), confidence: undefined };
      for await (const piece of response.body) pieces.push(piece);
      const text = Buffer.concat(pieces).toString('utf8');
      if (response.status === 200) return transcriptOf(text);
      const reason = `${this.#endpoint} does not stream: it answered ${response.status}: ${reasonOf(text)}`;
      this.#noEvents.begin(reason, isUnknown(response.status));
    } catch (error) {
      if (signal.aborted || !(error instanceof HttpError || error instanceof SyntaxError)) throw error;
      this.#noEvents.begin(`${this.#endpoint} does not stream: ${error.message}`, false);
    }
    return undefined;
  }

  /**
   * The text that events tell. A server may keep the connection open by comments for as long as it likes: only more text
   * is a sign that more will come.
   * @throws HttpError, SyntaxError
   */
  async #told(response: HttpStream, onPartial: OnPartial): Promise<string> {
    const { clock } = this.#options;
    const { readMs } = TIMEOUTS;
    const late: HttpError[] = [];
    const giveUp = (): void => {
      late.push(new HttpError('timeout_read', `nothing more of the text within ${readMs} ms`));
      response.cancel();
    };
    let deadline = deadlineAfter(clock, readMs, giveUp);
    const transcript = new StreamedTranscript((text) => {
      deadline.cancel();
      deadline = deadlineAfter(clock, readMs, giveUp);
      onPartial?.(text);
    });
    const pieces = response.body[Symbol.asyncIterator]();
    try {
      while (!transcript.complete) {
        const { value, done } = await pieces.next();
        if (done === true) break;
        transcript.push(value);
      }
      if (transcript.complete) void linger(clock, response, pieces);
      return transcript.end();
    } catch (error) {
      // The server may have told that it failed, and go on with the answer.
      response.cancel();
      throw late[0] ?? error;
    } finally {
      deadline.cancel();
    }
  }

  #request(utterance: Utterance, fields: Readonly<Record<string, string>>, signal: AbortSignal): HttpRequest {
    const { apiKey } = this.#options;
    const { body, contentType } = multipart(fields, wavOf(utterance));
    return {
      url: this.#endpoint,
      method: 'POST',
      headers: {
        'content-type': contentType,
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
      },
      body,
      timeouts: TIMEOUTS,
      maxBodyBytes: MAX_BODY_BYTES,
      maxRedirects: 0,
      signal,
    };
  }

  async close(): Promise<void> {
    this.#sockets.close();
    await this.#http.close();
  }

  #fields({ language, hints }: Utterance): Readonly<Record<string, string>> {
    const { model } = this.#options;
    return {
      model,
      // Only Whisper's kind says how sure it is.
      response_format: /whisper/i.test(model) ? 'verbose_json' : 'json',
      ...(language !== undefined && { language: language.split('-')[0]!.toLowerCase() }),
      ...(hints.length > 0 && { prompt: hints.join(', ').slice(0, MAX_HINT_TEXT) }),
    };
  }

  #failed(reason: string, cause?: unknown): SpeechError {
    return new SpeechError('provider_failed', `speech recognition "${this.name}": ${reason}`, { cause });
  }
}

/** Of an answer that is none. */
function reasonOf(body: string): string {
  return body.slice(0, MAX_ERROR_TEXT).replace(/\s+/g, ' ').trim() || 'no reason given';
}

/** @throws SyntaxError */
function transcriptOf(json: string): Transcript {
  const value: unknown = JSON.parse(json);
  if (typeof value !== 'object' || value === null || !('text' in value) || typeof value.text !== 'string')
    throw new SyntaxError('there is no text');
  const segments =
    'segments' in value && Array.isArray(value.segments) ? value.segments.filter(isSegment) : [];
  if (segments.length === 0) return { text: value.text, confidence: undefined };
  const spoken = segments.filter(
    ({ avg_logprob, no_speech_prob = 0 }) =>
      no_speech_prob <= NO_SPEECH_PROBABILITY || avg_logprob >= NO_SPEECH_LOG_PROBABILITY,
  );
  if (spoken.length === 0) return { text: '', confidence: undefined };
  const mean = spoken.reduce((sum, { avg_logprob }) => sum + Math.exp(avg_logprob), 0) / spoken.length;
  return { text: value.text, confidence: Math.min(1, Math.round(mean * 1000) / 1000) };
}

interface Segment {
  readonly avg_logprob: number;
  readonly no_speech_prob?: number;
}

function isSegment(value: unknown): value is Segment {
  return (
    typeof value === 'object' &&
    value !== null &&
    'avg_logprob' in value &&
    typeof value.avg_logprob === 'number' &&
    (!('no_speech_prob' in value) || typeof value.no_speech_prob === 'number')
  );
}

/**
 * Reads on behind the end of the text: the connection is kept for the next utterance where the answer ends by then, too.
 */
async function linger(clock: Clock, response: HttpStream, pieces: AsyncIterator<Buffer>): Promise<void> {
  const late = clock.after(LINGER_MS, () => response.cancel());
  try {
    while ((await pieces.next()).done !== true);
  } catch {
    // Broken off: the text is complete.
  } finally {
    late.cancel();
  }
}

function wavOf({ samples, sampleRate }: Utterance): Buffer {
  const data = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  return Buffer.concat([wavHeader({ sampleRate, channels: 1 }, data.length), data]);
}

/** RFC 7578. */
function multipart(
  fields: Readonly<Record<string, string>>,
  wav: Uint8Array,
): { body: Buffer; contentType: string } {
  const boundary = `openswml-${crypto.randomUUID()}`;
  const head = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const file =
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="utterance.wav"\r\n` +
    'Content-Type: audio/wav\r\n\r\n';
  return {
    body: Buffer.concat([Buffer.from(head.join('') + file), wav, Buffer.from(`\r\n--${boundary}--\r\n`)]),
    contentType: `multipart/form-data; boundary=${boundary}`,
  };
}
