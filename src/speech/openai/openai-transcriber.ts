import type { Logger } from '../../log/logger.ts';
import { wavHeader } from '../../media/wav-format.ts';
import { HttpClient } from '../../net/http-client.ts';
import { HttpError } from '../../net/http-errors.ts';
import { parseHttpUrl } from '../../net/http-url.ts';
import type { Clock } from '../../time/clock.ts';
import { SpeechError } from '../errors.ts';
import type { Transcriber, Transcript, Utterance } from '../recognition/recogniser.ts';

export interface OpenAiTranscriberOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Base of the API, e.g. `https://api.openai.com/v1`; this host is allowed by being named. */
  readonly url: string;
  /** Sent as `Authorization: Bearer`; servers of one's own often need none. */
  readonly apiKey?: string | undefined;
  readonly model: string;
}

const TIMEOUTS = { connectMs: 2000, readMs: 15_000, totalMs: 15_000 };
const MAX_BODY_BYTES = 1024 * 1024;
const MAX_ERROR_TEXT = 200;
/** Hints beyond these characters are not sent: engines read the last 224 tokens at the most. */
const MAX_HINT_TEXT = 800;
/** Whisper's own rule for a segment in which nobody spoke. */
const NO_SPEECH_PROBABILITY = 0.6;
const NO_SPEECH_LOG_PROBABILITY = -1;

/** Any server with OpenAI's `POST /audio/transcriptions`: OpenAI's own, or one on the same network. */
export class OpenAiTranscriber implements Transcriber {
  readonly name = 'openai';
  readonly #options: OpenAiTranscriberOptions;
  readonly #http: HttpClient;
  readonly #endpoint: string;

  /** @throws HttpError `invalid_url` */
  constructor(options: OpenAiTranscriberOptions) {
    this.#options = options;
    const { url } = parseHttpUrl(options.url);
    this.#endpoint = `${url.href.replace(/\/$/, '')}/audio/transcriptions`;
    this.#http = new HttpClient({ clock: options.clock, log: options.log, allow: [url.host] });
  }

  async transcribe(utterance: Utterance, signal: AbortSignal): Promise<Transcript> {
    const { apiKey } = this.#options;
    const { body, contentType } = multipart(this.#fields(utterance), wavOf(utterance));
    try {
      const response = await this.#http.fetch({
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
      });
      const text = response.body.toString('utf8');
      if (response.status === 200) return transcriptOf(text);
      const reason = text.slice(0, MAX_ERROR_TEXT).replace(/\s+/g, ' ').trim() || 'no reason given';
      throw this.#failed(`${this.#endpoint} answered ${response.status}: ${reason}`);
    } catch (error) {
      if (error instanceof HttpError) throw this.#failed(error.message, error);
      if (error instanceof SyntaxError) throw this.#failed('the answer is no transcription in JSON', error);
      throw error;
    }
  }

  async close(): Promise<void> {
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
