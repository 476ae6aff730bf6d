import { speechLike } from '../media/test-signals.ts';
import type { SpeechChunk, SpeechRequest, Synthesizer } from '../speech/synthesizer.ts';

/** Pace, ms for each character, and the shortest utterance, ms. */
const MS_PER_CHARACTER = 60;
const MIN_MS = 200;
const LEVEL_DBFS = -20;

/**
 * A voice that sounds like one and takes its time, but forms no words: made in no time at all, the same on
 * every machine. For tests in which nobody listens to the words.
 */
export class MumblingVoice implements Synthesizer {
  readonly name = 'mumble';
  readonly #spoken = new Map<string, Int16Array>();

  async *speak(request: SpeechRequest, sampleRate: number): AsyncGenerator<SpeechChunk> {
    const { text, gender = 'female' } = request;
    const key = `${sampleRate} ${gender} ${text}`;
    let samples = this.#spoken.get(key);
    if (samples === undefined) {
      const ms = Math.max(MIN_MS, text.length * MS_PER_CHARACTER);
      const seed = gender === 'female' ? 1 : 2;
      samples = speechLike(Math.round((ms * sampleRate) / 1000), LEVEL_DBFS, sampleRate, seed);
      this.#spoken.set(key, samples);
    }
    if (samples.length > 0) yield samples;
  }

  async close(): Promise<void> {}
}
