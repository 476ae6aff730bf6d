/** What a browser makes of audio files: served to headless Chromium as a web server does, and played to the end. */
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

import { spawnProgram, temporaryFolder } from './child-processes.ts';
import { programPath } from './programs.ts';

/** One file, as an `<audio>` element and the Web Audio API saw it. */
export interface Played {
  readonly name: string;
  /** What went wrong, if anything. */
  readonly error?: string;
  /** `duration` of the element, and `currentTime` when it had `ended`, s. */
  readonly duration: number;
  readonly endedAt: number;
  /** Decoded at {@link DECODE_RATE}: channels, sample instants, and in each half second of each the RMS level. */
  readonly channels: number;
  readonly samples: number;
}

export const DECODE_RATE = 8000;

const MIME_TYPES: Readonly<Record<string, string>> = {
  '.wav': 'audio/wav',
  '.mp3': 'audio/mpeg',
  '.mp4': 'audio/mp4',
};

const PAGE = `<!doctype html><body><script>
const names = NAMES;
const event = (target, name) => new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
async function play(name) {
  const audio = new Audio(name);
  const failed = event(audio, 'error').then(() => { throw new Error(audio.error.message || 'code ' + audio.error.code); });
  await Promise.race([event(audio, 'loadedmetadata'), failed]);
  const { duration } = audio;
  audio.playbackRate = 8;
  const ended = event(audio, 'ended');
  await Promise.race([audio.play(), failed]);
  await Promise.race([ended, failed]);
  const bytes = await (await fetch(name)).arrayBuffer();
  const decoded = await new OfflineAudioContext(2, 1, ${DECODE_RATE}).decodeAudioData(bytes);
  return { name, duration, endedAt: audio.currentTime, channels: decoded.numberOfChannels, samples: decoded.length };
}
const results = Promise.all(names.map((name) =>
  play(name).catch((cause) => ({ name, error: String(cause), duration: 0, endedAt: 0, channels: 0, samples: 0 }))));
results.then((all) => fetch('/results', { method: 'POST', body: JSON.stringify(all) }));
</script></body>`;

/**
 * Plays files, all of them at once.
 * @param files paths; no two of one name
 */
export async function playInChromium(files: readonly string[]): Promise<readonly Played[]> {
  const byName = new Map(files.map((file) => [path.basename(file), file]));
  const { promise: results, resolve } = Promise.withResolvers<readonly Played[]>();
  const server = createServer((request, response) => {
    if (request.method === 'POST') void receive(request).then((text) => resolve(JSON.parse(text)));
    serve(request, response, byName);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const profile = temporaryFolder('openswml-chromium-');
  const { port } = server.address() as AddressInfo;
  const browser = spawnProgram(
    programPath('chromium'),
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--autoplay-policy=no-user-gesture-required',
      `--user-data-dir=${profile}`,
      `http://127.0.0.1:${port}/`,
    ],
    // It leaves a folder with its lock where temporary files go, when it is killed.
    { stdio: 'ignore', env: { ...process.env, TMPDIR: profile } },
  );
  const gone = once(browser, 'exit');
  try {
    return await Promise.race([
      results,
      gone.then(() => {
        throw new Error('Chromium ended by itself');
      }),
    ]);
  } finally {
    browser.kill('SIGKILL');
    await gone;
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

function serve(request: IncomingMessage, response: ServerResponse, files: ReadonlyMap<string, string>): void {
  if (request.url === '/') {
    response.setHeader('content-type', 'text/html');
    response.end(PAGE.replace('NAMES', JSON.stringify([...files.keys()])));
    return;
  }
  const file = files.get(path.basename(request.url ?? ''));
  if (file === undefined) {
    response.statusCode = 404;
    response.end();
    return;
  }
  const bytes = readFileSync(file);
  const [, first, last] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
  response.setHeader('content-type', MIME_TYPES[path.extname(file)] ?? 'application/octet-stream');
  response.setHeader('accept-ranges', 'bytes');
  if (first === undefined) {
    response.end(bytes);
    return;
  }
  const end = last === '' || last === undefined ? bytes.length - 1 : Number(last);
  response.statusCode = 206;
  response.setHeader('content-range', `bytes ${first}-${end}/${bytes.length}`);
  response.end(bytes.subarray(Number(first), end + 1));
}

async function receive(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
