/** Files that ffmpeg made, of every format: the tone in them comes out at its frequency, level and length. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, suite, test } from 'node:test';
import { skipWithout } from '../../../test/support/programs.ts';
import { goertzelDbfs } from '../../media/goertzel.ts';
import { RealClock } from '../../time/real-clock.ts';
import { SoundError } from './errors.ts';
import { CompressedDecoder } from './decoding/compressed-decoder.ts';
import { decodeFile } from './file-sound.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'openswml-formats-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const HERTZ = 1000;
const SECONDS = 2;
/** Of the tone in the file, dBFS: ffmpeg's `sine` has an amplitude of 1/8. */
const LEVEL_DBFS = -18 - 3;
/** In two channels it spreads the power over both. */
const STEREO_DBFS = LEVEL_DBFS - 3;
const isStereo = (args: readonly string[]): boolean => args[args.indexOf('-ac') + 1] === '2';
const CALL_RATE = 8000;

const skip = skipWithout('ffmpeg');

function make(name: string, args: readonly string[]): Buffer {
  const file = path.join(folder, name);
  const source = `sine=frequency=${HERTZ}:duration=${SECONDS}:sample_rate=48000`;
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', source, ...args, file]);
  return readFileSync(file);
}

async function play(file: Uint8Array, contentType?: string): Promise<Int16Array> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < file.length; at += 3001) yield file.subarray(at, at + 3001);
  }
  const samples: number[] = [];
  const options = {
    clock: new RealClock(),
    name: 'file',
    contentType,
    sampleRate: CALL_RATE,
    maxDurationMs: 60_000,
  };
  for await (const chunk of decodeFile(pieces(), options)) samples.push(...chunk);
  return Int16Array.from(samples);
}

const wav = (codec: string, rate: number, channels = 1): string[] => [
  '-c:a',
  codec,
  '-ar',
  String(rate),
  '-ac',
  String(channels),
];

/** Name of the file, what makes ffmpeg write it, and how much longer it may be than the tone, ms. */
const FILES: readonly (readonly [file: string, args: readonly string[], paddingMs: number])[] = [
  ...['pcm_u8', 'pcm_s16le', 'pcm_s24le', 'pcm_s32le', 'pcm_f32le', 'pcm_f64le', 'pcm_mulaw', 'pcm_alaw'].map(
    (codec) => [`${codec}.wav`, wav(codec, 16_000, 2), 0] as const,
  ),
  ...[8000, 11_025, 22_050, 44_100, 48_000].map(
    (rate) => [`${rate}.wav`, wav('pcm_s16le', rate), 0] as const,
  ),
  ['mp3.mp3', ['-c:a', 'libmp3lame', '-b:a', '64k', '-ar', '44100'], 120],
  ['stereo.mp3', ['-c:a', 'libmp3lame', '-b:a', '128k', '-ac', '2'], 120],
  ['opus.ogg', ['-c:a', 'libopus', '-b:a', '32k'], 20],
  ['stereo.opus', ['-c:a', 'libopus', '-b:a', '64k', '-ac', '2'], 20],
  ['vorbis.ogg', ['-c:a', 'libvorbis', '-ar', '44100'], 30],
  ['stereo-vorbis.ogg', ['-c:a', 'libvorbis', '-ac', '2'], 30],
  ['flac.flac', ['-c:a', 'flac', '-ar', '44100'], 0],
  ['s24.flac', ['-c:a', 'flac', '-sample_fmt', 's32', '-ac', '2'], 0],
  ['flac.oga', ['-c:a', 'flac', '-f', 'ogg'], 0],
  ['aac.m4a', ['-c:a', 'aac', '-ar', '44100'], 120],
  ['s16.aiff', ['-ar', '22050'], 0],
  ['s24.aiff', ['-c:a', 'pcm_s24be', '-ac', '2'], 0],
  ['s8.aiff', ['-c:a', 'pcm_s8', '-ar', '8000'], 0],
  ['sowt.aifc', ['-c:a', 'pcm_s16le', '-f', 'aiff'], 0],
  ['f32.aifc', ['-c:a', 'pcm_f32be', '-f', 'aiff'], 0],
  ['alaw.aifc', ['-c:a', 'pcm_alaw', '-f', 'aiff', '-ar', '8000'], 0],
  ['mulaw.au', ['-c:a', 'pcm_mulaw', '-ar', '8000'], 0],
  ['s16.au', ['-c:a', 'pcm_s16be', '-ac', '2'], 0],
];

suite('Files made by ffmpeg', { skip }, () => {
  for (const [file, args, paddingMs] of FILES) {
    test(`${file} is played: its tone, its level, its length`, async () => {
      const samples = await play(make(file, args));
      const ms = (samples.length * 1000) / CALL_RATE;
      assert.ok(ms >= SECONDS * 1000 - 20 && ms <= SECONDS * 1000 + 20 + paddingMs, `${ms} ms`);
      const middle = samples.subarray(CALL_RATE / 2, (CALL_RATE * 3) / 2);
      const level = goertzelDbfs(middle, HERTZ, CALL_RATE);
      assert.ok(Math.abs(level - (isStereo(args) ? STEREO_DBFS : LEVEL_DBFS)) < 1, `${level} dBFS`);
      for (const other of [500, 1500, 2000, 3000])
        assert.ok(goertzelDbfs(middle, other, CALL_RATE) < level - 25, `${other} Hz`);
    });
  }

  test('µ-law without a header is played when the server calls it audio/basic', async () => {
    const file = make('raw.ul', ['-c:a', 'pcm_mulaw', '-ar', '8000', '-f', 'mulaw']);
    const samples = await play(file, 'audio/basic');
    assert.equal(samples.length, SECONDS * CALL_RATE);
    const level = goertzelDbfs(samples.subarray(4000, 12_000), HERTZ, CALL_RATE);
    assert.ok(Math.abs(level - LEVEL_DBFS) < 1, `${level} dBFS`);
  });

  test('an Opus file is played with the gain that its header asks for', async () => {
    const file = make('gain.opus', ['-c:a', 'libopus', '-b:a', '32k']);
    file.writeInt16LE(-6 * 256, 44);
    const level = goertzelDbfs((await play(file)).subarray(4000, 12_000), HERTZ, CALL_RATE);
    assert.ok(Math.abs(level - (LEVEL_DBFS - 6)) < 1, `${level} dBFS`);
  });

  for (const [file, args, found] of [
    ['adts.aac', ['-c:a', 'aac'], /the file is AAC, which/],
    ['gsm.gsm', ['-c:a', 'libgsm', '-ar', '8000'], /the file is of an unknown format .*; convert it to WAV/],
    ['gsm.wav', ['-c:a', 'libgsm_ms', '-ar', '8000'], /GSM 6\.10/],
  ] as const) {
    test(`${file} is refused by name, with the cure`, async () => {
      const bytes = make(file, args);
      await assert.rejects(play(bytes), (error: unknown) => {
        assert.ok(error instanceof SoundError, String(error));
        assert.match(error.message, found);
        return true;
      });
    });
  }
});

test('files that are cut off or damaged are an error or shorter, and hang nothing', { skip }, async () => {
  for (const [file, args] of [
    ['cut.flac', ['-c:a', 'flac']],
    ['cut.ogg', ['-c:a', 'libopus']],
    ['cut-vorbis.ogg', ['-c:a', 'libvorbis']],
    ['cut.aiff', []],
  ] as const) {
    const whole = make(file, args);
    const half = await play(whole.subarray(0, whole.length / 2));
    assert.ok(half.length > 0 && half.length < 1.2 * CALL_RATE * SECONDS, `${file}: ${half.length}`);
    await assert.rejects(play(whole.subarray(0, 40)), SoundError, file);
    const noise = Buffer.from(whole);
    for (let at = 200; at < noise.length; at += 7) noise[at] = (noise[at]! * 31 + at) & 255;
    await play(noise).catch((error: unknown) => assert.ok(error instanceof SoundError, String(error)));
  }
});

function silence(name: string, rate: number, seconds: number): Buffer {
  const file = path.join(folder, name);
  const source = `anullsrc=sample_rate=${rate}:channel_layout=mono`;
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', source, '-t', String(seconds), file]);
  return readFileSync(file);
}

test('silence of which a few bytes are minutes is decoded in pieces, as it is asked for', {
  skip,
}, async () => {
  const seconds = 100;
  const file = silence('silence.flac', 48_000, seconds);
  assert.ok(file.length < 60_000, `${file.length} bytes`);
  const decoder = await CompressedDecoder.open('flac');
  let longest = 0;
  let total = 0;
  for (let at = 0; at < file.length || decoder.pending; at += 4096) {
    const { length } = await decoder.write(file.subarray(at, at + 4096));
    longest = Math.max(longest, length);
    total += length;
  }
  total += (await decoder.end()).length;
  decoder.close();
  assert.ok(Math.abs(total - seconds * 48_000) <= 5_000, `${total} samples`);
  assert.ok(longest < 900_000, `${longest} samples at once`);

  async function* inOnePiece(): AsyncGenerator<Uint8Array> {
    yield file;
  }
  const options = { clock: new RealClock(), name: 'file', sampleRate: CALL_RATE, maxDurationMs: 200_000 };
  let played = 0;
  for await (const chunk of decodeFile(inOnePiece(), options)) {
    assert.ok(chunk.length <= CALL_RATE + 200, `${chunk.length} samples in one piece`);
    played += chunk.length;
  }
  assert.ok(Math.abs(played - seconds * CALL_RATE) <= 1_000, `${played} samples`);
});

test('a sample rate of which a second would be thousands when it is played is refused', {
  skip,
}, async () => {
  await assert.rejects(play(silence('slow.flac', 500, 2)), (error: unknown) => {
    assert.ok(error instanceof SoundError, String(error));
    assert.match(error.message, /a sample rate of 500 Hz: 1000 to 384000 can be played/);
    return true;
  });
});
