import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encodePcma, encodePcmu } from '../../media/g711.ts';
import { sine } from '../../media/test-signals.ts';
import { RealClock } from '../../time/real-clock.ts';
import { SoundError, type SoundErrorCode } from './errors.ts';
import { decodeFile } from './file-sound.ts';
import { wavFile } from './wav-fixtures.ts';

const OPTIONS = { clock: new RealClock(), name: 'http://a/b.wav', sampleRate: 8000, maxDurationMs: 60_000 };

async function* inChunks(file: Uint8Array, cuts: readonly number[] = []): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const cut of [...cuts, file.length]) {
    const to = Math.max(from, Math.min(cut, file.length));
    yield file.subarray(from, to);
    from = to;
  }
}

async function decode(
  file: Uint8Array,
  options: Partial<Parameters<typeof decodeFile>[1]> = {},
  cuts: readonly number[] = [],
): Promise<Int16Array> {
  const samples: number[] = [];
  for await (const chunk of decodeFile(inChunks(file, cuts), { ...OPTIONS, ...options }))
    samples.push(...chunk);
  return Int16Array.from(samples);
}

const failsWith =
  (code: SoundErrorCode, pattern: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof SoundError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, pattern);
    return true;
  };

/** Root mean square of the difference, relative to the level of `expected`. */
function relativeError(actual: Int16Array, expected: Int16Array): number {
  let difference = 0;
  let power = 0;
  // The filter sees the edges of the sound for 10 ms.
  for (let index = 80; index < expected.length - 80; index++) {
    difference += ((actual[index] ?? 0) - (expected[index] ?? 0)) ** 2;
    power += (expected[index] ?? 0) ** 2;
  }
  return Math.sqrt(difference / power);
}

/** Power of the part of `samples` at one frequency. */
function goertzelPower(samples: Int16Array, frequencyHz: number, sampleRate: number): number {
  let [cosine, sin] = [0, 0];
  for (const [index, sample] of samples.entries()) {
    const angle = (2 * Math.PI * frequencyHz * index) / sampleRate;
    cosine += sample * Math.cos(angle);
    sin += sample * Math.sin(angle);
  }
  return (2 * (cosine ** 2 + sin ** 2)) / samples.length ** 2;
}

describe('audio files', () => {
  const kinds = {
    'PCM of 8 bits': (pcm: Int16Array) =>
      wavFile({ tag: 1, bits: 8, data: Uint8Array.from(pcm, (s) => (s >> 8) + 128) }),
    'PCM of 16 bits': (pcm: Int16Array) => wavFile({ tag: 1, bits: 16, data: new Uint8Array(pcm.buffer) }),
    'PCM of 24 bits': (pcm: Int16Array) =>
      wavFile({
        tag: 1,
        bits: 24,
        data: Uint8Array.from([...pcm].flatMap((s) => [0, s & 255, (s >> 8) & 255])),
      }),
    'PCM of 32 bits': (pcm: Int16Array) =>
      wavFile({ tag: 1, bits: 32, data: new Uint8Array(Int32Array.from(pcm, (s) => s << 16).buffer) }),
    'floating point of 32 bits': (pcm: Int16Array) =>
      wavFile({ tag: 3, bits: 32, data: new Uint8Array(Float32Array.from(pcm, (s) => s / 32_768).buffer) }),
    'floating point of 64 bits': (pcm: Int16Array) =>
      wavFile({ tag: 3, bits: 64, data: new Uint8Array(Float64Array.from(pcm, (s) => s / 32_768).buffer) }),
    'µ-law': (pcm: Int16Array) => {
      const data = new Uint8Array(pcm.length);
      encodePcmu(pcm, 0, pcm.length, data, 0);
      return wavFile({ tag: 7, bits: 8, data });
    },
    'A-law': (pcm: Int16Array) => {
      const data = new Uint8Array(pcm.length);
      encodePcma(pcm, 0, pcm.length, data, 0);
      return wavFile({ tag: 6, bits: 8, data });
    },
    'two channels': (pcm: Int16Array) =>
      wavFile({
        tag: 1,
        bits: 16,
        channels: 2,
        data: new Uint8Array(Int16Array.from([...pcm].flatMap((s) => [s, s])).buffer),
      }),
    WAVE_FORMAT_EXTENSIBLE: (pcm: Int16Array) =>
      wavFile({ tag: 1, bits: 16, extensible: true, data: new Uint8Array(pcm.buffer) }),
    'unknown length': (pcm: Int16Array) =>
      wavFile({ tag: 1, bits: 16, dataSize: 0xffff_ffff, data: new Uint8Array(pcm.buffer) }),
  };

  for (const [kind, make] of Object.entries(kinds)) {
    it(`play a WAV file of ${kind}`, async () => {
      const pcm = sine(4000, 440, -12);
      const played = await decode(make(pcm));
      assert.equal(played.length, pcm.length);
      assert.ok(relativeError(played, pcm) < 0.03, String(relativeError(played, pcm)));
    });
  }

  for (const rate of [11_025, 16_000, 22_050, 44_100, 48_000]) {
    it(`are brought from ${rate} Hz to the rate of the call`, async () => {
      const file = wavFile({
        tag: 1,
        bits: 16,
        rate,
        data: new Uint8Array(sine(rate, 440, -12, rate).buffer),
      });
      const played = await decode(file);
      assert.equal(played.length, 8000);
      assert.ok(relativeError(played, sine(8000, 440, -12)) < 0.01);
    });
  }

  it('sound the same however the bytes arrive', async () => {
    const file = wavFile({
      tag: 1,
      bits: 16,
      rate: 22_050,
      data: new Uint8Array(sine(6000, 440, -12, 22_050).buffer),
    });
    const whole = await decode(file);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: file.length }), { maxLength: 30 }),
        async (cuts) => {
          assert.deepEqual(
            await decode(
              file,
              {},
              cuts.sort((a, b) => a - b),
            ),
            whole,
          );
        },
      ),
      { numRuns: 25 },
    );
  });

  it('begin to sound before they have come to their end, and are read no further than asked for', async () => {
    const file = wavFile({ tag: 1, bits: 16, data: new Uint8Array(sine(80_000, 440, -12).buffer) });
    let given = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      for (let start = 0; start < file.length; start += 4000) {
        given++;
        yield file.subarray(start, start + 4000);
      }
    }
    const sound = decodeFile(source(), OPTIONS);
    assert.ok(((await sound.next()).value?.length ?? 0) > 0);
    assert.equal(given, 1);
    await sound.next();
    assert.equal(given, 2);
    await sound.return(undefined);
  });

  it('end with their samples, without fetching what stands behind', async () => {
    const file = wavFile({ tag: 1, bits: 16, data: new Uint8Array(sine(800, 440, -12).buffer) });
    async function* source(): AsyncGenerator<Uint8Array> {
      yield file;
      yield Buffer.from('LIST');
      assert.fail('read on behind the samples');
    }
    const chunks: Int16Array[] = [];
    for await (const chunk of decodeFile(source(), OPTIONS)) chunks.push(chunk);
    assert.equal(
      chunks.reduce((sum, chunk) => sum + chunk.length, 0),
      800,
    );
  });

  it('are good as far as they go when they break off within the samples', async () => {
    const file = wavFile({ tag: 1, bits: 16, data: new Uint8Array(sine(8000, 440, -12).buffer) });
    assert.equal((await decode(file.subarray(0, 44 + 8001))).length, 4000);
  });

  it('are refused when they end before the samples, or hold nonsense', async () => {
    const file = wavFile({ tag: 1, bits: 16, data: new Uint8Array(100) });
    await assert.rejects(decode(file.subarray(0, 40)), failsWith('damaged', /b\.wav: .*before its samples/));
    await assert.rejects(decode(new Uint8Array(0)), failsWith('damaged', /empty/));
    await assert.rejects(
      decode(wavFile({ tag: 1, bits: 16, channels: 0, data: file })),
      failsWith('damaged', /0 channels/),
    );
    await assert.rejects(
      decode(wavFile({ tag: 17, bits: 4, data: file })),
      failsWith('damaged', /IMA ADPCM.*convert/),
    );
  });

  it('of µ-law without a header play where the server says that they are, also when they begin with silence', async () => {
    const pcm = new Int16Array(4800);
    pcm.set(sine(4000, 440, -12), 800);
    const file = new Uint8Array(pcm.length);
    encodePcmu(pcm, 0, pcm.length, file, 0);
    const played = await decode(file, { contentType: 'audio/basic' }, [1, 100]);
    assert.equal(played.length, pcm.length);
    assert.ok(relativeError(played, pcm) < 0.03);
  });

  it('of AIFF and AU are refused in words when their headers are damaged', async () => {
    const aiff =
      'FORM\0\0\0\x30AIFFCOMM\0\0\0\x12\0\x01\0\0\0\x01\0\x10\x7f\xfe\x80\0\0\0\0\0\0\0SSND\0\0\0\x0a';
    const au = '.snd\0\0\0\x18\xff\xff\xff\xff\0\0\0\x03\0\0\x1f\x40\0\0\xea\x60';
    for (const [header, pattern] of [
      [aiff, /a sample rate of/],
      [au, /60000 channels/],
    ] as const) {
      const file = Buffer.concat([Buffer.from(header, 'latin1'), Buffer.alloc(64)]);
      await assert.rejects(decode(file), failsWith('damaged', pattern));
    }
  });

  for (const [name, start, found] of [
    ['AAC', '\xff\xf1\x50\x80', /is AAC, sent as "audio\/x-test".*convert it to WAV.*MP3/],
    ['Ogg', 'OggS', /is Ogg/],
    ['an IFF picture', 'FORM\0\0\0\0ILBM', /unknown format/],
    ['an AVI', 'RIFF\0\0\0\0AVI ', /is AVI/],
    ['a web page', '\n<!DOCTYPE html>', /is a web page/],
    ['JSON', '{"error":1}', /is JSON/],
    ['gzip', '\x1f\x8b\x08', /is a gzip archive/],
    ['anything else', '\x01\x02\x03\x04', /unknown format \(first bytes 01020304\)/],
    ['one byte', 'R', /unknown format \(first bytes 52\)/],
  ] as const) {
    it(`are refused by name when they are ${name}`, async () => {
      const file = Buffer.concat([Buffer.from(start, 'latin1'), Buffer.alloc(name === 'one byte' ? 0 : 64)]);
      await assert.rejects(
        decode(file, { contentType: 'audio/x-test' }, [1, 2]),
        failsWith('unsupported_format', found),
      );
    });
  }

  describe('of MP3', () => {
    const mp3 = readFileSync(path.join(import.meta.dirname, 'testdata', 'tone-440hz-1s-16khz.mp3'));
    /** A tag with a picture of `size` bytes, which look like the beginnings of frames. */
    const tag = (size: number): Buffer =>
      Buffer.concat([
        Buffer.from('ID3\x04\0\0', 'latin1'),
        Buffer.of((size >> 21) & 127, (size >> 14) & 127, (size >> 7) & 127, size & 127),
        Buffer.alloc(size, 0xff),
      ]);

    it('play at the rate of the call, with or without tags, however the bytes arrive', async () => {
      const plain = await decode(mp3);
      // An encoder delays its signal by some frames, so only the sound in the middle is sure to be there.
      assert.ok(plain.length > 7900 && plain.length < 9000, String(plain.length));
      const middle = plain.subarray(3000, 5000);
      const tone = goertzelPower(middle, 440, 8000);
      const all = middle.reduce((sum, sample) => sum + sample * sample, 0) / middle.length;
      assert.ok(tone / all > 0.95, `${tone / all} of the power at 440 Hz`);
      assert.deepEqual(await decode(Buffer.concat([tag(300_000), mp3]), {}, [7, 5000, 300_100]), plain);
      assert.deepEqual(await decode(mp3, {}, [1, 17, 1000, 1001]), plain);
    });

    it('are good as far as they go when they break off', async () => {
      const half = await decode(mp3.subarray(0, 1000));
      assert.ok(half.length > 2000 && half.length < 6000, String(half.length));
    });

    it('are refused when there is no audio in them', async () => {
      await assert.rejects(decode(Buffer.concat([tag(1000)])), failsWith('damaged', /no MP3 audio/));
      await assert.rejects(
        decode(Buffer.from('ID3 and then some text')),
        failsWith('damaged', /no MP3 audio/),
      );
    });

    it('fail cleanly, whatever their bytes', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.nat(mp3.length - 1), fc.nat(255)), { maxLength: 30 }),
          async (changes) => {
            const file = Uint8Array.from(mp3);
            for (const [index, value] of changes) file[index] = value;
            await decode(file).catch((error: unknown) =>
              assert.ok(error instanceof SoundError, String(error)),
            );
          },
        ),
        { numRuns: 60 },
      );
    });
  });

  it('let everything else go on while they have no samples', async () => {
    let turns = 0;
    let counting = true;
    const count = (): void => {
      turns++;
      if (counting) setImmediate(count);
    };
    setImmediate(count);
    // A chunk of no length behind the other.
    const file = Buffer.alloc(1_000_012);
    file.write('RIFF\0\0\0\0WAVE', 0, 'latin1');
    for (let at = 12; at < file.length; at += 8) file.write('junk\0\0\0\0', at, 'latin1');
    await assert.rejects(decode(file), failsWith('damaged', /ends before its samples/));
    counting = false;
    assert.ok(turns > 10, `${turns} turns`);
  });

  it('have no thousands of chunks before their samples, if they are AIFF', async () => {
    const file = Buffer.concat([Buffer.from('FORM\0\0\0\0AIFF'), Buffer.alloc(16_000)]);
    for (let at = 12; at < file.length; at += 8) file.write('NAME', at, 'latin1');
    await assert.rejects(decode(file), failsWith('damaged', /more than 1000 chunks/));
  });

  it('are refused when they last too long, after what fits', async () => {
    const file = wavFile({ tag: 7, bits: 8, data: new Uint8Array(20_000) });
    await assert.rejects(decode(file, { maxDurationMs: 2000 }), failsWith('too_large', /limit of 2 seconds/));
    assert.equal((await decode(file, { maxDurationMs: 2500 })).length, 20_000);
  });

  it('fail cleanly, whatever their bytes', async () => {
    const header = wavFile({ tag: 1, bits: 16, data: new Uint8Array(64) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(header.length - 1), fc.nat(255)), { maxLength: 8 }),
        async (changes) => {
          const file = Uint8Array.from(header);
          for (const [index, value] of changes) file[index] = value;
          await decode(file).catch((error: unknown) => assert.ok(error instanceof SoundError, String(error)));
        },
      ),
      { numRuns: 300 },
    );
  });
});
