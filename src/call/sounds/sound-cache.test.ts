/** The cache of sounds against a server, with a clock of its own. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { silentLogger } from '../../log/logger.ts';
import type { HttpErrorCode } from '../../net/http-errors.ts';
import { client, closeAfterTests, serve } from '../../net/http-fixtures.ts';
import { VirtualClock } from '../../time/virtual-clock.ts';
import { SoundCache } from './sound-cache.ts';
import { SoundDisk } from './sound-disk.ts';

closeAfterTests();

type Answer = (request: IncomingMessage, response: ServerResponse, n: number) => void;

interface Site {
  readonly cache: SoundCache;
  readonly clock: VirtualClock;
  readonly url: string;
  readonly asked: IncomingMessage[];
  /** The next answers. */
  answer: Answer;
}

async function site(answer: Answer, maxBytes = 1_000_000): Promise<Site> {
  const asked: IncomingMessage[] = [];
  const made: { answer: Answer } = { answer };
  const port = await serve((request, response) => {
    asked.push(request);
    made.answer(request, response, asked.length);
  });
  const clock = new VirtualClock();
  const cache = new SoundCache({ http: client(), clock, maxBytes });
  return Object.assign(made, { cache, clock, url: `http://127.0.0.1:${port}/a.wav`, asked });
}

async function read({ cache, url }: Pick<Site, 'cache' | 'url'>, signal?: AbortSignal): Promise<string> {
  const { body } = await cache.stream({ url, ...(signal !== undefined && { signal }) });
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const file =
  (headers: Readonly<Record<string, string>>, text = 'sound'): Answer =>
  (_request, response) => {
    response.writeHead(200, headers);
    response.end(text);
  };

/** Elsewhere, by the request. */
const to =
  (location: (request: IncomingMessage) => string): Answer =>
  (request, response) => {
    response.writeHead(302, { location: location(request) }).end();
  };

const FRESH = { 'cache-control': 'max-age=60' };

describe('sound cache', () => {
  it('asks for a file once while it is fresh, and again when it is not', async () => {
    const place = await site(file(FRESH));
    for (let n = 0; n < 3; n++) assert.equal(await read(place), 'sound');
    assert.equal(place.asked.length, 1);
    await place.clock.advance(61_000);
    place.answer = file(FRESH, 'new');
    assert.equal(await read(place), 'new');
    assert.equal(place.asked.length, 2);
  });

  it('asks for a file again when the clock was set back behind its arrival', async (t) => {
    const place = await site(file({ ...FRESH, etag: '"one"' }));
    await read(place);
    let now = place.clock.now() - 3_600_000;
    t.mock.method(place.clock, 'now', () => now);
    place.answer = (_request, response) => response.writeHead(304, FRESH).end();
    assert.equal(await read(place), 'sound');
    assert.equal(place.asked.length, 2);
    assert.equal(await read(place), 'sound');
    assert.equal(place.asked.length, 2, 'fresh by the 304');
    now += 61_000;
    place.answer = file(FRESH, 'new');
    assert.equal(await read(place), 'new');
    assert.equal(place.asked.length, 3);
  });

  it('asks whether a file still holds by its ETag, or by its date; 304 makes it fresh again', async () => {
    const place = await site(file({ ...FRESH, etag: '"one"' }));
    await read(place);
    await place.clock.advance(61_000);
    place.answer = (request, response) => {
      assert.equal(request.headers['if-none-match'], '"one"');
      response.writeHead(304, FRESH).end();
    };
    assert.equal(await read(place), 'sound');
    assert.equal(await read(place), 'sound');
    assert.equal(place.asked.length, 2);
    await place.clock.advance(61_000);
    place.answer = file({ ...FRESH, 'last-modified': 'Sat, 28 Nov 2026 12:00:00 GMT' }, 'two');
    assert.equal(await read(place), 'two', 'and 200 replaces it');
    await place.clock.advance(61_000);
    place.answer = (request, response) => {
      assert.equal(request.headers['if-modified-since'], 'Sat, 28 Nov 2026 12:00:00 GMT');
      response.writeHead(304).end();
    };
    assert.equal(await read(place), 'two');
    assert.equal(place.asked.length, 4, 'asked by the date');
  });

  it('downloads once for all who play it at the same time, each from its beginning, before it has come whole', async () => {
    let finish = (): void => {};
    const place = await site((_request, response) => {
      response.writeHead(200, { ...FRESH, 'content-length': '10' });
      response.write('first');
      finish = () => response.end('later');
    });
    const early = await place.cache.stream({ url: place.url });
    const pieces = early.body[Symbol.asyncIterator]();
    assert.equal(String((await pieces.next()).value), 'first', 'a streamed start');
    const others = [read(place), read(place)];
    finish();
    assert.deepEqual(await Promise.all(others), ['firstlater', 'firstlater']);
    assert.equal(String((await pieces.next()).value), 'later');
    assert.equal(place.asked.length, 1);
  });

  it('keeps a file whose play was broken off, and lets nobody wait for the one who left', async () => {
    const place = await site((_request, response) => {
      response.writeHead(200, FRESH);
      response.write('sou');
      response.end('nd');
    });
    const first = await place.cache.stream({ url: place.url });
    const abort = new AbortController();
    const gone = read(place, abort.signal);
    abort.abort(new Error('hung up'));
    await assert.rejects(gone, /hung up/);
    first.cancel();
    assert.equal(await read(place), 'sound');
    assert.equal(await read(place), 'sound');
    assert.equal(place.asked.length, 1);
  });

  for (const [name, broken] of [
    ['fails', (_request, response) => response.writeHead(503).end()],
    ['fails compressed', (_request, response) => response.writeHead(503, { 'content-encoding': 'br' }).end()],
    ['is gone', (_request, response) => response.destroy()],
  ] as const satisfies readonly (readonly [string, Answer])[]) {
    it(`lets a stale file stand in for a server that ${name}, for a day, unless it must not`, async () => {
      const place = await site(file(FRESH));
      const strict = await site(file({ 'cache-control': 'max-age=60, must-revalidate' }));
      const status = ({ cache, url }: Site): Promise<number | string> =>
        cache.stream({ url }).then(
          (response) => response.status,
          () => 'failed',
        );
      for (const each of [place, strict]) {
        await read(each);
        each.answer = broken;
        await each.clock.advance(61_000);
      }
      assert.equal(await read(place), 'sound');
      assert.notEqual(await status(strict), 200);
      await place.clock.advance(86_400_000);
      assert.notEqual(await status(place), 200, 'a day is over');
    });
  }

  for (const [name, code, answer] of [
    ['too large', 'too_large', file({ 'content-length': '600' }, 'x'.repeat(600))],
    ['compressed', 'unsupported_encoding', file({ 'content-encoding': 'gzip' })],
    ['at an address that is not open', 'refused_address', to(() => 'http://10.1.2.3/')],
    ['behind redirects for ever', 'too_many_redirects', to(({ url = '/' }) => url)],
  ] as const satisfies readonly (readonly [string, HttpErrorCode, Answer])[]) {
    it(`lets no stale file stand in for one that is ${name}`, async () => {
      const place = await site(file(FRESH));
      assert.equal(await read(place), 'sound');
      place.answer = answer;
      await place.clock.advance(61_000);
      await assert.rejects(place.cache.stream({ url: place.url, maxBodyBytes: 500 }), { code });
    });
  }

  it('keeps nothing that failed, was cut off, may not be kept, or is too large; and plays it all the same', async () => {
    const cases: readonly (readonly [string, Answer, RegExp])[] = [
      ['no-store', file({ 'cache-control': 'no-store' }), /^sound$/],
      ['nothing said', file({}), /^sound$/],
      ['too large', file({ ...FRESH, 'content-length': '600' }, 'x'.repeat(600)), /^x{600}$/],
      [
        'too large, of no length',
        (_, response) =>
          response.writeHead(200, FRESH).write('x'.repeat(300), () => response.end('y'.repeat(300))),
        /^x{300}y{300}$/,
      ],
    ];
    for (const [name, answer, expected] of cases) {
      const place = await site(answer, 1000);
      assert.match(await read(place), expected, name);
      assert.match(await read(place), expected, name);
      assert.equal(place.asked.length, 2, name);
      const both = await Promise.all([read(place), read(place)]);
      assert.ok(
        both.every((text) => expected.test(text)),
        name,
      );
    }
    const cut = await site((_request, response) => {
      response.writeHead(200, { ...FRESH, 'content-length': '100' });
      response.write('only so far', () => response.destroy());
    });
    await assert.rejects(read(cut));
    cut.answer = file(FRESH);
    assert.equal(await read(cut), 'sound');
    const missing = await site((_request, response) => response.writeHead(404, FRESH).end());
    assert.equal((await missing.cache.stream({ url: missing.url })).status, 404);
    missing.answer = file(FRESH);
    assert.equal(await read(missing), 'sound');
  });

  it('counts the age that a 304 tells, not that of the file which it confirms', async () => {
    const place = await site(file({ ...FRESH, etag: '"one"', age: '50' }));
    await read(place);
    await place.clock.advance(11_000);
    place.answer = (_request, response) => response.writeHead(304, FRESH).end();
    assert.equal(await read(place), 'sound');
    await place.clock.advance(11_000);
    assert.equal(await read(place), 'sound');
    assert.equal(place.asked.length, 2);
  });

  it('breaks off a file that is not kept when the one who hears it leaves, also while nothing comes', async () => {
    const closed = Promise.withResolvers<void>();
    const place = await site((_request, response) => {
      response.on('close', () => closed.resolve());
      response.writeHead(200);
      response.write('sou');
    });
    const abort = new AbortController();
    const { body } = await place.cache.stream({ url: place.url, signal: abort.signal });
    const pieces = body[Symbol.asyncIterator]();
    assert.equal(String((await pieces.next()).value), 'sou');
    const next = pieces.next();
    abort.abort(new Error('hung up'));
    await assert.rejects(next, { code: 'aborted' });
    await closed.promise;
  });

  it('forgets the file used longest ago when it is full', async () => {
    const place = await site(
      (request, response) => file(FRESH, `${request.url}`.padEnd(2000))(request, response, 0),
      11_000,
    );
    const at = (name: string) => ({ cache: place.cache, url: place.url.replace('a.wav', name) });
    for (const name of ['1', '2', '3', '4']) await read(at(name));
    await read(at('1'));
    await read(at('5'));
    assert.equal(place.asked.length, 5);
    await read(at('1'));
    assert.equal(place.asked.length, 5);
    await read(at('2'));
    assert.equal(place.asked.length, 6);
  });

  it('forgets empty files, too, when there are very many', async () => {
    const place = await site(file(FRESH, ''), 10_000);
    const at = (n: number) => ({ cache: place.cache, url: `${place.url}?n=${n}` });
    for (let n = 0; n < 50; n++) await read(at(n));
    await read(at(49));
    assert.equal(place.asked.length, 50);
    await read(at(0));
    assert.equal(place.asked.length, 51);
  });

  it('asks each time where a temporary redirect leads, and by an ETag alone', async () => {
    const dated = { 'last-modified': 'Sat, 28 Nov 2026 12:00:00 GMT' };
    const place = await site(() => {});
    let status = 302;
    let leadsTo = '/day.wav';
    let headers: Readonly<Record<string, string>> = {};
    place.answer = (request, response) => {
      if (request.url === '/a.wav') response.writeHead(status, { location: leadsTo, ...FRESH }).end();
      else if (request.headers['if-modified-since'] !== undefined) response.writeHead(304).end();
      else if (request.headers['if-none-match'] === `"${request.url}"`) response.writeHead(304).end();
      else response.writeHead(200, headers).end(request.url);
    };
    const twice = async (): Promise<string[]> => {
      leadsTo = '/day.wav';
      const first = await read(place);
      leadsTo = '/night.wav';
      return [first, await read(place)];
    };
    for (const told of [FRESH, dated]) {
      headers = told;
      assert.deepEqual(await twice(), ['/day.wav', '/night.wav'], JSON.stringify(told));
    }
    headers = { ...FRESH, etag: '"/night.wav"' };
    assert.equal(await read(place), '/night.wav');
    const before = place.asked.length;
    assert.equal(await read(place), '/night.wav');
    assert.equal(place.asked.at(-1)?.headers['if-none-match'], '"/night.wav"');
    assert.equal(place.asked.length, before + 2);
    status = 301;
    assert.equal(await read(place), '/night.wav');
    assert.equal(await read(place), '/night.wav');
    assert.equal(place.asked.length, before + 4, 'confirmed behind a redirect that stays');
  });

  it('does not ask by the date of a file where a temporary redirect has come in its place', async () => {
    const place = await site(file({ ...FRESH, 'last-modified': 'Sat, 28 Nov 2026 12:00:00 GMT' }, 'then'));
    assert.equal(await read(place), 'then');
    await place.clock.advance(61_000);
    place.answer = (request, response) => {
      if (request.url === '/a.wav') response.writeHead(302, { location: '/older.wav' }).end();
      else if (request.headers['if-modified-since'] !== undefined) response.writeHead(304).end();
      else response.writeHead(200, { 'last-modified': 'Fri, 27 Nov 2026 12:00:00 GMT' }).end('older');
    };
    assert.equal(await read(place), 'older');
    const before = place.asked.length;
    assert.equal(await read(place), 'older');
    assert.equal(place.asked.length, before + 2, 'nothing is kept of either');
  });

  it('tells URLs apart by their credentials and their query, not by their fragment', async () => {
    const place = await site((request, response) =>
      file(FRESH, `${request.headers.authorization ?? 'nobody'} ${request.url}`)(request, response, 0),
    );
    const at = (url: string) => read({ cache: place.cache, url });
    const alice = place.url.replace('//', '//alice:a@');
    const answers = [
      await at(place.url),
      await at(alice),
      await at(`${place.url}?v=2`),
      await at(`${alice}#tt=9000`),
    ];
    assert.equal(new Set(answers).size, 3);
    assert.equal(answers[1], answers[3]);
    assert.equal(place.asked.length, 3);
  });

  it('is passed by when it has no room', async () => {
    const place = await site(file(FRESH), 0);
    await read(place);
    await read(place);
    assert.equal(place.asked.length, 2);
  });
});

describe('sound cache over a restart', () => {
  interface Restarting extends Site {
    readonly folder: string;
    /** The process dies; the next one finds what is on disk. */
    restart(): Promise<void>;
    files(): string[];
  }

  async function restarting(t: TestContext, answer: Answer, diskBytes = 1_000_000): Promise<Restarting> {
    const folder = mkdtempSync(path.join(tmpdir(), 'openswml-sounds-'));
    let disk: SoundDisk;
    t.after(async () => {
      // What was read last may still be on its way there.
      await disk.settled();
      rmSync(folder, { recursive: true });
    });
    const place = await site(answer);
    const { clock } = place;
    let stamps = 0;
    const start = (): SoundCache => {
      disk = new SoundDisk({ folder, maxBytes: diskBytes, clock, log: silentLogger });
      return new SoundCache({ http: client(), clock, maxBytes: 1_000_000, disk });
    };
    const files = (): string[] => readdirSync(folder).sort();
    return Object.assign(place, {
      folder,
      cache: start(),
      async restart() {
        await disk.settled();
        // Of which one was used last, the disk has the times alone; those of real files may be the same.
        for (const name of files()) {
          const stored = path.join(folder, name);
          if (statSync(stored).mtimeMs > 1_000_000) utimesSync(stored, ++stamps, stamps);
        }
        Object.assign(place, { cache: start() });
      },
      files,
    });
  }

  it('a fresh file is not asked for again, and a stale one with its validator', async (t) => {
    const place = await restarting(t, file({ ...FRESH, etag: '"one"', 'set-cookie': 'secret=1' }));
    await read(place);
    await place.restart();
    assert.equal(await read(place), 'sound');
    assert.equal(place.asked.length, 1);
    await place.clock.advance(61_000);
    await place.restart();
    place.answer = (request, response) => {
      assert.equal(request.headers['if-none-match'], '"one"');
      response.writeHead(304, FRESH).end();
    };
    assert.equal(await read(place), 'sound');
    assert.equal(place.asked.length, 2);
    assert.equal(await read(place), 'sound');
    assert.equal(place.asked.length, 2, 'fresh by the 304');
    const [name = ''] = place.files();
    assert.equal(statSync(path.join(place.folder, name)).mode & 0o077, 0);
    const stored = readFileSync(path.join(place.folder, name), 'latin1');
    assert.doesNotMatch(stored, /secret|127\.0\.0\.1/);
  });

  it('a file stands in for a server that is gone', async (t) => {
    const place = await restarting(t, file({ etag: '"one"' }));
    await read(place);
    await place.clock.advance(3_600_000);
    await place.restart();
    place.answer = (_request, response) => response.writeHead(503).end();
    assert.equal(await read(place), 'sound');
    await place.clock.advance(86_400_000);
    await place.restart();
    const { status } = await place.cache.stream({ url: place.url });
    assert.equal(status, 503);
    await place.restart();
    assert.deepEqual(place.files(), [], 'and is no more once that time is over');
  });

  it('credentials are another file, what may not be stored is none, and a new file takes the place of the old one', async (t) => {
    const place = await restarting(t, file(FRESH));
    const { url } = place;
    await read(place);
    await read({ cache: place.cache, url: url.replace('//', '//ann:pw@') });
    await place.restart();
    assert.equal(place.files().length, 2);
    await place.clock.advance(61_000);
    place.answer = file(FRESH, 'new');
    assert.equal(await read(place), 'new');
    await place.restart();
    assert.equal(await read(place), 'new');
    assert.equal(place.asked.length, 3);
    await place.clock.advance(61_000);
    place.answer = file({ 'cache-control': 'no-store' }, 'secret');
    assert.equal(await read(place), 'secret');
    await place.restart();
    assert.equal(place.files().length, 1);
  });

  it('a file that may not be stored any more, by a 304, is played and forgotten', async (t) => {
    const place = await restarting(t, file({ etag: '"one"' }));
    await read(place);
    place.answer = (_request, response) => response.writeHead(304, { 'cache-control': 'no-store' }).end();
    assert.equal(await read(place), 'sound');
    place.answer = file({ 'cache-control': 'no-store' }, 'new');
    assert.equal(await read(place), 'new');
    assert.equal(place.asked.at(-1)?.headers['if-none-match'], undefined);
    await place.restart();
    assert.deepEqual(place.files(), []);
  });

  it('a damaged file is fetched again', async (t) => {
    const place = await restarting(t, file(FRESH));
    await read(place);
    await place.restart();
    const name = path.join(place.folder, place.files()[0]!);
    const bytes = readFileSync(name);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(name, bytes);
    assert.equal(await read(place), 'sound');
    assert.equal(place.asked.length, 2);
  });

  it('a file that is larger than what may be played by now is not taken from there', async (t) => {
    const place = await restarting(t, file(FRESH));
    await read(place);
    await place.restart();
    const readShort = async (): Promise<void> => {
      const { body } = await place.cache.stream({ url: place.url, maxBodyBytes: 4 });
      for await (const _ of body);
    };
    await assert.rejects(readShort(), { code: 'too_large' });
    assert.equal(place.asked.length, 2);
  });

  it('what is on disk stays within its bound, the files used longest ago go', async (t) => {
    const place = await restarting(t, file(FRESH, 'x'.repeat(1000)), 3_000);
    const of = (name: string) => ({ cache: place.cache, url: `${place.url}?${name}` });
    for (const name of ['a', 'b', 'c', 'd']) {
      await read(of(name));
      await place.restart();
    }
    assert.equal(place.files().length, 2);
    await read(of('d'));
    assert.equal(place.asked.length, 4);
    await read(of('a'));
    assert.equal(place.asked.length, 5);
  });
});
