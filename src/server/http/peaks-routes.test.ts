import assert from 'node:assert/strict';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import WaveformData from 'waveform-data';
import { PeakMeter } from '../../media/peaks.ts';
import { sine } from '../../media/test-signals.ts';
import { wavHeader } from '../../media/wav-format.ts';
import { frameLayout } from '../../recording/encoded-writer.ts';
import { writeEnd } from '../../recording/encoder/complete.ts';
import { openFrameEncoder } from '../../recording/encoder/frame-encoder.ts';
import { encryptOnDisk, KEYS } from '../../recording/encryption/encryption.test-helper.ts';
import { MemoryFile } from '../../recording/repair-file.ts';
import { DecryptedFiles } from '../../storage/decrypted-files.ts';
import { StorageError } from '../../storage/errors.ts';
import { LocalFiles } from '../../storage/local-files.ts';
import { AUTH, ID, REST, useTestServer } from './http-fixtures.ts';

const PLAIN = `/api/v1/recordings/${ID}/peaks`;
const t = useTestServer();

const get = (query = '', headers: Record<string, string> = AUTH) =>
  t.current.request('GET', `${REST}/${ID}/peaks${query}`, headers);

/** A second of a tone of 500 Hz, a second of silence, as often as asked. */
function bursts(count: number, amplitude = 16_000): Int16Array {
  return Int16Array.from({ length: count * 16_000 }, (_, n) =>
    n % 16_000 < 8000 ? Math.round(amplitude * Math.sin((2 * Math.PI * 500 * n) / 8000)) : 0,
  );
}

describe('peaks', () => {
  test('of a file show where it is loud and where it is not, in the JSON of audiowaveform', async () => {
    t.current.addWav(bursts(2), 1);
    const response = await get('?samples=4');
    assert.equal(response.statusCode, 200);
    assert.match(String(response.headers['content-type']), /^application\/json/);
    const tone = [-16_000, 16_000];
    assert.deepEqual(response.json(), {
      version: 2,
      channels: 1,
      sample_rate: 8000,
      samples_per_pixel: 8000,
      bits: 16,
      length: 4,
      data: [...tone, 0, 0, ...tone, 0, 0],
      duration: 4,
    });
    const small = (await get('?samples=4&bits=8')).json();
    assert.equal(small.bits, 8);
    assert.deepEqual(small.data, [-62, 62, 0, 0, -62, 62, 0, 0]);
  });

  test('are read by the reader that peaks.js has', async () => {
    t.current.addWav(bursts(2), 1);
    for (const bits of [16, 8]) {
      const waveform = WaveformData.create((await get(`?samples=4&bits=${bits}`)).json());
      const { sample_rate, scale, length, duration, channels } = waveform;
      assert.deepEqual([sample_rate, scale, length, duration, channels], [8000, 8000, 4, 4, 1]);
      const loudest = bits === 16 ? 16_000 : 62;
      assert.deepEqual(waveform.channel(0).max_array(), [loudest, 0, loudest, 0]);
      assert.deepEqual(waveform.channel(0).min_array(), [-loudest, 0, -loudest, 0]);
    }
  });

  test('of two channels are told for each of them', async () => {
    const mono = bursts(1);
    const samples = Int16Array.from({ length: mono.length * 2 }, (_, n) =>
      n % 2 === 0 ? mono[n >> 1]! : -7,
    );
    t.current.addWav(samples, 2);
    const { channels, length, data } = (await get('?samples=2')).json();
    assert.deepEqual([channels, length], [2, 2]);
    assert.deepEqual(data, [-16_000, 16_000, -7, -7, 0, 0, -7, -7]);
  });

  test('are as many as asked for or a few less, 1000 unless told, and no more than there are', async () => {
    t.current.addWav(bursts(50), 1);
    const lengths = [];
    for (const query of ['', '?samples=1', '?samples=300', '?samples=10000'])
      lengths.push((await get(query)).json().length);
    assert.deepEqual(lengths, [625, 1, 250, 1250]);
  });

  test('that were gathered with the recording are told without its file', async () => {
    const { path: file } = t.current.add({ format: 'mp4' });
    const samples = bursts(1);
    const meter = new PeakMeter(8000, 1);
    meter.add(samples, samples.length);
    t.current.recordings.savePeaks(ID, meter.result()!);
    rmSync(path.join(t.current.directory, file));
    assert.deepEqual((await get('?samples=2')).json().data, [-16_000, 16_000, 0, 0]);
  });

  test('of a file are read from it once, by however many ask, and kept', async () => {
    const { path: file } = t.current.addWav(bursts(1), 1);
    let reads = 0;
    const files = new LocalFiles(t.current.directory);
    await t.current.server.close();
    t.current.server = t.current.make({
      files: {
        open: (name) => {
          reads++;
          return files.open(name);
        },
        remove: (name) => files.remove(name),
      },
    });
    const answers = await Promise.all(Array.from({ length: 20 }, () => get('?samples=2')));
    assert.deepEqual(new Set(answers.map(({ statusCode }) => statusCode)), new Set([200]));
    assert.equal(reads, 1);
    rmSync(path.join(t.current.directory, file));
    assert.equal((await get()).statusCode, 200);
  });

  test('of a file are told also while a full disk keeps them from being stored', async () => {
    t.current.addWav(bursts(1), 1);
    t.current.recordings.savePeaks = () => {
      throw new StorageError('disk_full', 'no space is left');
    };
    assert.deepEqual((await get('?samples=2')).json().data, [-16_000, 16_000, 0, 0]);
    assert.equal(t.current.recordings.peaks(ID), undefined);
  });

  test('of an MP3 that was repaired after a crash are decoded from it', async () => {
    const row = t.current.add({ format: 'mp3', durationMs: 1000 });
    // A second of 440 Hz.
    const tone = path.resolve(import.meta.dirname, '../../call/sounds/testdata/tone-440hz-1s-16khz.mp3');
    copyFileSync(tone, path.join(t.current.directory, row.path));
    const { sample_rate, length, data } = (await get('?samples=2')).json();
    assert.deepEqual([sample_rate, length], [16_000, 2]);
    const loudest = data[1];
    assert.ok(loudest > 3000, `${loudest}`);
    for (const value of data) assert.ok(Math.abs(Math.abs(value) - loudest) < loudest * 0.1, `${data}`);
  });

  test('of an MP4 that was repaired after a crash are decoded from it', async () => {
    const row = t.current.add({ format: 'mp4', durationMs: 1000 });
    const audio = { sampleRate: 8000, channels: 1, kbps: 32 } as const;
    const encoder = await openFrameEncoder({ ...audio, format: 'mp4', skipFrames: 0 });
    const layout = frameLayout('mp4', audio, 32);
    const portions = [encoder.encode(sine(8000, 440, -12)), encoder.finish()];
    encoder.close();
    const file = new MemoryFile(
      Buffer.concat([layout.head(), ...portions.map((frames) => layout.add(frames).slice())]),
    );
    await writeEnd(layout, 8000, file);
    writeFileSync(path.join(t.current.directory, row.path), file.bytes);
    const { sample_rate, length, data } = (await get('?samples=2')).json();
    assert.deepEqual([sample_rate, length], [8000, 2]);
    for (const value of data) assert.ok(Math.abs(value) > 9000 && Math.abs(value) < 15_000, `${data}`);
  });

  test('of an encrypted recording are read from what is inside it, each time, and nowhere kept', async () => {
    const samples = bursts(1);
    const data = new Uint8Array(samples.buffer);
    const wav = Buffer.concat([wavHeader({ sampleRate: 8000, channels: 1 }, data.length), data]);
    const row = t.current.add({ path: `recordings/${ID}.wav.enc` });
    await encryptOnDisk(path.join(t.current.directory, row.path), ID, wav);
    await t.current.server.close();
    t.current.server = t.current.make({
      files: new DecryptedFiles(new LocalFiles(t.current.directory), KEYS),
    });
    for (let time = 0; time < 2; time++) {
      assert.deepEqual((await get('?samples=2')).json().data, [-16_000, 16_000, 0, 0]);
      assert.equal(t.current.recordings.peaks(ID), undefined);
    }
  });

  test('for too many at once are 429 with the time to come back', async () => {
    const never = new Readable({ read: () => {} });
    await t.current.server.close();
    t.current.server = t.current.make({
      files: {
        open: async () => ({ size: 100, modifiedMs: 0, read: () => never }),
        remove: async () => true,
      },
    });
    const ids = Array.from({ length: 19 }, () => crypto.randomUUID());
    for (const id of ids) t.current.add({ id });
    const waiting = ids.slice(0, 18).map((id) => t.current.request('GET', `${REST}/${id}/peaks`, AUTH));
    await new Promise((resolve) => setImmediate(resolve));
    const response = await t.current.request('GET', `${REST}/${ids[18]}/peaks`, AUTH);
    assert.equal(response.statusCode, 429);
    assert.deepEqual(response.json(), { error: 'Too Many Requests' });
    assert.equal(response.headers['retry-after'], '2');
    never.destroy(new Error('the disk has gone'));
    for (const { statusCode } of await Promise.all(waiting)) assert.equal(statusCode, 500);
  });

  test('are 404 while the recording runs, and without a file', async () => {
    assert.equal((await get()).statusCode, 404);
    const running = t.current.add({ status: 'in-progress' });
    assert.match((await get()).json().detail, /in-progress/);
    t.current.recordings.update(running, { status: 'completed' });
    rmSync(path.join(t.current.directory, running.path));
    assert.match((await get()).json().detail, /no peaks/);
  });

  test('of a file that is deleted between the look at it and its first byte are 404', async () => {
    const { path: file } = t.current.addWav(bursts(1), 1);
    await t.current.server.close();
    const files = new LocalFiles(t.current.directory);
    t.current.server = t.current.make({
      files: {
        async open(name) {
          const found = await files.open(name);
          rmSync(path.join(t.current.directory, file));
          return found;
        },
        remove: (name) => files.remove(name),
      },
    });
    assert.equal((await get()).statusCode, 404);
  });

  // Its decoder takes a moment, in which the error of a file that is open would be heard by nobody.
  for (const [code, status] of [
    ['ENOENT', 404],
    ['EACCES', 500],
  ] as const) {
    test(`of an MP3 that cannot be opened (${code}) are ${status}, and end nothing else`, async () => {
      t.current.add({ format: 'mp3' });
      await t.current.server.close();
      const read = (): Readable => {
        const stream = new Readable({ read: () => {} });
        // As early as can be: whoever has it listens already.
        queueMicrotask(() => stream.emit('error', Object.assign(new Error(`${code}: open`), { code })));
        return stream;
      };
      t.current.server = t.current.make({
        files: {
          open: async () => ({ size: 100, modifiedMs: 0, read }),
          remove: async () => true,
        },
      });
      assert.equal((await get()).statusCode, status);
    });
  }

  test('refuse wrong numbers with their name', async () => {
    t.current.addWav(bursts(1), 1);
    for (const [query, detail] of [
      ['?samples=0', 'samples must be a whole number from 1 to 10000'],
      ['?samples=10001', 'samples must be a whole number from 1 to 10000'],
      ['?samples=x', 'samples must be a whole number from 1 to 10000'],
      ['?bits=12', 'bits must be 8 or 16'],
    ] as const) {
      const response = await get(query);
      assert.equal(response.statusCode, 422, query);
      assert.equal(response.json().errors[0].detail, detail);
    }
  });

  test('need the credentials in the REST API, and beside the download what the download needs', async () => {
    t.current.addWav(bursts(1), 1);
    assert.equal((await get('', {})).statusCode, 401);
    const plain = await t.current.request('GET', PLAIN);
    assert.equal(plain.statusCode, 200);
    assert.equal(plain.headers['access-control-allow-origin'], '*');
    assert.equal((await get()).headers['access-control-allow-origin'], undefined);
    t.current.protect = true;
    assert.equal((await t.current.request('GET', PLAIN)).statusCode, 401);
    assert.equal((await t.current.request('GET', PLAIN, AUTH)).statusCode, 200);
    const { url } = (await t.current.request('POST', `${REST}/${ID}/links`, AUTH)).json();
    const query = new URL(url).search;
    assert.equal((await t.current.request('GET', `${PLAIN}${query}`)).statusCode, 200);
    assert.equal((await t.current.request('GET', `${PLAIN}${query}x`)).statusCode, 403);
  });

  test('of a file that is no sound are an error of ours, once, not for the next recording', async () => {
    const broken = t.current.add();
    writeFileSync(path.join(t.current.directory, broken.path), 'this is no WAV file at all');
    assert.equal((await get()).statusCode, 500);
    t.current.recordings.delete(ID);
    t.current.addWav(bursts(1), 1);
    assert.equal((await get()).statusCode, 200);
  });
});
