import type { Logger } from '../log/logger.ts';
import type { Clock } from '../time/clock.ts';
import { cacheKey, SpeechCache } from './cache.ts';
import { DiskCache } from './disk-cache.ts';
import { SpeechError } from './errors.ts';
import { FliteSynthesizer } from './flite/flite-synthesizer.ts';
import { SharedUtterance } from './shared-utterance.ts';
import type { SpeechChunk, SpeechRequest, Synthesizer } from './synthesizer.ts';
import { mapVoice, type VoiceMap } from './voice-map.ts';
import { type ResolvedVoice, resolveVoice, type VoiceCatalog } from './voices.ts';

/** An engine with its voices. */
export interface SpeechProvider {
  /** Code of the engine in voice strings, lower case, e.g. `openai`. */
  readonly engine: string;
  readonly catalog: VoiceCatalog;
  /** What else its speech depends on, such as the server that it is set to. */
  readonly origin?: string;
  /** Gets `voice` as `engine.voice[:model]`, resolved. */
  readonly synthesizer: Synthesizer;
}

export interface SpeechConfig {
  readonly clock: Clock;
  readonly log: Logger;
  /** Beside the embedded voice. */
  readonly providers?: readonly SpeechProvider[];
  /** Engine that speaks when the one asked for is not there; default `flite`, the embedded voice. */
  readonly defaultEngine?: string;
  /** Which voices speak for those that documents name; default none. */
  readonly voiceMap?: VoiceMap;
  /** Most bytes of speech in memory, default 64 MB: over an hour at 8 kHz. */
  readonly memoryBytes?: number;
  /** Folder and size of the cache on disk, default none. */
  readonly disk?: { readonly folder: string; readonly maxBytes?: number };
}

/** A synthesizer for all voices, and what the program does with it at its start. */
export interface SpeechService extends Synthesizer {
  /** Brings the embedded voice to full speed ahead of the first call. @throws SpeechError */
  warmUp(): Promise<void>;
}

const EMBEDDED = 'flite';
const DEFAULT_MEMORY_BYTES = 64 * 1024 * 1024;
const DEFAULT_DISK_BYTES = 512 * 1024 * 1024;
/** Different warnings that are remembered, so that each is logged once. */
const MAX_WARNINGS = 1000;
/** Characters of one. */
const MAX_WARNING = 500;

/** @throws RangeError when `defaultEngine` is not among the engines */
export function createSynthesizer(config: SpeechConfig): SpeechService {
  return new SpeechRegistry(config);
}

/** Voices of the embedded engine, for {@link SpeechProvider}. */
export const FLITE_CATALOG: VoiceCatalog = {
  hasVoice: (voice) => voice === 'slt' || voice === 'rms',
  speaks: (language) => /^en(-|$)/i.test(language),
  defaultVoices: { female: 'slt', male: 'rms' },
};

class SpeechRegistry implements SpeechService {
  readonly name = 'speech';
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #flite: FliteSynthesizer;
  readonly #providers = new Map<string, SpeechProvider>();
  readonly #catalogs = new Map<string, VoiceCatalog>();
  readonly #defaultEngine: string;
  readonly #voiceMap: VoiceMap;
  readonly #cache: SpeechCache;
  readonly #running = new Map<string, SharedUtterance>();
  readonly #warned = new Set<string>();

  constructor(config: SpeechConfig) {
    this.#clock = config.clock;
    this.#log = config.log.child({ component: 'speech' });
    this.#defaultEngine = config.defaultEngine ?? EMBEDDED;
    this.#voiceMap = config.voiceMap ?? new Map();
    this.#flite = new FliteSynthesizer({ log: this.#log, clock: config.clock });
    const embedded: SpeechProvider = { engine: EMBEDDED, catalog: FLITE_CATALOG, synthesizer: this.#flite };
    for (const provider of [embedded, ...(config.providers ?? [])]) {
      this.#providers.set(provider.engine, provider);
      this.#catalogs.set(provider.engine, provider.catalog);
    }
    if (!this.#providers.has(this.#defaultEngine)) {
      const known = [...this.#providers.keys()].join(', ');
      throw new RangeError(
        `the default speech engine "${this.#defaultEngine}" is not configured; there are: ${known}`,
      );
    }
    const disk =
      config.disk === undefined
        ? undefined
        : new DiskCache({
            folder: config.disk.folder,
            maxBytes: config.disk.maxBytes ?? DEFAULT_DISK_BYTES,
            clock: config.clock,
            log: this.#log,
          });
    this.#cache = new SpeechCache(config.memoryBytes ?? DEFAULT_MEMORY_BYTES, disk);
  }

  warmUp(): Promise<void> {
    return this.#flite.warmUp();
  }

  async *speak(
    request: SpeechRequest,
    sampleRate: number,
    signal?: AbortSignal,
  ): AsyncGenerator<SpeechChunk> {
    signal?.throwIfAborted();
    const voice = resolveVoice(mapVoice(request, this.#voiceMap), this.#catalogs, this.#defaultEngine);
    if (voice.warning !== undefined) this.#warn(voice.warning);
    const key = cacheKey(voice, request.text, sampleRate, this.#providers.get(voice.engine)?.origin);
    const known = this.#cache.peek(key);
    if (known !== undefined) {
      if (known.length > 0) yield known;
      return;
    }
    let utterance = this.#running.get(key);
    if (utterance === undefined) {
      utterance = this.#start(key, request.text, voice, sampleRate);
      this.#running.set(key, utterance);
    }
    yield* utterance.listen(signal);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#providers.values()].map(({ synthesizer }) => synthesizer.close()));
    await this.#cache.settled();
  }

  #start(key: string, text: string, voice: ResolvedVoice, sampleRate: number): SharedUtterance {
    const cache = this.#cache;
    const { synthesizer } = this.#providers.get(voice.engine)!;
    const model = voice.model === undefined ? '' : `:${voice.model}`;
    const request: SpeechRequest = {
      text,
      voice: `${voice.engine}.${voice.voice}${model}`,
      language: voice.language,
      gender: voice.gender,
    };
    /** Only what the chosen voice spoke just now goes into the cache. */
    let isOriginal = true;
    const standIn = (error: unknown): AsyncIterable<SpeechChunk> => {
      isOriginal = false;
      this.#log.warn(
        { err: error, engine: voice.engine },
        'the speech engine failed, the embedded voice stands in',
      );
      return this.#flite.speak({ text, gender: voice.gender }, sampleRate);
    };
    const utterance = new SharedUtterance({
      clock: this.#clock,
      produce: async function* (signal) {
        const stored = await cache.load(key, sampleRate);
        if (stored !== undefined) {
          isOriginal = false;
          if (stored.length > 0) yield stored;
          return;
        }
        let hasBegun = false;
        try {
          for await (const chunk of synthesizer.speak(request, sampleRate, signal)) {
            hasBegun = true;
            yield chunk;
          }
        } catch (error) {
          // A caller rather hears another voice than nothing; but no change of voice within a sentence.
          if (hasBegun || voice.engine === EMBEDDED || signal.aborted) throw error;
          // Nor is it the engine that has failed where the text is too long for any voice.
          if (error instanceof SpeechError && error.code === 'too_long') throw error;
          yield* standIn(error);
        }
      },
      onEnd: (whole) => {
        if (this.#running.get(key) === utterance) this.#running.delete(key);
        if (whole !== undefined && isOriginal) cache.store(key, whole, sampleRate);
        if (whole?.length === 0) this.#warn(`there is nothing to speak in "${text.slice(0, 40)}"`);
      },
    });
    return utterance;
  }

  #warn(text: string): void {
    // It quotes what the document says, which may be as long as a document; what is cut out would keep all of it.
    const warning =
      text.length > MAX_WARNING ? `${Buffer.from(text.slice(0, MAX_WARNING)).toString()}…` : text;
    if (this.#warned.has(warning)) return;
    if (this.#warned.size >= MAX_WARNINGS) this.#warned.clear();
    this.#warned.add(warning);
    this.#log.warn({}, warning);
  }
}
