import type {
  Recogniser,
  Recognition,
  RecognitionOptions,
  Transcriber,
  Transcript,
} from '../speech/recognition/recogniser.ts';
import { UtteranceRecogniser } from '../speech/recognition/utterance-recogniser.ts';
import type { Clock } from '../time/clock.ts';

/** What recognition makes of an utterance: its words (none when the text is empty), or why it failed. */
export type RecognitionStub =
  | string
  | { readonly text: string; readonly confidence?: number }
  | { readonly error: string };

/** What the caller was told to say. */
interface Said {
  readonly text: string;
  readonly startMs: number;
  readonly lengthMs: number;
}

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
  readonly #clock: Clock;
  #said: readonly Said[] = [];
  /** Since when somebody listens, and until when where the utterance is cut, ms. */
  #sinceMs = 0;
  #untilMs = Number.POSITIVE_INFINITY;

  /** @param stubs for one utterance each, in their order; those that follow are what the caller says */
  constructor(clock: Clock, stubs: readonly RecognitionStub[] = []) {
    this.#clock = clock;
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

  /** The caller begins to say this, which takes so long. */
  says(text: string, lengthMs: number): void {
    this.#said = [...this.#said, { text, startMs: this.#clock.monotonic(), lengthMs }];
  }

  start(options: RecognitionOptions): Recognition {
    const nowMs = this.#clock.monotonic();
    // What was said while nobody listened was for nobody; of what is being said, the rest is heard.
    this.#said = this.#said.filter(({ startMs, lengthMs }) => startMs + lengthMs > nowMs);
    this.#sinceMs = nowMs;
    const recognition = this.#recogniser.start(options);
    return {
      done: recognition.done,
      feed: (samples) => recognition.feed(samples),
      cut: () => {
        // What is cut is understood at once.
        this.#untilMs = this.#clock.monotonic();
        recognition.cut();
        this.#untilMs = Number.POSITIVE_INFINITY;
      },
      stop: () => recognition.stop(),
    };
  }

  async close(): Promise<void> {}

  #next(): Transcript {
    const [sinceMs, untilMs] = [this.#sinceMs, this.#untilMs];
    const stub = this.#stubs.shift() ?? this.#said.map((said) => heardIn(said, sinceMs, untilMs)).join(' ');
    // Behind a cut, the rest is for whoever listens next.
    this.#said = this.#said.filter(({ startMs, lengthMs }) => startMs + lengthMs > untilMs);
    if (typeof stub === 'string') return { text: stub, confidence: stub === '' ? undefined : CONFIDENCE };
    if ('error' in stub) throw new Error(stub.error);
    return { text: stub.text, confidence: stub.confidence };
  }
}

/** The words of which at least half sounded between the two times; words take their time by their length. */
function heardIn({ text, startMs, lengthMs }: Said, sinceMs: number, untilMs: number): string {
  if (sinceMs <= startMs && startMs + lengthMs <= untilMs) return text;
  const from = (text.length * (sinceMs - startMs)) / lengthMs;
  const to = (text.length * (untilMs - startMs)) / lengthMs;
  const heard = [...text.matchAll(/\S+/g)].flatMap(({ 0: word, index }) => {
    const middle = index + word.length / 2;
    return middle >= from && middle < to ? [word] : [];
  });
  return heard.join(' ');
}
