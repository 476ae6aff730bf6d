import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import type { Logger } from '../log/logger.ts';
import { silentLogger } from '../log/logger.ts';
import { RealClock } from '../time/real-clock.ts';
import { cacheKey, SpeechCache } from './cache.ts';
import { DiskCache } from './disk-cache.ts';
import type { ResolvedVoice } from './voices.ts';

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'openswml-speech-'));
  folders.push(folder);
  return folder;
}

function disk(folder: string, maxBytes = 1_000_000, log: Logger = silentLogger): DiskCache {
  return new DiskCache({ folder, maxBytes, clock: new RealClock(), log });
}

function shared(...values: number[]): Int16Array {
  const samples = new Int16Array(new SharedArrayBuffer(2 * values.length));
  samples.set(values);
  return samples;
}

const VOICE: ResolvedVoice = {
  engine: 'flite',
  voice: 'slt',
  model: undefined,
  language: 'en-US',
  gender: 'female',
  warning: undefined,
};

describe('speech cache: keys', () => {
  it('tell apart everything that changes the sound, and nothing else', () => {
    const base = cacheKey(VOICE, 'hello', 8000);
    const others = [
      cacheKey(VOICE, 'Hello', 8000),
      cacheKey(VOICE, 'hello', 16_000),
      cacheKey({ ...VOICE, voice: 'rms' }, 'hello', 8000),
      cacheKey({ ...VOICE, engine: 'x' }, 'hello', 8000),
      cacheKey({ ...VOICE, model: 'x' }, 'hello', 8000),
      cacheKey({ ...VOICE, language: 'en-GB' }, 'hello', 8000),
      cacheKey(VOICE, 'hello', 8000, 'http://localhost/v1 tts-1'),
    ];
    assert.equal(new Set([base, ...others]).size, 8);
    assert.equal(cacheKey({ ...VOICE, voice: 'SLT', warning: 'w' }, 'hello', 8000), base);
  });
});

describe('speech cache: memory', () => {
  it('forgets what was used longest ago when it is full', () => {
    const cache = new SpeechCache(8);
    cache.store('a', shared(1, 2), 8000);
    cache.store('b', shared(3, 4), 8000);
    assert.deepEqual([...(cache.peek('a') ?? [])], [1, 2]);
    cache.store('c', shared(5), 8000);
    assert.equal(cache.peek('b'), undefined);
    assert.deepEqual([...(cache.peek('a') ?? [])], [1, 2]);
    assert.deepEqual([...(cache.peek('c') ?? [])], [5]);
  });

  it('does not throw everything out for one that would never fit', () => {
    const cache = new SpeechCache(8);
    cache.store('a', shared(1), 8000);
    cache.store('huge', shared(1, 2, 3, 4, 5), 8000);
    assert.equal(cache.peek('huge'), undefined);
    assert.notEqual(cache.peek('a'), undefined);
  });
});

describe('speech cache: utterances of nothing', () => {
  it('are forgotten like others, and not kept where nothing is', () => {
    const cache = new SpeechCache(8);
    for (const key of ['a', 'b', 'c', 'd', 'e']) cache.store(key, shared(), 8000);
    assert.equal(cache.peek('a'), undefined);
    assert.equal(cache.peek('e')?.length, 0);
    const none = new SpeechCache(0);
    none.store('a', shared(), 8000);
    assert.equal(none.peek('a'), undefined);
  });
});

describe('speech cache: disk', () => {
  it('gives back the same bytes, also to the next process, on a shared buffer', async () => {
    const folder = await newFolder();
    const first = new SpeechCache(1000, disk(folder));
    first.store('k', shared(0, -32_768, 32_767, 5), 8000);
    await first.settled();
    const second = new SpeechCache(1000, disk(folder));
    assert.equal(second.peek('k'), undefined);
    const loaded = await second.load('k', 8000);
    assert.deepEqual([...(loaded ?? [])], [0, -32_768, 32_767, 5]);
    assert.ok(loaded?.buffer instanceof SharedArrayBuffer);
    assert.equal(second.peek('k'), loaded);
    assert.equal(await second.load('other', 8000), undefined);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });

  it('keeps an empty utterance as such', async () => {
    const folder = await newFolder();
    const cache = disk(folder);
    cache.put('k', new Int16Array(0), 8000);
    await cache.settled();
    assert.equal((await disk(folder).get('k', 8000))?.length, 0);
  });

  for (const [what, damage] of [
    ['cut short', (content: Buffer) => content.subarray(0, content.length - 2)],
    ['changed in one bit', (content: Buffer) => content.fill((content.at(-1) ?? 0) ^ 1, content.length - 1)],
    ['empty', () => Buffer.alloc(0)],
    ['of another kind', () => Buffer.from('RIFF and so on, a file that somebody left')],
  ] as const) {
    it(`ignores and deletes a file that is ${what}`, async () => {
      const folder = await newFolder();
      const cache = disk(folder);
      cache.put('k', shared(1, 2, 3), 8000);
      await cache.settled();
      const [name = ''] = await readdir(folder);
      const file = path.join(folder, name);
      await writeFile(file, damage(await readFile(file)));
      assert.equal(await disk(folder).get('k', 8000), undefined);
      assert.deepEqual(await readdir(folder), []);
    });
  }

  it('stays within its size, also over a restart, and drops what was used longest ago', async () => {
    const folder = await newFolder();
    const samples = shared(...Array.from({ length: 90 }, (_, index) => index));
    const cache = disk(folder, 600);
    for (const key of ['a', 'b', 'c']) cache.put(key, samples, 8000);
    await cache.settled();
    assert.equal((await readdir(folder)).length, 3);
    // The file system's clock may be too coarse to tell the three apart.
    for (const name of await readdir(folder)) await utimes(path.join(folder, name), 1, 1);
    const restarted = disk(folder, 600);
    assert.notEqual(await restarted.get('a', 8000), undefined);
    restarted.put('d', samples, 8000);
    await restarted.settled();
    assert.equal((await readdir(folder)).length, 3);
    assert.notEqual(await restarted.get('a', 8000), undefined);
    assert.notEqual(await restarted.get('d', 8000), undefined);
    restarted.put('huge', shared(...new Array(1000).fill(1)), 8000);
    await restarted.settled();
    assert.equal(await restarted.get('huge', 8000), undefined);
    assert.equal((await readdir(folder)).length, 3);
  });

  it('clears away half-written files of a process long gone, and leaves foreign files alone', async () => {
    const folder = await newFolder();
    const stale = path.join(folder, 'x.pcm.1-0.tmp');
    await writeFile(stale, 'x');
    await utimes(stale, 1, 1);
    await writeFile(path.join(folder, 'fresh.tmp'), 'x');
    await writeFile(path.join(folder, 'notes.txt'), 'x');
    await disk(folder).get('k', 8000);
    assert.deepEqual((await readdir(folder)).sort(), ['fresh.tmp', 'notes.txt']);
  });

  it('only warns when the folder cannot be used', async () => {
    const folder = path.join(await newFolder(), 'file');
    await writeFile(folder, 'in the way');
    const warnings: string[] = [];
    const log: Logger = { ...silentLogger, warn: (_, message) => warnings.push(message) };
    const cache = disk(folder, 1000, log);
    assert.equal(await cache.get('k', 8000), undefined);
    cache.put('k', shared(1), 8000);
    await cache.settled();
    assert.equal(await cache.get('k', 8000), undefined);
    assert.equal(warnings.length, 2);
  });
});
