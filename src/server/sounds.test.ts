import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { wavFile } from '../call/sounds/wav-fixtures.ts';
import { silentLogger } from '../log/logger.ts';
import { closeAfterTests, serve } from '../net/http-fixtures.ts';
import type { Synthesizer } from '../speech/synthesizer.ts';
import { RealClock } from '../time/real-clock.ts';
import { openSounds } from './sounds.ts';

closeAfterTests();

const NOBODY: Synthesizer = {
  name: 'nobody',
  speak: async function* () {
    yield new Int16Array(0);
  },
  close: async () => {},
};

test('a hundred calls hear a file of one server that is not kept, each at its own pace', async () => {
  const responses: ServerResponse[] = [];
  const port = await serve((_, response) => {
    responses.push(response);
    response.writeHead(200);
    // The rest is for later: each of them hears it for minutes.
    response.write(wavFile({ tag: 1, bits: 16, data: new Uint8Array(16_000), dataSize: 16_000_000 }));
  });
  const { loader, close } = openSounds({
    config: {
      sounds: { cache_mb: 64, disk_mb: 0, max_mb: 256, max_seconds: 3600 },
      data_dir: './nowhere',
      network: { allow: ['127.0.0.0/8'], https_only: false },
    },
    userAgent: 'test',
    synthesizer: NOBODY,
    localFile: () => undefined,
    encrypted: false,
    clock: new RealClock(),
    log: silentLogger,
  });
  const abort = new AbortController();
  // Deadlines for a machine that is slow.
  const url = `http://127.0.0.1:${port}/hold.wav#ot=10000&rt=15000`;
  const heard = await Promise.all(
    Array.from({ length: 100 }, async (): Promise<number> => {
      const sound = loader.load({ kind: 'url', url }, 8000, abort.signal);
      assert.ok(sound.kind === 'stream');
      const first = await sound.chunks[Symbol.asyncIterator]().next();
      return first.done === true ? 0 : first.value.length;
    }),
  );
  assert.ok(heard.every((samples) => samples > 0));
  assert.equal(responses.length, 100);
  abort.abort(new Error('the test is over'));
  for (const response of responses) response.destroy();
  await close();
});

test('where no sound shall lie on disk, what lies there from before is deleted', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-sounds-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const sounds = path.join(folder, 'cache', 'sounds');
  const staysWith = async (diskMb: number, encrypted: boolean): Promise<boolean> => {
    mkdirSync(sounds, { recursive: true });
    writeFileSync(path.join(sounds, `${'0'.repeat(64)}.sound`), 'somebody speaks');
    const { close } = openSounds({
      config: {
        sounds: { cache_mb: 64, disk_mb: diskMb, max_mb: 256, max_seconds: 3600 },
        data_dir: folder,
        network: { allow: [], https_only: false },
      },
      userAgent: 'test',
      synthesizer: NOBODY,
      localFile: () => undefined,
      encrypted,
      clock: new RealClock(),
      log: silentLogger,
    });
    await close();
    return existsSync(sounds);
  };
  assert.equal(await staysWith(512, false), true);
  assert.equal(await staysWith(0, false), false);
  assert.equal(await staysWith(512, true), false);
});
