/** Synthetic talkers for measurements: the embedded engine's voices, and eSpeak NG's when it is installed. */
import { spawnSync } from 'node:child_process';

import { loadFlite, samplesOf } from '../../src/speech/flite/flite-program.ts';
import type { WasiProgram } from '../../src/speech/flite/wasi-program.ts';
import { resampled } from '../../src/speech/resampler.ts';

/** Rate of all that is measured here, Hz. */
export const RATE = 8000;

/** A voice; `flite` is built in, `espeak` needs the Debian package `espeak-ng`. */
export interface Speaker {
  readonly engine: 'flite' | 'espeak';
  readonly voice: string;
}

/** Speaks plain texts with any {@link Speaker}, each text once: the same samples on every machine. */
export class Speakers {
  readonly #flite: WasiProgram;
  /** Version line of eSpeak NG, or undefined when it is not there. */
  readonly espeakVersion: string | undefined;
  readonly #spoken = new Map<string, Int16Array>();

  static async load(): Promise<Speakers> {
    return new Speakers(await loadFlite());
  }

  private constructor(flite: WasiProgram) {
    this.#flite = flite;
    const probe = spawnSync('espeak-ng', ['--version'], { encoding: 'utf8' });
    this.espeakVersion = probe.status === 0 ? probe.stdout.trim().replace(/ {2}.*$/, '') : undefined;
  }

  /** Those of `speakers` whose engine is there. */
  available(speakers: readonly Speaker[]): readonly Speaker[] {
    return speakers.filter(({ engine }) => engine === 'flite' || this.espeakVersion !== undefined);
  }

  /**
   * One text at {@link RATE}.
   * @throws Error when the engine fails
   */
  async speak(speaker: Speaker, text: string): Promise<Int16Array> {
    const key = `${speaker.engine} ${speaker.voice} ${text}`;
    const kept = this.#spoken.get(key);
    if (kept !== undefined) return kept;
    const wav = speaker.engine === 'flite' ? this.#runFlite(speaker, text) : runEspeak(speaker, text);
    const spoken = samplesOf(wav);
    const samples = await resampled(spoken.samples, spoken.sampleRate, RATE);
    this.#spoken.set(key, samples);
    return samples;
  }

  /** Frees what was spoken so far. */
  forget(): void {
    this.#spoken.clear();
  }

  #runFlite({ voice }: Speaker, text: string): Buffer {
    const run = this.#flite.run(['flite', '-voice', voice, '-t', text, '-o', '/speech.wav']);
    if (run.exitCode !== 0)
      throw new Error(`flite, voice ${voice}: exit code ${run.exitCode}, ${run.stderr}`);
    return run.output;
  }
}

function runEspeak({ voice }: Speaker, text: string): Buffer {
  const run = spawnSync('espeak-ng', ['-v', voice, '--stdout', text], { maxBuffer: 1 << 26 });
  if (run.status !== 0) throw new Error(`espeak-ng, voice ${voice}: ${run.stderr.toString()}`);
  return run.stdout;
}
