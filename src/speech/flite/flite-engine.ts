import { SpeechError } from '../errors.ts';
import { resampled } from '../resampler.ts';
import { applyGain, fadeEdges, trimSilence } from '../shaping.ts';
import { loadFlite, samplesOf } from './flite-program.ts';
import type { WasiProgram } from './wasi-program.ts';

/** Voices of the package that are good enough, both at 16 kHz. */
export type FliteVoice = 'slt' | 'rms';

const RATE = 16_000;
/** Gain that brings the voice's average speech to -20 dBFS; measured over running text, the same for every text. */
const GAIN_DB: Readonly<Record<FliteVoice, number>> = { slt: -5, rms: 0.5 };
/** Spoken at the start, because the compiler takes a few runs to reach full speed. */
const WARM_UP = 'Please leave a message after the tone, and press pound when you are done.';
const WARM_UP_RUNS = 2;

/** The embedded English voice: text in, PCM out. Blocks while it works, so it lives in a worker thread. */
export class FliteEngine {
  readonly #program: WasiProgram;

  static async load(): Promise<FliteEngine> {
    return new FliteEngine(await loadFlite());
  }

  private constructor(program: WasiProgram) {
    this.#program = program;
  }

  /** Brings the engine to full speed. */
  warmUp(): void {
    for (let run = 0; run < WARM_UP_RUNS; run++) {
      this.#synthesize(WARM_UP, 'slt');
      this.#synthesize(WARM_UP, 'rms');
    }
  }

  /**
   * Speaks plain ASCII text, a sentence or a clause; without silence around it, at an even level.
   * @param sampleRate of the result, Hz
   * @returns empty when there is nothing to pronounce
   * @throws SpeechError `engine_failed`
   */
  async speak(text: string, voice: FliteVoice, sampleRate: number): Promise<Int16Array<ArrayBuffer>> {
    const speech = trimSilence(this.#synthesize(text, voice), RATE);
    applyGain(speech, GAIN_DB[voice]);
    fadeEdges(speech, RATE);
    return await resampled(speech, RATE, sampleRate);
  }

  #synthesize(text: string, voice: FliteVoice): Int16Array {
    try {
      // `-t` keeps a text that looks like an option or a file name from being taken for one.
      const run = this.#program.run(['flite', '-voice', voice, '-t', text, '-o', '/speech.wav']);
      if (run.exitCode === 0 && run.output.length > 0) {
        const { samples, sampleRate } = samplesOf(run.output);
        if (sampleRate === RATE) return samples;
        throw new Error(`it spoke at ${sampleRate} Hz`);
      }
      throw new Error(run.stderr.trim() || `exit code ${run.exitCode}, ${run.output.length} bytes`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new SpeechError(
        'engine_failed',
        `the embedded voice failed on "${text.slice(0, 60)}": ${reason}`,
        {
          cause: error,
        },
      );
    }
  }
}
