import { open } from 'node:fs/promises';
import { redactUrl } from '../../log/redact.ts';
import { ringTone } from '../../media/ring-cadences.ts';
import type { Sound } from '../../mediaworker/protocol.ts';
import type { HttpClient } from '../../net/http-client.ts';
import { HttpError } from '../../net/http-errors.ts';
import type { Synthesizer } from '../../speech/synthesizer.ts';
import type { Clock } from '../../time/clock.ts';
import type { PlayableSound } from '../leg.ts';
import { SoundError } from './errors.ts';
import { decodeFile } from './file-sound.ts';
import { type OpenSource, sourceBytes } from './source-bytes.ts';

/** A sound in the form that the media side takes. */
export type LoadedSound =
  /** Made by the media side itself. */
  | { readonly kind: 'made'; readonly sound: Sound }
  /** Mono PCM at the rate asked for, to be fed. */
  | { readonly kind: 'stream'; readonly chunks: AsyncIterable<Int16Array> };

/** Finds what a URL of our own (a recording) stands for, so that playing it takes no request to ourselves. */
export type LocalFile = (
  url: string,
) => { readonly path: string } | { readonly bytes: Uint8Array } | { readonly open: OpenSource } | undefined;

export interface SoundLoaderOptions {
  readonly clock: Clock;
  readonly synthesizer: Synthesizer;
  readonly http: Pick<HttpClient, 'stream'>;
  readonly localFile?: LocalFile;
  /** Largest file, bytes; default 256 MiB. */
  readonly maxBytes?: number;
  /** Longest sound of a file, ms; default 4 hours. */
  readonly maxDurationMs?: number;
}

const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;
const DEFAULT_MAX_DURATION_MS = 4 * 3_600_000;
const READ_BYTES = 65_536;

/**
 * Turns parsed sounds into what the media side plays. Nothing is fetched or spoken before the stream is read,
 * nothing is read further than asked for, and the first samples come before the last bytes.
 */
export class SoundLoader {
  readonly #options: SoundLoaderOptions;

  constructor(options: SoundLoaderOptions) {
    this.#options = options;
  }

  /**
   * @param sampleRate of the call, Hz
   * @param signal ends the stream when the sound is no longer wanted; the iteration then throws its reason
   * @throws SoundError (also from the iteration), and SpeechError from the iteration of `say`
   */
  load(sound: PlayableSound, sampleRate: number, signal?: AbortSignal): LoadedSound {
    switch (sound.kind) {
      case 'silence':
        return { kind: 'made', sound: { kind: 'silence', durationMs: sound.seconds * 1000 } };
      case 'ring':
        return { kind: 'made', sound: ringSound(sound.country, sound.seconds) };
      case 'say':
        return { kind: 'stream', chunks: this.#options.synthesizer.speak(sound, sampleRate, signal) };
      case 'url':
        return { kind: 'stream', chunks: this.#file(sound.url, sampleRate, signal) };
    }
  }

  async *#file(url: string, sampleRate: number, signal: AbortSignal | undefined): AsyncGenerator<Int16Array> {
    signal?.throwIfAborted();
    const name = redactUrl(url);
    const { clock, maxDurationMs = DEFAULT_MAX_DURATION_MS } = this.#options;
    const local = this.#options.localFile?.(url);
    try {
      if (local !== undefined) {
        const bytes = this.#localBytes(local, name, signal);
        yield* decodeFile(bytes, { clock, name, sampleRate, maxDurationMs });
        return;
      }
      const response = await this.#options.http.stream({
        url,
        maxBodyBytes: this.#options.maxBytes ?? DEFAULT_MAX_BYTES,
        ...(signal === undefined ? {} : { signal }),
      });
      if (response.status < 200 || response.status > 299) {
        response.cancel();
        throw new SoundError('fetch_failed', `${name}: the server answered ${response.status}, expected 200`);
      }
      const type = response.headers['content-type'];
      const contentType = Array.isArray(type) ? type[0] : type;
      yield* decodeFile(response.body, { clock, name, contentType, sampleRate, maxDurationMs });
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof HttpError)) throw error;
      const code = error.code === 'too_large' ? 'too_large' : 'fetch_failed';
      throw new SoundError(code, error.message, { cause: error });
    }
  }

  #localBytes(
    local: NonNullable<ReturnType<LocalFile>>,
    name: string,
    signal: AbortSignal | undefined,
  ): AsyncIterable<Uint8Array> {
    if ('path' in local) return readLocal(this.#options.clock, local.path, name, signal);
    if ('open' in local) return sourceBytes(local.open, name, this.#options.clock, signal);
    return inOnePiece(local.bytes);
  }
}

function ringSound(country: string, seconds: number | undefined): Sound {
  const tone = ringTone(country, seconds === undefined ? undefined : seconds * 1000);
  if (tone === undefined) throw new SoundError('invalid_sound', `there is no ringing tone of "${country}"`);
  return { kind: 'tone', ...tone };
}

async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function* readLocal(
  clock: Clock,
  path: string,
  name: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const file = await clock.holdWhile(open(path)).catch((error: unknown) => {
    throw new SoundError('fetch_failed', `${name}: the file is not there, or not complete yet`, {
      cause: error,
    });
  });
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead, buffer } = await clock.holdWhile(file.read(Buffer.allocUnsafe(READ_BYTES)));
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await clock.holdWhile(file.close());
  }
}
