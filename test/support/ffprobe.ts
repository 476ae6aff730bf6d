/** What ffmpeg makes of a file: an opinion from outside on every container that is written. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { promisify } from 'node:util';

import { parseWav, type Wav } from './audio-files.ts';
import { programPath } from './programs.ts';

export interface ProbedFile {
  /** E.g. `wav`, `mp3`, `mov,mp4,m4a,3gp,3g2,mj2`. */
  readonly container: string;
  readonly durationMs: number;
  readonly streams: readonly {
    readonly codec: string;
    readonly sampleRate: number;
    readonly channels: number;
  }[];
}

interface ProbeOutput {
  readonly format: { readonly format_name: string; readonly duration: string };
  readonly streams: readonly {
    readonly codec_name: string;
    readonly sample_rate: string;
    readonly channels: number;
  }[];
}

const run = promisify(execFile);

/** @throws Error when ffprobe has anything to complain about */
export async function probe(file: string): Promise<ProbedFile> {
  const args = ['-v', 'warning', '-of', 'json', '-show_format', '-show_streams', file];
  const { stdout, stderr } = await run(programPath('ffprobe'), args);
  if (stderr.trim() !== '') throw new Error(`ffprobe ${file}: ${stderr.trim()}`);
  const output = JSON.parse(stdout) as ProbeOutput;
  return {
    container: output.format.format_name,
    durationMs: Number(output.format.duration) * 1000,
    streams: output.streams.map((stream) => ({
      codec: stream.codec_name,
      sampleRate: Number(stream.sample_rate),
      channels: stream.channels,
    })),
  };
}

/** Samples of any file that ffmpeg can read, at the file's own rate. @throws Error when it does not decode cleanly */
export async function decodeWithFfmpeg(file: string): Promise<Wav> {
  // Several tests may decode the same file at once.
  const target = `${file}.${randomUUID()}.wav`;
  const args = ['-v', 'error', '-xerror', '-y', '-i', file, '-bitexact', '-c:a', 'pcm_s16le', target];
  const { stderr } = await run(programPath('ffmpeg'), args);
  if (stderr.trim() !== '') throw new Error(`ffmpeg ${file}: ${stderr.trim()}`);
  try {
    return parseWav(await readFile(target), target);
  } finally {
    await rm(target);
  }
}
