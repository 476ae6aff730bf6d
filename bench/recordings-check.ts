/** Holds every recording against what its caller said. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { WAV_HEADER_BYTES, wavHeader } from '../src/media/wav-format.ts';
import type { CallReport } from './messages.ts';
import { differingPackets, findMark, PACKET_SAMPLES, SAMPLES_PER_MS } from './speech.ts';

export interface RecordingsVerdict {
  /** Finished WAV files. */
  readonly files: number;
  /** Of these, whole and as long as what was said, to 20 ms. */
  readonly right: number;
  /** Files in which every sample is the one that was sent. */
  readonly exact: number;
  /** What is wrong, a line each; the first few. */
  readonly problems: readonly string[];
}

/** Length of the speech against what was said. */
const TOLERANCE_MS = 20;
/** Silence before the first packet, beyond the time it really took to come: playout delay, late timers. */
const MAX_DELAY_MS = 250;
const MAX_PROBLEMS = 10;
const SHAPE = { sampleRate: 8000, channels: 1 } as const;

export function checkRecordings(dataFolder: string, calls: readonly CallReport[]): RecordingsVerdict {
  const problems: string[] = [];
  const seen = new Set<number>();
  let right = 0;
  let exact = 0;
  const files = finishedFiles(dataFolder);
  for (const file of files) {
    const samples = samplesOf(readFileSync(file));
    const mark = samples === undefined ? undefined : findMark(samples);
    const call = mark === undefined ? undefined : calls[mark.number];
    if (samples === undefined || mark === undefined || call === undefined || seen.has(call.number)) {
      problems.push(
        `${file}: ${samples === undefined ? 'not a finished WAV file' : 'of no caller, or twice'}`,
      );
      continue;
    }
    seen.add(call.number);
    const saidMs = (call.packetsSent * PACKET_SAMPLES) / SAMPLES_PER_MS;
    const recordedMs = (samples.length - mark.at) / SAMPLES_PER_MS;
    const leadMs = mark.at / SAMPLES_PER_MS;
    const differing = differingPackets(samples, mark.at, call.number, call.packetsSent);
    if (differing.length === 0) exact++;
    if (Math.abs(recordedMs - saidMs) <= TOLERANCE_MS && leadMs <= call.leadMs + MAX_DELAY_MS) right++;
    else {
      const [first] = differing;
      const where =
        first === undefined
          ? 'all packets are there'
          : `${differing.length} of ${call.packetsSent} packets differ, from number ${first} on`;
      problems.push(
        `${file}: ${recordedMs} ms of speech behind ${leadMs} ms, ${saidMs} ms were said; ${where}`,
      );
    }
  }
  for (const { number, problem, answerMs } of calls) {
    if (problem !== undefined) problems.push(`call ${number}: ${problem}`);
    else if (answerMs !== undefined && !seen.has(number)) problems.push(`call ${number}: no recording`);
  }
  return { files: files.length, right, exact, problems: problems.slice(0, MAX_PROBLEMS) };
}

export function finishedFiles(dataFolder: string): string[] {
  return readdirSync(dataFolder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.wav'))
    .map((name) => path.join(dataFolder, name));
}

/** @returns undefined when the header does not fit the file */
function samplesOf(file: Buffer): Int16Array | undefined {
  const bytes = file.length - WAV_HEADER_BYTES;
  if (bytes < 0 || bytes % 2 !== 0) return undefined;
  if (!file.subarray(0, WAV_HEADER_BYTES).equals(wavHeader(SHAPE, bytes))) return undefined;
  const samples = new Int16Array(bytes / 2);
  for (let i = 0; i < samples.length; i++) samples[i] = file.readInt16LE(WAV_HEADER_BYTES + 2 * i);
  return samples;
}
