import { joinSamples } from '../../media/copy-samples.ts';
import { RateChanger } from '../../media/rate-changer.ts';
import { VoiceActivityDetector } from '../../media/voice-activity.ts';
import { SpeechError } from '../errors.ts';
import type {
  Recogniser,
  Recognition,
  RecognitionOptions,
  RecognitionResult,
  Transcriber,
  Transcript,
  TranscriptionStream,
} from './recogniser.ts';

/** `input_sensitivity` of recordings by default (spec/record.md 2.1): whoever is recorded is also understood. */
const SENSITIVITY = 44;
/** Kept of the time before speech was heard, s: weak beginnings of words lie there. */
const LEAD_S = 0.4;
/** Longest utterance, s; longer ones are cut there. */
const MAX_UTTERANCE_S = 60;
/** Engines hear nothing above half of it, Hz. */
const HIGHEST_RATE = 16_000;

/**
 * Cuts utterances out of the audio by voice activity, and has each understood: while it is spoken where the
 * engine listens, else as a whole. An utterance is kept until it is understood, so that one whose stream fails
 * is understood as a whole.
 */
export class UtteranceRecogniser implements Recogniser {
  readonly name: string;
  readonly #transcriber: Transcriber;

  constructor(transcriber: Transcriber) {
    this.name = transcriber.name;
    this.#transcriber = transcriber;
  }

  start(options: RecognitionOptions): Recognition {
    return new UtteranceRecognition(options, this.#transcriber);
  }

  close(): Promise<void> {
    return this.#transcriber.close();
  }
}

class UtteranceRecognition implements Recognition {
  readonly done: Promise<RecognitionResult>;
  readonly #options: RecognitionOptions;
  readonly #transcriber: Transcriber;
  readonly #resolve: (result: RecognitionResult) => void;
  readonly #detector: VoiceActivityDetector;
  readonly #abort = new AbortController();
  #stream: TranscriptionStream | undefined;
  /** What is kept of the audio: before speech its last moments, then all. */
  readonly #chunks: Int16Array[] = [];
  #kept = 0;
  #state: 'waiting' | 'speaking' | 'over' = 'waiting';

  constructor(options: RecognitionOptions, transcriber: Transcriber) {
    const { promise, resolve } = Promise.withResolvers<RecognitionResult>();
    this.done = promise;
    this.#resolve = resolve;
    this.#options = options;
    this.#transcriber = transcriber;
    const { sampleRate } = options;
    this.#detector = new VoiceActivityDetector({ sampleRate, sensitivity: SENSITIVITY });
  }

  feed(samples: Int16Array): void {
    if (this.#state === 'over') return;
    const { sampleRate, endSilenceMs, onStart } = this.#options;
    const detector = this.#detector;
    this.#chunks.push(samples);
    this.#kept += samples.length;
    detector.process(samples, 0, samples.length);
    if (this.#state === 'waiting') {
      if (!detector.heard) {
        this.#forget(LEAD_S * sampleRate);
        return;
      }
      this.#state = 'speaking';
      onStart();
      this.#openStream();
    } else {
      this.#stream?.feed(samples);
    }
    // What is shorter than a gap within speech is no silence yet, however little of it is asked for.
    const silence = detector.speaking ? -1 : detector.analysed - detector.speechEnd;
    if (silence * 1000 >= endSilenceMs * sampleRate || this.#kept >= MAX_UTTERANCE_S * sampleRate) this.cut();
  }

  cut(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#options.onEnd?.();
    void this.#transcribe();
  }

  stop(): void {
    this.#state = 'over';
    this.#chunks.length = 0;
    this.#stream?.stop();
    this.#abort.abort();
  }

  #openStream(): void {
    const { sampleRate, language, hints } = this.#options;
    const onPartial = this.#onPartial;
    this.#stream = this.#transcriber.stream?.({ sampleRate, language, hints, onPartial });
    if (this.#stream !== undefined) for (const samples of this.#chunks) this.#stream.feed(samples);
  }

  /** What is told of an utterance until it is understood, or given up. */
  get #onPartial(): ((text: string) => void) | undefined {
    const { onPartial } = this.#options;
    if (onPartial === undefined) return undefined;
    return (text) => {
      if (text.trim() !== '' && !this.#abort.signal.aborted) onPartial(text.trim());
    };
  }

  /** Drops what lies further back than `samples`. */
  #forget(samples: number): void {
    for (let first = this.#chunks[0]; first !== undefined; first = this.#chunks[0]) {
      if (this.#kept - first.length < samples) return;
      this.#kept -= first.length;
      this.#chunks.shift();
    }
  }

  async #transcribe(): Promise<void> {
    const { signal } = this.#abort;
    try {
      const { text, confidence } = await this.#understood();
      if (signal.aborted) return;
      const words = text.trim();
      this.#resolve(words === '' ? { kind: 'noMatch' } : { kind: 'match', text: words, confidence });
    } catch (cause) {
      if (signal.aborted) return;
      this.#resolve({ kind: 'error', error: cause instanceof Error ? cause.message : String(cause) });
    } finally {
      this.#chunks.length = 0;
    }
  }

  async #understood(): Promise<Transcript> {
    try {
      if (this.#stream !== undefined) return await this.#stream.finish();
    } catch (error) {
      // The engine has told why; the utterance is still there.
      if (!(error instanceof SpeechError)) throw error;
    }
    return await this.#asWhole();
  }

  async #asWhole(): Promise<Transcript> {
    const { signal } = this.#abort;
    signal.throwIfAborted();
    const { language, hints, sampleRate } = this.#options;
    const rate = Math.min(sampleRate, HIGHEST_RATE);
    const samples = atRate(joinSamples(this.#chunks), sampleRate, rate);
    const utterance = { samples, sampleRate: rate, language, hints };
    return await this.#transcriber.transcribe(utterance, signal, this.#onPartial);
  }
}

function atRate(samples: Int16Array, from: number, to: number): Int16Array {
  if (from === to) return samples;
  const changer = new RateChanger(from, to);
  const changed = new Int16Array(changer.outputOf(samples.length));
  return changed.subarray(0, changer.process(samples, 0, samples.length, changed, 0));
}
