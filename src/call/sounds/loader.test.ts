import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { after, describe, it } from 'node:test';
import { sine } from '../../media/test-signals.ts';
import { client, clientWithHeldTime, closeAfterTests, closedPort, serve } from '../../net/http-fixtures.ts';
import type { ByteRange, ByteSource } from '../../recording/byte-source.ts';
import type { SpeechRequest, Synthesizer } from '../../speech/synthesizer.ts';
import { RealClock } from '../../time/real-clock.ts';
import { VirtualClock } from '../../time/virtual-clock.ts';
import type { PlayableSound } from '../leg.ts';
import { SoundError, type SoundErrorCode } from './errors.ts';
import { SoundLoader, type SoundLoaderOptions } from './loader.ts';
import { wavFile } from './wav-fixtures.ts';

closeAfterTests();
const folder = await mkdtemp(path.join(tmpdir(), 'openswml-sounds-'));
after(() => rm(folder, { recursive: true }));

const silentVoice: Synthesizer = {
  name: 'silent',
  speak: async function* () {
    yield new Int16Array(0);
  },
  close: async () => {},
};

function loader(options: Partial<SoundLoaderOptions> = {}): SoundLoader {
  return new SoundLoader({ clock: new RealClock(), synthesizer: silentVoice, http: client(), ...options });
}

function stream(sounds: SoundLoader, sound: PlayableSound, signal?: AbortSignal): AsyncIterable<Int16Array> {
  const loaded = sounds.load(sound, 8000, signal);
  assert.ok(loaded.kind === 'stream');
  return loaded.chunks;
}

async function collect(chunks: AsyncIterable<Int16Array>): Promise<Int16Array> {
  const samples: number[] = [];
  for await (const chunk of chunks) samples.push(...chunk);
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

const PCM = sine(8000, 440, -12);
const WAV = wavFile({ tag: 1, bits: 16, data: new Uint8Array(PCM.buffer) });

describe('sound loader', () => {
  it('leaves silence and ringing to the media side', () => {
    const sounds = loader();
    assert.deepEqual(sounds.load({ kind: 'silence', seconds: 1.5 }, 8000), {
      kind: 'made',
      sound: { kind: 'silence', durationMs: 1500 },
    });
    const cycle = sounds.load({ kind: 'ring', country: 'us' }, 8000);
    assert.ok(cycle.kind === 'made' && cycle.sound.kind === 'tone');
    assert.deepEqual(cycle.sound.frequenciesHz, [440, 480]);
    assert.deepEqual(cycle.sound.onOffMs, [2000, 4000]);
    assert.equal(cycle.sound.durationMs, 6000);
    const timed = sounds.load({ kind: 'ring', country: 'de', seconds: 2.5 }, 8000);
    assert.ok(timed.kind === 'made' && timed.sound.kind === 'tone');
    assert.equal(timed.sound.durationMs, 2500);
    assert.throws(
      () => sounds.load({ kind: 'ring', country: 'xx' }, 8000),
      failsWith('invalid_sound', /"xx"/),
    );
  });

  it('has texts spoken with voice, language and gender, at the rate of the call', async () => {
    const asked: unknown[] = [];
    const synthesizer: Synthesizer = {
      ...silentVoice,
      speak: async function* (request: SpeechRequest, rate: number) {
        asked.push(request.text, request.voice, request.language, request.gender, rate);
        yield Int16Array.of(1, 2, 3);
      },
    };
    const sound = { kind: 'say', text: 'hi', voice: 'flite.rms', language: 'en', gender: 'male' } as const;
    assert.deepEqual([...(await collect(stream(loader({ synthesizer }), sound)))], [1, 2, 3]);
    assert.deepEqual(asked, ['hi', 'flite.rms', 'en', 'male', 8000]);
  });

  it('plays a file from the network, credentials and all', async () => {
    const seen: (string | undefined)[] = [];
    const port = await serve((request, response) => {
      seen.push(request.headers.authorization, request.url);
      response.setHeader('content-type', 'text/html').end(WAV);
    });
    const played = await collect(
      stream(loader(), { kind: 'url', url: `http://u:p@127.0.0.1:${port}/a.wav` }),
    );
    assert.deepEqual(played, PCM);
    assert.deepEqual(seen, [`Basic ${Buffer.from('u:p').toString('base64')}`, '/a.wav']);
  });

  it('sounds before the download is complete', async () => {
    let finish: (() => void) | undefined;
    const port = await serve((_, response) => {
      response.write(WAV.subarray(0, 4044));
      finish = () => response.end(WAV.subarray(4044));
    });
    const chunks = stream(loader(), { kind: 'url', url: `http://127.0.0.1:${port}/` })[
      Symbol.asyncIterator
    ]();
    const first = (await chunks.next()).value ?? new Int16Array(0);
    assert.deepEqual(first, PCM.subarray(0, first.length));
    assert.ok(first.length > 0 && first.length <= 2000);
    finish?.();
    let total = first.length;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next())
      total += next.value.length;
    assert.equal(total, PCM.length);
  });

  it('fetches nothing before the first sample is asked for', async () => {
    let asked = 0;
    const port = await serve((_, response) => {
      asked++;
      response.end(WAV);
    });
    const chunks = stream(loader(), { kind: 'url', url: `http://127.0.0.1:${port}/` });
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(asked, 0);
    await collect(chunks);
    assert.equal(asked, 1);
  });

  it('plays a file of ours from disk, without a request', async () => {
    const file = path.join(folder, 'own.wav');
    await writeFile(file, WAV);
    const url = 'https://self.test/api/v1/recordings/x/download';
    const sounds = loader({ localFile: (asked) => (asked === url ? { path: file } : undefined) });
    assert.deepEqual(await collect(stream(sounds, { kind: 'url', url })), PCM);
    const missing = loader({ localFile: () => ({ path: path.join(folder, 'none.wav') }) });
    await assert.rejects(
      collect(stream(missing, { kind: 'url', url: 'https://u:s3cr3t@self.test/x' })),
      failsWith('fetch_failed', /^https:\/\/self\.test\/x: the file is not there/),
    );
  });

  it('plays a recording of ours from wherever it lies, and says why it cannot', async () => {
    const source = {
      size: WAV.length,
      read: ({ start, end }: ByteRange) => Readable.from([WAV.subarray(start, end + 1)]),
    };
    const sounds = loader({ localFile: () => ({ open: async () => source }) });
    assert.deepEqual(await collect(stream(sounds, { kind: 'url', url: 'https://self.test/x' })), PCM);
    const fails = async (open: () => Promise<ByteSource | undefined>, message: RegExp): Promise<void> => {
      const chunks = stream(loader({ localFile: () => ({ open }) }), {
        kind: 'url',
        url: 'https://u:s3cr3t@self.test/x',
      });
      await assert.rejects(collect(chunks), failsWith('fetch_failed', message));
    };
    await fails(async () => undefined, /^https:\/\/self\.test\/x: the file is not there/);
    await fails(
      () => Promise.reject(new Error('the key is not at hand')),
      /^https:\/\/self\.test\/x: the key is not at hand/,
    );
    const broken = new Readable({ read: () => broken.destroy(new Error('it was changed')) });
    await fails(async () => ({ size: 100, read: () => broken }), /it was changed/);
  });

  it('says why a file cannot be fetched', async () => {
    const port = await serve((_, response) => response.writeHead(404).end('<html>'));
    await assert.rejects(
      collect(stream(loader(), { kind: 'url', url: `http://u:s3cr3t@127.0.0.1:${port}/x` })),
      failsWith('fetch_failed', /^http:\/\/127\.0\.0\.1:\d+\/x: the server answered 404/),
    );
    await assert.rejects(
      collect(stream(loader(), { kind: 'url', url: `http://127.0.0.1:${await closedPort()}/` })),
      failsWith('fetch_failed', /no connection/),
    );
    await assert.rejects(
      collect(
        stream(loader({ http: client({ allow: [] }) }), { kind: 'url', url: `http://127.0.0.1:${port}/` }),
      ),
      failsWith('fetch_failed', /refused.*allowed addresses/),
    );
  });

  it('says that a download stalled or broke off, after what had come', async () => {
    const port = await serve((request, response) => {
      response.writeHead(200, { 'content-length': WAV.length });
      response.write(WAV.subarray(0, 2044));
      if (request.url === '/cut') cut = () => response.destroy();
    });
    let cut = (): void => {};
    for (const [target, pattern] of [
      ['cut', /connection was lost/],
      ['stall', /nothing more of the body within 60000 ms/],
    ] as const) {
      const { http, expire } = clientWithHeldTime();
      const heard: number[] = [];
      const { promise: heardAll, resolve } = Promise.withResolvers<void>();
      const failed = assert.rejects(
        async () => {
          const url = `http://127.0.0.1:${port}/${target}`;
          for await (const chunk of stream(loader({ http }), { kind: 'url', url })) {
            heard.push(...chunk);
            if (heard.length === 1000) resolve();
          }
        },
        failsWith('fetch_failed', pattern),
      );
      await Promise.race([heardAll, failed]);
      if (target === 'stall') await expire(failed);
      else cut();
      await failed;
      assert.deepEqual(heard, [...PCM.subarray(0, 1000)]);
    }
  });

  it('refuses a file over its limit of bytes', async () => {
    const port = await serve((_, response) => response.end(WAV));
    await assert.rejects(
      collect(stream(loader({ maxBytes: 1000 }), { kind: 'url', url: `http://127.0.0.1:${port}/` })),
      failsWith('too_large', /limit of 1000 bytes/),
    );
  });

  it('closes the connection when the sound is stopped or no longer read', async () => {
    const closed: Promise<unknown>[] = [];
    const controller = new AbortController();
    const port = await serve((request, response) => {
      closed.push(once(response, 'close'));
      response.write(WAV.subarray(0, 2044));
      if (request.url === '/stopped') controller.abort(new Error('hung up'));
    });
    const url = `http://127.0.0.1:${port}/`;
    const stopped = stream(loader(), { kind: 'url', url: `${url}stopped` }, controller.signal);
    await assert.rejects(collect(stopped), /hung up/);
    for await (const chunk of stream(loader(), { kind: 'url', url })) {
      assert.ok(chunk.length > 0);
      break;
    }
    await Promise.all(closed);
    assert.equal(closed.length, 2);
  });

  it('takes no virtual time to download', async () => {
    const clock = new VirtualClock();
    const port = await serve((_, response) => {
      response.write(WAV.subarray(0, 2044));
      setTimeout(() => response.end(WAV.subarray(2044)), 30);
    });
    const sounds = loader({ clock, http: client({ clock }) });
    let elapsed = -1;
    const done = collect(stream(sounds, { kind: 'url', url: `http://127.0.0.1:${port}/` })).then(() => {
      elapsed = clock.monotonic();
    });
    await clock.advance(10_000);
    await done;
    assert.equal(elapsed, 0);
  });
});
