/** Recordings move to an S3-compatible server, and nobody who wants one need know where it is. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { placeCall, startSite, toneUtterances, UNTIL_ENDED } from '../support/interop.ts';
import { ACCESS_KEY, BUCKET, ObjectServer } from '../support/object-server.ts';
import { skipWithout } from '../support/programs.ts';
import { answered, awaitBye, invite } from '../support/sipp-scenario.ts';
import { near } from '../support/tone-assertions.ts';
import { findTones } from '../support/tone-finder.ts';

const TONE = 725;

/** Files of recordings below the data folder. */
function filesIn(dataFolder: string): string[] {
  const folder = path.join(dataFolder, 'recordings');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.wav'));
}

test('Recordings go to the object store, are played and downloaded from there, survive kill -9 within the upload, and are deleted there', {
  skip: skipWithout('sipp'),
}, async (context) => {
  const store = await ObjectServer.start();
  context.after(() => store.dispose());
  const env: Record<string, string> = {
    OPENSWML_STORAGE_S3_ENDPOINT: store.url,
    OPENSWML_STORAGE_S3_BUCKET: BUCKET,
    OPENSWML_STORAGE_S3_ACCESS_KEY_ID: ACCESS_KEY.id,
    OPENSWML_STORAGE_S3_SECRET_ACCESS_KEY: ACCESS_KEY.secret,
  };
  const { server, callbacks } = await startSite(
    context,
    (statusUrl) => [
      { record: { ...UNTIL_ENDED, terminators: '#', status_url: statusUrl } },
      { sleep: 1500 },
      { play: { url: '%{record_url}' } },
      { record: { ...UNTIL_ENDED, max_length: 1, status_url: statusUrl } },
      { hangup: {} },
    ],
    { env },
  );
  const uploaded = (count: number): Promise<unknown> =>
    server.waitForLog((line) => {
      const done = server.log.filter(({ msg }) => msg === 'recording uploaded');
      return line === done[count - 1];
    });
  const objectOf = (url: string): string => {
    const id = /[0-9a-f-]{36}/.exec(url)![0];
    return store.requests
      .map((each) => each.split(`/${BUCKET}/`)[1] ?? '')
      .find((name) => name.includes(id))!;
  };

  // The second upload never ends: the server is killed within it.
  store.intercept = async ({ method }) => {
    if (method === 'PUT' && store.requests.filter((each) => each.startsWith('PUT')).length === 2) {
      await new Promise(() => {});
    }
    return false;
  };
  const call = await placeCall(context, server, [invite(), answered(), awaitBye()], {
    say: [...toneUtterances([TONE], 1500), { kind: 'digit', digit: '#' }, ...toneUtterances([TONE], 60_000)],
  });
  await uploaded(1);
  assert.equal(
    existsSync(path.join(server.dataFolder, objectOf((await server.recordings())[0]!.url))),
    false,
  );
  await callbacks.waitFor(() => callbacks.states().filter((state) => state === 'finished').length === 2);
  while (store.requests.filter((each) => each.startsWith('PUT')).length < 2) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const [first, second] = await server.recordings();
  // Readable at once, wherever it is.
  assert.equal((await server.download(second!.url)).durationMs, 1000);
  const [played] = findTones(call.talker.heard(), { frequencies: [TONE] });
  const [spoken] = findTones(await server.download(first!.url), { frequencies: [TONE] });
  const wanted = spoken!.endMs - spoken!.startMs;
  near(played!.endMs - played!.startMs, wanted, 20, 'length of what was played from the store');
  await server.kill();
  await call.sipp.kill();
  // Nobody may hear it any more: the ports may be those of another server.
  await call.talker.close();
  store.intercept = () => false;

  await server.run();
  await uploaded(2);
  assert.deepEqual(filesIn(server.dataFolder), []);
  for (const { url, duration_ms: durationMs, byte_size: size } of [first!, second!]) {
    const response = await fetch(url);
    const bytes = Buffer.from(await response.arrayBuffer());
    assert.deepEqual([response.status, bytes.length], [200, size]);
    assert.deepEqual(bytes, store.content(objectOf(url)));
    near((size - 44) / 16, durationMs, 0.001, 'length');
    const part = await fetch(url, { headers: { range: 'bytes=1000-1999' } });
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(1000, 2000));
  }

  // The store is down: an answer that says when to come back.
  await store.stop();
  const down = await fetch(first!.url);
  assert.deepEqual([down.status, down.headers.get('retry-after')], [503, '10']);
  await store.run();

  env['OPENSWML_STORAGE_S3_SERVE'] = 'redirect';
  await server.stop();
  await server.run();
  const redirected = await fetch(first!.url, { redirect: 'manual' });
  assert.equal(redirected.status, 302);
  assert.equal(redirected.headers.get('cache-control'), 'private, no-store');
  const followed = await fetch(first!.url, { headers: { range: 'bytes=0-3' } });
  assert.equal(new URL(followed.url).host, new URL(store.url).host);
  assert.deepEqual([followed.status, await followed.text()], [206, 'RIFF']);
  assert.equal(followed.headers.get('content-type'), 'audio/wav');
  assert.equal(
    (await fetch(first!.url, { method: 'HEAD' })).headers.get('content-length'),
    String(first!.byte_size),
  );

  const object = objectOf(first!.url);
  assert.equal(await server.remove(first!.id), 204);
  assert.equal(store.content(object), undefined);
  assert.equal((await fetch(first!.url)).status, 404);
  assert.equal(server.logText(100_000).includes('X-Amz-Signature'), false);
});
