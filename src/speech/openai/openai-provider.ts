import type { Logger } from '../../log/logger.ts';
import { WavError } from '../../media/wav-format.ts';
import { WavStreamDecoder } from '../../media/wav-stream-decoder.ts';
import { HttpClient, type HttpStream } from '../../net/http-client.ts';
import { HttpError } from '../../net/http-errors.ts';
import { parseHttpUrl } from '../../net/http-url.ts';
import type { Clock } from '../../time/clock.ts';
import { SpeechError } from '../errors.ts';
import type { SpeechProvider } from '../registry.ts';
import { Resampler } from '../resampler.ts';
import { plainText } from '../segments.ts';
import type { SpeechChunk, SpeechRequest, Synthesizer } from '../synthesizer.ts';
import { parseVoice } from '../voices.ts';

export interface OpenAiOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Base of the API, e.g. `https://api.openai.com/v1` or `http://localhost:8880/v1`; this host is allowed by being named. */
  readonly url: string;
  /** Sent as `Authorization: Bearer`; servers of one's own often need none. */
  readonly apiKey?: string;
  /** Code in voice strings, default `openai`. */
  readonly engine?: string;
  /** Used when the voice string names none, default `tts-1`. */
  readonly model?: string;
  /** Voice ids that the server has; default those of OpenAI. */
  readonly voices?: readonly string[];
  /** Defaults `nova` and `onyx`. */
  readonly defaultVoices?: { readonly female: string; readonly male: string };
}

export const OPENAI_VOICES =
  'alloy ash ballad cedar coral echo fable marin nova onyx sage shimmer verse'.split(' ');
const DEFAULT_MODEL = 'tts-1';
/** Neural engines may think for a while before the first byte. */
const TIMEOUTS = { connectMs: 2000, readMs: 15_000, totalMs: 15_000 };
/** Ten minutes at 48 kHz: more than any 3000 characters take. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;
const MAX_ERROR_TEXT = 200;
const DECODE_BYTES = 16_384;

/**
 * Any server with OpenAI's `POST /audio/speech`: OpenAI's own, or one on the same network.
 * @throws HttpError `invalid_url`
 */
export function createOpenAiProvider(options: OpenAiOptions): SpeechProvider {
  // Documents name voices in any case, servers know them in one.
  const voices = new Map<string, string>();
  for (const voice of options.voices ?? OPENAI_VOICES) {
    if (!voices.has(voice.toLowerCase())) voices.set(voice.toLowerCase(), voice);
  }
  return {
    engine: options.engine ?? 'openai',
    origin: `${options.url} ${options.model ?? DEFAULT_MODEL}`,
    catalog: {
      hasVoice: (voice) => voices.has(voice),
      // Such models take the language from the text.
      speaks: () => true,
      defaultVoices: options.defaultVoices ?? { female: 'nova', male: 'onyx' },
    },
    synthesizer: new OpenAiSynthesizer(options, voices),
  };
}

class OpenAiSynthesizer implements Synthesizer {
  readonly name: string;
  readonly #options: OpenAiOptions;
  /** As the server spells them, by their lower case. */
  readonly #voices: ReadonlyMap<string, string>;
  readonly #http: HttpClient;
  readonly #endpoint: string;

  constructor(options: OpenAiOptions, voices: ReadonlyMap<string, string>) {
    this.name = options.engine ?? 'openai';
    this.#options = options;
    this.#voices = voices;
    const { url } = parseHttpUrl(options.url);
    this.#endpoint = `${url.href.replace(/\/$/, '')}/audio/speech`;
    this.#http = new HttpClient({ clock: options.clock, log: options.log, allow: [url.host] });
  }

  async *speak(
    request: SpeechRequest,
    sampleRate: number,
    signal?: AbortSignal,
  ): AsyncGenerator<SpeechChunk> {
    const text = plainText(request.text);
    if (text === '') return;
    try {
      const response = await this.#post(text, request, signal);
      yield* decode(response, sampleRate);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof HttpError || error instanceof WavError)) throw error;
      throw new SpeechError('provider_failed', `speech engine "${this.name}": ${error.message}`, {
        cause: error,
      });
    }
  }

  async close(): Promise<void> {
    await this.#http.close();
  }

  async #post(text: string, request: SpeechRequest, signal: AbortSignal | undefined): Promise<HttpStream> {
    const { voice, model } = parseVoice(request.voice ?? '');
    const { apiKey } = this.#options;
    const response = await this.#http.stream({
      url: this.#endpoint,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify({
        model: model ?? this.#options.model ?? DEFAULT_MODEL,
        voice: this.#voices.get(voice.toLowerCase()) ?? voice,
        input: text,
        response_format: 'wav',
      }),
      timeouts: TIMEOUTS,
      maxBodyBytes: MAX_BODY_BYTES,
      maxRedirects: 0,
      ...(signal === undefined ? {} : { signal }),
    });
    if (response.status === 200) return response;
    const reason = await beginningOf(response);
    throw new SpeechError(
      'provider_failed',
      `speech engine "${this.name}": ${this.#endpoint} answered ${response.status}: ${reason}`,
    );
  }
}

async function* decode(response: HttpStream, sampleRate: number): AsyncGenerator<SpeechChunk> {
  const decoder = new WavStreamDecoder();
  let resampler: Resampler | undefined;
  try {
    for await (const piece of response.body) {
      for (let start = 0; start < piece.length; start += DECODE_BYTES) {
        const decoded = decoder.write(piece.subarray(start, start + DECODE_BYTES));
        if (decoded.length === 0 || decoder.format === undefined) continue;
        resampler ??= await Resampler.create(decoder.format.sampleRate, sampleRate);
        const samples = resampler.process(decoded);
        if (samples.length > 0) yield samples;
      }
    }
    decoder.end();
    // There were words to speak: silence in their place would be kept as their sound.
    if (resampler === undefined) throw new WavError('there are no samples in the WAV file');
    const rest = resampler.flush();
    if (rest.length > 0) yield rest;
  } finally {
    resampler?.close();
  }
}

/** Enough of an error body to know what the server objects to. */
async function beginningOf(response: HttpStream): Promise<string> {
  let text = '';
  for await (const piece of response.body) {
    text += piece.toString('utf8');
    if (text.length >= MAX_ERROR_TEXT) break;
  }
  return text.slice(0, MAX_ERROR_TEXT).replace(/\s+/g, ' ').trim() || 'no reason given';
}
