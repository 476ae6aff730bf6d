/** What is known before the first sample. */
export interface RecognitionOptions {
  /** Of the samples that will come, Hz. */
  readonly sampleRate: number;
  /** BCP 47; undefined: whatever is spoken. */
  readonly language: string | undefined;
  /** Words that are expected. */
  readonly hints: readonly string[];
  /** Silence that ends an utterance, ms. */
  readonly endSilenceMs: number;
  /** Speech is heard. */
  readonly onStart: () => void;
}

export type RecognitionResult =
  | { readonly kind: 'match'; readonly text: string; readonly confidence: number | undefined }
  /** There was speech, but no words were made out. */
  | { readonly kind: 'noMatch' }
  | { readonly kind: 'error'; readonly error: string };

/** One utterance that is waited for and understood. Nobody spoke: it goes on until it is stopped. */
export interface Recognition {
  /** Never rejects; never resolves once it was stopped. */
  readonly done: Promise<RecognitionResult>;
  /** Takes the next samples, which may not be changed any more. */
  feed(samples: Int16Array): void;
  /** What was heard up to now is the whole utterance. */
  cut(): void;
  stop(): void;
}

/** Speech to text, as a call needs it. Implementations never block the thread that calls them. */
export interface Recogniser {
  /** Short name for logs, e.g. `openai`. */
  readonly name: string;
  start(options: RecognitionOptions): Recognition;
  close(): Promise<void>;
}

export interface Utterance {
  readonly samples: Int16Array;
  /** Hz. */
  readonly sampleRate: number;
  readonly language: string | undefined;
  readonly hints: readonly string[];
}

export interface Transcript {
  /** Empty when no words were made out. */
  readonly text: string;
  /** 0 to 1; undefined when nothing is said of it. */
  readonly confidence: number | undefined;
}

/** An engine that takes utterances as a whole. */
export interface Transcriber {
  readonly name: string;
  /** @throws SpeechError with a reason for the operator */
  transcribe(utterance: Utterance, signal: AbortSignal): Promise<Transcript>;
  close(): Promise<void>;
}
