/** Holds one recording against what its caller said. */
import { LAME_DELAY, parseMp3Info } from '../src/media/mp3-info.ts';
import { MP3_MIN_FRAME_BYTES, parseMp3Header } from '../src/media/mp3-frame.ts';
import { WAV_HEADER_BYTES, wavHeader } from '../src/media/wav-format.ts';
import { checkMp4 } from '../test/support/mp4-check.ts';
import type { CallReport } from './messages.ts';
import { differingPackets, findMark, PACKET_SAMPLES, type PutPacket, SAMPLES_PER_MS } from './speech.ts';

export type Format = 'wav' | 'mp3' | 'mp4';
export type Said = Pick<CallReport, 'number' | 'packetsSent' | 'leadMs'>;

/** The recording of one call: by ear of its caller, as long as what was said, and every sample right. */
export interface Judgement {
  /** To 20 ms; MP3 and MP4 tell no place of the first packet, so there the time until it is added. */
  readonly right: boolean;
  /** Never of MP3 and MP4, whose samples are others. */
  readonly exact: boolean;
  /** What comes behind all that was said, ms; 0 of MP3 and MP4. */
  readonly tailMs: number;
  /** What is wrong; undefined when it is right. */
  readonly problem: string | undefined;
}

/** A WAV recording, and whose mark its left channel bears. */
export interface MarkedSound {
  readonly samples: Int16Array;
  readonly number: number;
  /** Where the mark lies, samples. */
  readonly at: number;
}

/** Length of the speech against what was said. */
const TOLERANCE_MS = 20;
/** Silence before the first packet, beyond the time it took to come: the generator may learn late that it is answered. */
const MAX_DELAY_MS = 60;

/** @returns what is wrong with the file, when it is none of ours */
export function readMarked(file: Buffer, channels: 1 | 2): MarkedSound | string {
  const samples = leftOf(file, channels);
  if (samples === undefined) return 'not a finished WAV file';
  const mark = findMark(samples);
  return mark === undefined ? 'without the mark of a caller' : { samples, ...mark };
}

/** @param sound of that caller @param put what it said */
export function judgeSound({ samples, at }: MarkedSound, said: Said, put?: PutPacket): Judgement {
  const saidMs = saidOf(said);
  const recordedMs = (samples.length - at) / SAMPLES_PER_MS;
  const tailMs = recordedMs - saidMs;
  const leadMs = at / SAMPLES_PER_MS;
  const differing = differingPackets(samples, at, said.number, said.packetsSent, put);
  const exact = differing.length === 0;
  if (Math.abs(tailMs) <= TOLERANCE_MS && leadMs <= said.leadMs + MAX_DELAY_MS) {
    return { right: true, exact, tailMs, problem: undefined };
  }
  const where = exact
    ? 'all packets are there'
    : `${differing.length} of ${said.packetsSent} packets differ, from number ${differing[0]} on`;
  const problem = `${recordedMs} ms of speech behind ${leadMs} ms, ${saidMs} ms were said; ${where}`;
  return { right: false, exact, tailMs, problem };
}

/** By its container: every frame whole, and as long as what was said and the time before. */
export function judgeEncoded(format: 'mp3' | 'mp4', file: Buffer, said: Said): Judgement {
  const lengthMs = format === 'mp3' ? mp3LengthMs(file) : mp4LengthMs(file);
  if (typeof lengthMs === 'string') return { right: false, exact: false, tailMs: 0, problem: lengthMs };
  const saidMs = saidOf(said);
  const overMs = lengthMs - saidMs;
  const right = overMs >= -TOLERANCE_MS && overMs <= said.leadMs + MAX_DELAY_MS + TOLERANCE_MS;
  const problem = right
    ? undefined
    : `${lengthMs} ms, ${saidMs} ms were said after ${said.leadMs.toFixed(0)} ms`;
  return { right, exact: false, tailMs: 0, problem };
}

function saidOf({ packetsSent }: Said): number {
  return (packetsSent * PACKET_SAMPLES) / SAMPLES_PER_MS;
}

/** The left channel. @returns undefined when the header does not fit the file */
function leftOf(file: Buffer, channels: 1 | 2): Int16Array | undefined {
  const bytes = file.length - WAV_HEADER_BYTES;
  if (bytes < 0 || bytes % (2 * channels) !== 0) return undefined;
  const header = wavHeader({ sampleRate: 8000, channels }, bytes);
  if (!file.subarray(0, WAV_HEADER_BYTES).equals(header)) return undefined;
  const samples = new Int16Array(bytes / 2 / channels);
  for (let i = 0; i < samples.length; i++) {
    samples[i] = file.readInt16LE(WAV_HEADER_BYTES + 2 * channels * i);
  }
  return samples;
}

function mp3LengthMs(file: Buffer): number | string {
  const info = parseMp3Info(file);
  if (info?.frames === undefined) return 'an MP3 file without its length';
  let at = parseMp3Header(file)?.frameBytes ?? 0;
  let frames = 0;
  let samples = 0;
  let rate = 0;
  while (at + MP3_MIN_FRAME_BYTES <= file.length) {
    const header = parseMp3Header(file.subarray(at));
    if (header === undefined) return `an MP3 file with no frame at byte ${at}`;
    at += header.frameBytes;
    frames++;
    samples += header.samples;
    rate = header.sampleRate;
  }
  if (at !== file.length || frames !== info.frames || rate === 0) {
    return `an MP3 file of ${frames} frames that says it has ${info.frames}`;
  }
  return ((samples - LAME_DELAY - info.padding) * 1000) / rate;
}

function mp4LengthMs(file: Buffer): number | string {
  try {
    const { samples, sampleRate } = checkMp4(file);
    return (samples * 1000) / sampleRate;
  } catch (cause) {
    return `not a whole MP4 file: ${cause instanceof Error ? cause.message : String(cause)}`;
  }
}
