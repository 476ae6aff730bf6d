import { Resampler } from '../../speech/resampler.ts';
import { WavError } from '../../media/wav-format.ts';
import { WavStreamDecoder } from '../../media/wav-stream-decoder.ts';
import { PLAYABLE_FORMATS, SNIFF_BYTES, sniffAudio } from './audio-format.ts';
import { SoundError } from './errors.ts';

export interface FileSoundOptions {
  /** Name of the sound for messages, without credentials. */
  readonly name: string;
  /** What the server says it is; a hint for messages only. */
  readonly contentType?: string | undefined;
  /** Rate of the result, Hz. */
  readonly sampleRate: number;
  /** Longest sound, ms. */
  readonly maxDurationMs: number;
}

/** Bytes decoded at a time, so that no chunk of the result is longer than a few seconds. */
const DECODE_BYTES = 16_384;

/**
 * Decodes an audio file while it arrives: the first samples come as soon as its header and some data are there.
 * Reads on only when asked for more.
 * @throws SoundError `unsupported_format`, `damaged`, `too_large`; what `bytes` throws
 */
export async function* decodeFile(
  bytes: AsyncIterable<Uint8Array>,
  options: FileSoundOptions,
): AsyncGenerator<Int16Array> {
  const decoder = new WavStreamDecoder();
  let resampler: Resampler | undefined;
  let produced = 0;
  const limit = (options.maxDurationMs * options.sampleRate) / 1000;
  try {
    for await (const piece of afterSniffing(bytes, options)) {
      for (let start = 0; start < piece.length; start += DECODE_BYTES) {
        const decoded = decoder.write(piece.subarray(start, start + DECODE_BYTES));
        if (decoded.length === 0 || decoder.format === undefined) continue;
        resampler ??= await Resampler.create(decoder.format.sampleRate, options.sampleRate);
        const samples = resampler.process(decoded);
        produced += samples.length;
        if (produced > limit) {
          const seconds = options.maxDurationMs / 1000;
          throw new SoundError('too_large', `${options.name}: longer than the limit of ${seconds} seconds`);
        }
        if (samples.length > 0) yield samples;
      }
      // What stands behind the samples (titles, pictures) need not be fetched.
      if (decoder.complete) break;
    }
    decoder.end();
    const rest = resampler?.flush();
    if (rest !== undefined && rest.length > 0) yield rest;
  } catch (error) {
    if (!(error instanceof WavError)) throw error;
    throw new SoundError('damaged', `${options.name}: ${error.message}`, { cause: error });
  } finally {
    resampler?.close();
  }
}

/** Passes the bytes on when they are of a playable format. */
async function* afterSniffing(
  bytes: AsyncIterable<Uint8Array>,
  options: FileSoundOptions,
): AsyncGenerator<Uint8Array> {
  let start: Uint8Array | undefined = new Uint8Array(0);
  for await (const chunk of bytes) {
    if (start === undefined) {
      yield chunk;
      continue;
    }
    start = Buffer.concat([start, chunk]);
    if (start.length < SNIFF_BYTES) continue;
    requirePlayable(start, options);
    yield start;
    start = undefined;
  }
  if (start === undefined) return;
  requirePlayable(start, options);
  yield start;
}

function requirePlayable(start: Uint8Array, { name, contentType }: FileSoundOptions): void {
  if (start.length === 0) throw new SoundError('damaged', `${name}: the file is empty`);
  const format = sniffAudio(start.subarray(0, SNIFF_BYTES));
  if (format?.playable === true) return;
  const announced = contentType === undefined ? '' : `, sent as "${contentType.slice(0, 80)}"`;
  const found =
    format?.name ?? `of an unknown format (first bytes ${Buffer.from(start.subarray(0, 4)).toString('hex')})`;
  throw new SoundError(
    'unsupported_format',
    `${name}: the file is ${found}${announced}, which cannot be played; convert it to ${PLAYABLE_FORMATS}`,
  );
}
