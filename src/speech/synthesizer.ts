/** One utterance to speak. */
export interface SpeechRequest {
  readonly text: string;
  /** Voice string of the language, `engine.voice[:model]` (spec/media.md 5). */
  readonly voice?: string | undefined;
  /** BCP 47. */
  readonly language?: string | undefined;
  readonly gender?: 'male' | 'female' | undefined;
}

/** A run of speech: mono 16-bit PCM at the rate that was asked for. */
export type SpeechChunk = Int16Array;

/** Text to speech. Implementations never block the thread that calls them. */
export interface Synthesizer {
  /** Short name for logs, e.g. `flite`. */
  readonly name: string;
  /**
   * Speaks `request` at `sampleRate` (Hz). Chunks come as soon as they are there; the first within 300 ms on
   * an idle machine. Cached utterances come as one chunk on a SharedArrayBuffer.
   * @throws SpeechError (from the iteration) with a reason for the operator
   */
  speak(request: SpeechRequest, sampleRate: number, signal?: AbortSignal): AsyncIterable<SpeechChunk>;
  close(): Promise<void>;
}
