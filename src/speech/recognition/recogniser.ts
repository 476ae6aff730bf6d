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
  /** The utterance is over, and is being understood: what comes from now on is none of it. */
  readonly onEnd?: (() => void) | undefined;
  /** What is understood so far of what is being said, each time all of it. Undefined: nobody wants to know. */
  readonly onPartial?: ((text: string) => void) | undefined;
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

/** What is known of an utterance before it ends. */
export interface StreamOptions {
  /** Of the samples that will come, Hz. */
  readonly sampleRate: number;
  readonly language: string | undefined;
  readonly hints: readonly string[];
  readonly onPartial: ((text: string) => void) | undefined;
}

/** One utterance on its way to an engine that listens while it is spoken. */
export interface TranscriptionStream {
  /** Takes the next samples, which may not be changed any more. */
  feed(samples: Int16Array): void;
  /**
   * Nothing more comes.
   * @throws SpeechError when it was not understood for a reason that is none of the speaker's
   */
  finish(): Promise<Transcript>;
  stop(): void;
}

/** An engine that understands utterances. */
export interface Transcriber {
  readonly name: string;
  /**
   * Takes an utterance as a whole.
   * @param onPartial what is understood of it so far, if the engine tells
   * @throws SpeechError with a reason for the operator
   */
  transcribe(
    utterance: Utterance,
    signal: AbortSignal,
    onPartial?: ((text: string) => void) | undefined,
  ): Promise<Transcript>;
  /** Listens to an utterance from its start; undefined when it cannot, or not now. */
  stream?(options: StreamOptions): TranscriptionStream | undefined;
  close(): Promise<void>;
}
