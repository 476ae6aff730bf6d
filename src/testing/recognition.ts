import type {
  Recogniser,
  Recognition,
  RecognitionOptions,
  Transcriber,
  Transcript,
} from '../speech/recognition/recogniser.ts';
import { UtteranceRecogniser } from '../speech/recognition/utterance-recogniser.ts';

/** What recognition makes of an utterance: its words (none when the text is empty), or why it failed. */
export type RecognitionStub =
  | string
  | { readonly text: string; readonly confidence?: number }
  | { readonly error: string };

/** How sure it is of what a caller says, where a test says nothing else. */
const CONFIDENCE = 0.95;

/**
 * Understands the caller of a virtual call: utterances are found in the audio as on any call, their words are
 * those of the test, or what the caller was told to say.
 */
export class VirtualRecogniser implements Recogniser {
  readonly name = 'virtual';
  readonly #stubs: RecognitionStub[];
  readonly #recogniser: UtteranceRecogniser;
  #said: string[] = [];

  /** @param stubs for one utterance each, in their order; those that follow are what the caller says */
  constructor(stubs: readonly RecognitionStub[] = []) {
    this.#stubs = [...stubs];
    const transcriber: Transcriber = {
      name: this.name,
      transcribe: async () => this.#next(),
      close: async () => {},
    };
    this.#recogniser = new UtteranceRecogniser(transcriber);
  }

  /** For one further utterance each. */
  expects(stubs: readonly RecognitionStub[]): void {
    this.#stubs.push(...stubs);
  }

  /** The caller begins to say this. */
  says(text: string): void {
    this.#said.push(text);
  }

  start(options: RecognitionOptions): Recognition {
    // What was said before nobody listened was for nobody.
    this.#said = [];
    return this.#recogniser.start(options);
  }

  async close(): Promise<void> {}

  #next(): Transcript {
    const stub = this.#stubs.shift() ?? this.#said.join(' ');
    this.#said = [];
    if (typeof stub === 'string') return { text: stub, confidence: stub === '' ? undefined : CONFIDENCE };
    if ('error' in stub) throw new Error(stub.error);
    return { text: stub.text, confidence: stub.confidence };
  }
}
