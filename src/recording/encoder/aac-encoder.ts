/**
 * The AAC-LC encoder of FFmpeg, as `@mediabunny/aac-encoder` ships it (WebAssembly). What that package offers as its
 * interface starts a thread for every stream and never frees one; so the module inside is used as such, many
 * streams in one instance.
 */
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { AAC_FRAME_SAMPLES } from '../../media/mp4-boxes.ts';
import type { EncodedFrames } from '../frame-layout.ts';
import type { EncodingSpec, FrameEncoder } from './frame-encoder.ts';

/** The functions of the package's src/bridge.c. Pointers are numbers; the heap moves when it grows. */
interface AacModule {
  readonly HEAPU8: Uint8Array;
  _init_encoder(channels: number, sampleRate: number, bitsPerSecond: number): number;
  _get_encode_input_ptr(stream: number, bytes: number): number;
  _send_frame(stream: number, timestamp: bigint): number;
  /** @returns bytes of the frame, 0 for none yet, negative for an error */
  _receive_packet(stream: number): number;
  _get_encoded_data(stream: number): number;
  _flush_encoder_start(stream: number): void;
  _close_encoder(stream: number): void;
}

/** A heap that many streams have stretched is given up when the last of them is gone, bytes. */
const MAX_IDLE_HEAP = 64 * 1024 * 1024;
const MODULE_FILE = '../modules/build/aac.js';

let loading: Promise<AacModule> | undefined;
/** Times that it could not be loaded. */
let failures = 0;
let open = 0;

/** @throws Error when the package is not as it was, or the encoder refuses */
export async function openAacEncoder(spec: EncodingSpec): Promise<FrameEncoder> {
  loading ??= loadModule().catch((cause: unknown) => {
    // Too many open files, say: that passes, and so must what came of it.
    loading = undefined;
    failures++;
    throw cause;
  });
  const module = await loading;
  const stream = module._init_encoder(spec.channels, spec.sampleRate, spec.kbps * 1000);
  if (stream === 0)
    throw new Error(
      `the AAC encoder cannot be opened for ${spec.channels} × ${spec.sampleRate} Hz, or has no memory left`,
    );
  open++;
  return new AacEncoder(module, stream, spec);
}

class AacEncoder implements FrameEncoder {
  readonly #module: AacModule;
  readonly #stream: number;
  readonly #channels: number;
  /** Samples of the frame that is not full yet. */
  readonly #frame: Float32Array;
  #filled = 0;
  #sent = 0;
  #skip: number;

  constructor(module: AacModule, stream: number, spec: EncodingSpec) {
    this.#module = module;
    this.#stream = stream;
    this.#channels = spec.channels;
    this.#frame = new Float32Array(AAC_FRAME_SAMPLES * spec.channels);
    this.#skip = spec.skipFrames;
  }

  encode(samples: Int16Array): EncodedFrames {
    const packets: Uint8Array[] = [];
    for (let i = 0; i < samples.length; i++) {
      this.#frame[this.#filled++] = samples[i]! / 32_768;
      if (this.#filled === this.#frame.length) this.#send(packets);
    }
    return together(packets);
  }

  finish(): EncodedFrames {
    const packets: Uint8Array[] = [];
    if (this.#filled > 0) {
      this.#frame.fill(0, this.#filled);
      this.#send(packets);
    }
    this.#module._flush_encoder_start(this.#stream);
    this.#receive(packets);
    return together(packets);
  }

  close(): void {
    this.#module._close_encoder(this.#stream);
    open--;
    if (open === 0 && this.#module.HEAPU8.length > MAX_IDLE_HEAP) loading = undefined;
  }

  #send(packets: Uint8Array[]): void {
    const input = this.#module._get_encode_input_ptr(this.#stream, this.#frame.byteLength);
    if (input === 0) throw new Error('the AAC encoder has no memory left');
    new Float32Array(this.#module.HEAPU8.buffer, input, this.#frame.length).set(this.#frame);
    const result = this.#module._send_frame(this.#stream, BigInt(this.#sent));
    if (result < 0) throw new Error(`the AAC encoder failed (error ${result})`);
    this.#sent += this.#frame.length / this.#channels;
    this.#filled = 0;
    this.#receive(packets);
  }

  #receive(packets: Uint8Array[]): void {
    for (;;) {
      const size = this.#module._receive_packet(this.#stream);
      if (size < 0) throw new Error(`the AAC encoder failed (error ${size})`);
      if (size === 0) return;
      const data = this.#module._get_encoded_data(this.#stream);
      if (this.#skip > 0) this.#skip--;
      else packets.push(this.#module.HEAPU8.slice(data, data + size));
    }
  }
}

function together(packets: readonly Uint8Array[]): EncodedFrames {
  return { bytes: Buffer.concat(packets), sizes: packets.map(({ length }) => length) };
}

/**
 * The file is an ES module but for one line of its head, which writes to `exports`: so there is one while it loads.
 */
async function loadModule(): Promise<AacModule> {
  const entry = fileURLToPath(import.meta.resolve('@mediabunny/aac-encoder'));
  const file = pathToFileURL(path.resolve(path.dirname(entry), MODULE_FILE));
  // What failed once under a URL fails under it for ever.
  if (failures > 0) file.search = `?${failures}`;
  const scope = globalThis as { exports?: { default?: () => Promise<AacModule> } };
  scope.exports ??= {};
  await import(file.href);
  const create = scope.exports.default;
  if (create === undefined) throw new Error(`@mediabunny/aac-encoder is not as expected: ${file.href}`);
  return create();
}
