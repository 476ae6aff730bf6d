/**
 * WAV files for tests: written as tones, read back as samples. Deliberately independent of the program's own
 * readers and writers, so that both sides cannot share a mistake.
 */
import { readFileSync, writeFileSync } from 'node:fs';

/** Silence is a tone of frequency 0. */
export interface Tone {
  readonly frequencyHz: number;
  /** A second tone of the same level beside it: the two of a key. */
  readonly besideHz?: number;
  readonly durationMs: number;
  /** Peak level, dB below full scale (≤ 0). Default −10. */
  readonly levelDbfs?: number;
  /**
   * The level moves by a fifth, twelve times a second: a voice detector, for which a steady tone is a signal of
   * the exchange, takes it for a voice, and the tone finder for a tone. Between 300 and 1600 Hz.
   */
  readonly voice?: boolean;
}

export interface Wav {
  readonly sampleRate: number;
  /** One array of samples for each channel, all of one length. */
  readonly channels: readonly Int16Array[];
  readonly durationMs: number;
}

/** `count` frequencies in Hz that {@link findTones} tells apart best: odd multiples of 25 in the telephone band. */
export function testFrequencies(count: number, first = 425): readonly number[] {
  const frequencies = Array.from({ length: count }, (_, index) => first + 50 * index);
  if (frequencies.at(-1)! > 3375) throw new Error(`${count} tones do not fit into the telephone band`);
  return frequencies;
}

const VOICE_DEPTH = 0.2;
const VOICE_HZ = 12;

/** Tones one behind the other, the phase running on through a change of frequency so that nothing clicks. */
export function toneSamples(tones: readonly Tone[], sampleRate = 8000): Int16Array {
  const lengths = tones.map((tone) => Math.round((tone.durationMs * sampleRate) / 1000));
  const samples = new Int16Array(lengths.reduce((sum, length) => sum + length, 0));
  let position = 0;
  let phase = 0;
  for (const [index, tone] of tones.entries()) {
    const amplitude = 32767 * 10 ** ((tone.levelDbfs ?? -10) / 20);
    const step = (2 * Math.PI * tone.frequencyHz) / sampleRate;
    const depth = tone.voice === true ? VOICE_DEPTH : 0;
    for (let at = 0; at < lengths[index]!; at += 1) {
      const level = amplitude * (1 + depth * Math.sin((2 * Math.PI * VOICE_HZ * at) / sampleRate));
      const beside =
        tone.besideHz === undefined ? 0 : Math.sin((2 * Math.PI * tone.besideHz * at) / sampleRate);
      samples[position] = tone.frequencyHz === 0 ? 0 : Math.round(level * (Math.sin(phase) + beside));
      phase = (phase + step) % (2 * Math.PI);
      position += 1;
    }
  }
  return samples;
}

export function writeWav(path: string, channels: readonly Int16Array[], sampleRate = 8000): void {
  const frames = channels[0]?.length ?? 0;
  const block = channels.length * 2;
  const bytes = Buffer.alloc(44 + frames * block);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(36 + frames * block, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(channels.length, 22);
  bytes.writeUInt32LE(sampleRate, 24);
  bytes.writeUInt32LE(sampleRate * block, 28);
  bytes.writeUInt16LE(block, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(frames * block, 40);
  for (const [channel, samples] of channels.entries()) {
    for (let frame = 0; frame < frames; frame += 1) {
      bytes.writeInt16LE(samples[frame] ?? 0, 44 + frame * block + channel * 2);
    }
  }
  writeFileSync(path, bytes);
}

export function writeToneWav(path: string, tones: readonly Tone[], sampleRate = 8000): void {
  writeWav(path, [toneSamples(tones, sampleRate)], sampleRate);
}

/**
 * Reads a WAV file of 16-bit PCM, strictly: the sizes in its headers must be those of the file.
 * @throws Error saying what is wrong with the file
 */
export function readWav(path: string): Wav {
  return parseWav(readFileSync(path), path);
}

/** As {@link readWav}, from bytes; `name` is for the error text. */
export function parseWav(bytes: Buffer, name = 'WAV'): Wav {
  const fail = (problem: string): never => {
    throw new Error(`${name}: ${problem}`);
  };
  if (bytes.length < 12 || bytes.toString('latin1', 0, 4) !== 'RIFF') fail('no RIFF header');
  if (bytes.toString('latin1', 8, 12) !== 'WAVE') fail('RIFF, but not WAVE');
  const riffSize = bytes.readUInt32LE(4);
  if (riffSize !== bytes.length - 8) fail(`RIFF size says ${riffSize}, the file has ${bytes.length - 8}`);
  let format: { channels: number; rate: number } | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const id = bytes.toString('latin1', at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    const body = at + 8;
    if (body + size > bytes.length) fail(`chunk ${id} of ${size} bytes runs past the end`);
    if (id === 'fmt ') {
      const [kind, bits] = [bytes.readUInt16LE(body), bytes.readUInt16LE(body + 14)];
      if (kind !== 1 || bits !== 16) fail(`format ${kind} with ${bits} bits, expected 16-bit PCM`);
      format = { channels: bytes.readUInt16LE(body + 2), rate: bytes.readUInt32LE(body + 4) };
    } else if (id === 'data') {
      const { channels, rate } = format ?? fail('data before fmt');
      const frames = size / (2 * channels);
      if (!Number.isInteger(frames)) fail(`data of ${size} bytes is no whole number of frames`);
      return {
        sampleRate: rate,
        channels: deinterleave(bytes.subarray(body, body + size), channels, frames),
        durationMs: (frames * 1000) / rate,
      };
    }
    at = body + size + (size % 2);
  }
  return fail('no data chunk');
}

function deinterleave(data: Buffer, channels: number, frames: number): readonly Int16Array[] {
  return Array.from({ length: channels }, (_, channel) => {
    const samples = new Int16Array(frames);
    for (let frame = 0; frame < frames; frame += 1) {
      samples[frame] = data.readInt16LE((frame * channels + channel) * 2);
    }
    return samples;
  });
}
