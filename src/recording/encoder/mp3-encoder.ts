/** LAME, as `wasm-media-encoders` ships it (WebAssembly). */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createEncoder, type WasmMediaEncoder } from 'wasm-media-encoders';
import { mp3Kbps } from '../../media/mp3-frame.ts';
import { Mp3Framer } from './mp3-framer.ts';
import type { EncodedFrames } from '../frame-layout.ts';
import type { EncodingSpec, FrameEncoder } from './frame-encoder.ts';

type Lame = WasmMediaEncoder<'audio/mpeg'>;

const SAMPLE_RATES = [8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000] as const;

/**
 * Instances are half a megabyte and take a while to make: so many wait for the next recording. Those that are left to
 * the garbage collector may lie there for an hour, for a thread that encodes makes hardly any garbage.
 */
const MAX_IDLE = 32;
const idle: Lame[] = [];
let compiling: Promise<WebAssembly.Module> | undefined;

/** @throws Error when MP3 has no such sample rate */
export async function openMp3Encoder(spec: EncodingSpec): Promise<FrameEncoder> {
  const sampleRate = SAMPLE_RATES.find((rate) => rate === spec.sampleRate);
  if (sampleRate === undefined) throw new Error(`MP3 has no sample rate of ${spec.sampleRate} Hz`);
  const lame = idle.pop() ?? (await createLame());
  lame.configure({
    channels: spec.channels,
    sampleRate,
    outputSampleRate: sampleRate,
    bitrate: mp3Kbps(spec.kbps, sampleRate),
  });
  return new Mp3Encoder(lame, spec);
}

class Mp3Encoder implements FrameEncoder {
  readonly #lame: Lame;
  readonly #framer: Mp3Framer;
  readonly #channels: number;

  constructor(lame: Lame, spec: EncodingSpec) {
    this.#lame = lame;
    this.#framer = new Mp3Framer(spec.skipFrames);
    this.#channels = spec.channels;
  }

  encode(samples: Int16Array): EncodedFrames {
    const instants = samples.length / this.#channels;
    const sides = Array.from({ length: this.#channels }, (_, channel) => {
      const side = new Float32Array(instants);
      for (let i = 0; i < instants; i++) side[i] = samples[i * this.#channels + channel]! / 32_768;
      return side;
    });
    return this.#framer.push(this.#lame.encode(sides));
  }

  finish(): EncodedFrames {
    return this.#framer.push(this.#lame.finalize());
  }

  close(): void {
    if (idle.length < MAX_IDLE) idle.push(this.#lame);
  }
}

async function compile(): Promise<WebAssembly.Module> {
  return WebAssembly.compile(
    await readFile(fileURLToPath(import.meta.resolve('wasm-media-encoders/wasm/mp3'))),
  );
}

async function createLame(): Promise<Lame> {
  compiling ??= compile().catch((cause: unknown) => {
    // Too many open files, say: that passes, and so must what came of it.
    compiling = undefined;
    throw cause;
  });
  return createEncoder('audio/mpeg', await compiling);
}
