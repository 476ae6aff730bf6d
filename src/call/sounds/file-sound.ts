import { Resampler } from '../../speech/resampler.ts';
import { Mp4Error } from '../../media/mp4-index.ts';
import { WavError } from '../../media/wav-format.ts';
import { type AudioDecoder, AudioError, Mp4AudioDecoder, WavAudioDecoder } from './audio-decoder.ts';
import { PLAYABLE_FORMATS, SNIFF_BYTES, sniffAudio } from './audio-format.ts';
import { aiffDecoder, auDecoder, mulawDecoder } from './big-endian-decoder.ts';
import { sharedDecoders } from './decoding/decoder-thread.ts';
import type { Clock } from '../../time/clock.ts';
import { SoundError } from './errors.ts';

export interface FileSoundOptions {
  /** Told of what takes real time. */
  readonly clock: Clock;
  /** Name of the sound for messages, without credentials. */
  readonly name: string;
  /** What the server says it is; a hint for messages only. */
  readonly contentType?: string | undefined;
  /** Rate of the result, Hz. */
  readonly sampleRate: number;
  /** Longest sound, ms. */
  readonly maxDurationMs: number;
}

/** Bytes decoded at a time, so that no chunk of the result is longer than a few seconds, nor takes long to make. */
const DECODE_BYTES = 4096;
/** Of a file that gives no samples, bytes behind which whatever else there is to do has its turn. */
const SILENT_BYTES = 16 * DECODE_BYTES;
/** RFC 2046 4.3, and what others call it. */
const MULAW_TYPE = /^\s*audio\/(?:basic|pcmu|mulaw|x-mulaw)\b/i;

/**
 * Decodes an audio file while it arrives: the first samples come as soon as its header and some data are there.
 * Reads on only when asked for more.
 * @throws SoundError `unsupported_format`, `damaged`, `too_large`; what `bytes` throws
 */
export async function* decodeFile(
  bytes: AsyncIterable<Uint8Array>,
  options: FileSoundOptions,
): AsyncGenerator<Int16Array> {
  const { clock, name, sampleRate, maxDurationMs } = options;
  const limit = (maxDurationMs * sampleRate) / 1000;
  let decoder: AudioDecoder | undefined;
  let resampler: Resampler | undefined;
  let produced = 0;
  let silentBytes = 0;
  try {
    for await (const piece of withoutShortStart(bytes)) {
      decoder ??= await clock.holdWhile(decoderFor(piece, options));
      for (let start = 0; start < piece.length || decoder.pending === true; start += DECODE_BYTES) {
        const part = piece.subarray(start, start + DECODE_BYTES);
        const decoded = await settled(decoder.write(part), clock);
        const rate = decoder.sampleRate;
        if (decoded.length === 0 || rate === undefined) {
          silentBytes += DECODE_BYTES;
          if (silentBytes % SILENT_BYTES === 0) await clock.holdWhile(nextTurn());
          continue;
        }
        resampler ??= await clock.holdWhile(Resampler.create(rate, sampleRate));
        // A second at a time: some formats have minutes of silence in a few bytes.
        for (let at = 0; at < decoded.length; at += rate) {
          const samples = resampler.process(decoded.subarray(at, at + rate));
          produced += samples.length;
          if (produced > limit) {
            throw new SoundError(
              'too_large',
              `${name}: longer than the limit of ${maxDurationMs / 1000} seconds`,
            );
          }
          if (samples.length > 0) yield samples;
        }
      }
      // What stands behind the samples (titles, pictures) need not be fetched.
      if (decoder.complete) break;
    }
    if (decoder === undefined) throw new SoundError('damaged', `${name}: the file is empty`);
    const last = await settled(decoder.end(), clock);
    if (last !== undefined && last.length > 0 && decoder.sampleRate !== undefined) {
      resampler ??= await clock.holdWhile(Resampler.create(decoder.sampleRate, sampleRate));
      yield resampler.process(last);
    }
    const rest = resampler?.flush();
    if (rest !== undefined && rest.length > 0) yield rest;
  } catch (error) {
    if (!(error instanceof WavError || error instanceof AudioError || error instanceof Mp4Error)) throw error;
    throw new SoundError('damaged', `${name}: ${error.message}`, { cause: error });
  } finally {
    decoder?.close();
    resampler?.close();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Most decoders have their samples at once. */
function settled<T>(samples: T | Promise<T>, clock: Clock): T | Promise<T> {
  return samples instanceof Promise ? clock.holdWhile(samples) : samples;
}

/** Passes the bytes on, the first piece long enough to tell the format by, unless the whole file is shorter. */
async function* withoutShortStart(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let start: Uint8Array | undefined = new Uint8Array(0);
  for await (const chunk of bytes) {
    if (start === undefined) {
      yield chunk;
      continue;
    }
    start = Buffer.concat([start, chunk]);
    if (start.length < SNIFF_BYTES) continue;
    yield start;
    start = undefined;
  }
  if (start !== undefined && start.length > 0) yield start;
}

async function decoderFor(start: Uint8Array, options: FileSoundOptions): Promise<AudioDecoder> {
  const { name, contentType } = options;
  const format = sniffAudio(start.subarray(0, SNIFF_BYTES));
  const decoder = format?.decoder;
  if (decoder === 'wav') return new WavAudioDecoder();
  if (decoder === 'mp4') return new Mp4AudioDecoder();
  if (decoder === 'aiff') return aiffDecoder();
  if (decoder === 'au') return auDecoder();
  if (decoder !== undefined) return sharedDecoders().open(decoder);
  // It has no mark to be known by, so the server is believed.
  if (format === undefined && MULAW_TYPE.test(contentType ?? '')) return mulawDecoder();
  const announced = contentType === undefined ? '' : `, sent as "${contentType.slice(0, 80)}"`;
  const found =
    format?.name ?? `of an unknown format (first bytes ${Buffer.from(start.subarray(0, 4)).toString('hex')})`;
  throw new SoundError(
    'unsupported_format',
    `${name}: the file is ${found}${announced}, which cannot be played; convert it to ${PLAYABLE_FORMATS}`,
  );
}
