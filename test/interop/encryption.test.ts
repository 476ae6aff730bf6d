/** Recordings are encrypted on disk, and what everyone gets of them is what was said. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';

import { parseWav } from '../support/audio-files.ts';
import { placeCall, startSite, toneUtterances, UNTIL_ENDED } from '../support/interop.ts';
import { skipWithout } from '../support/programs.ts';
import { until } from '../support/until.ts';
import { answered, awaitBye, invite } from '../support/sipp-scenario.ts';
import { assertUndisturbed, near } from '../support/tone-assertions.ts';
import { findTones } from '../support/tone-finder.ts';

const TONE = 725;
const RECORDED_MS = 2000;
/**
 * Of a recording that is killed: more than its header and three chunks. An unfinished chunk is written behind its place,
 * to either of two, so that one of the three may be no more than begun; each other is a second.
 */
const ENOUGH_BYTES = 4096 + 3 * 16_420 + 100;

function filesBelow(folder: string, wanted = /(?:)/): Buffer[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && wanted.test(entry.name))
    .map((entry) => {
      assert.match(entry.name, /\.wav\.enc(\.part)?$/);
      return readFileSync(path.join(entry.parentPath, entry.name));
    });
}

test('Recordings are encrypted on disk, played, downloaded and mended after kill -9 with the key, and refused without it', {
  skip: skipWithout('sipp'),
}, async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-key-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const key = randomBytes(32).toString('base64');
  const keyFile = path.join(folder, 'recording.key');
  writeFileSync(keyFile, `${key}\n`, { mode: 0o600 });
  const env: Record<string, string> = { OPENSWML_RECORDING_ENCRYPTION_KEY_FILE: keyFile };
  const { server, callbacks } = await startSite(
    context,
    (statusUrl) => [
      { record: { ...UNTIL_ENDED, max_length: RECORDED_MS / 1000, status_url: statusUrl } },
      { play: { url: '%{record_url}' } },
      { record: { ...UNTIL_ENDED, status_url: statusUrl } },
    ],
    { env },
  );
  const call = await placeCall(context, server, [invite(), answered(), awaitBye()], {
    say: toneUtterances([TONE], 60_000),
  });
  await callbacks.waitForState('finished');
  await callbacks.waitFor(() => callbacks.states().filter((state) => state === 'recording').length === 2);
  const unfinished = (): number =>
    filesBelow(path.join(server.dataFolder, 'recordings'), /\.part$/).reduce(
      (sum, { length }) => sum + length,
      0,
    );
  await until(() => unfinished() > ENOUGH_BYTES);
  await server.kill();
  await call.sipp.kill();
  // Nobody may hear it any more: the ports may be those of another server.
  await call.talker.close();

  const files = filesBelow(path.join(server.dataFolder, 'recordings'));
  assert.equal(files.length, 2);
  for (const file of files) {
    assert.equal(file.toString('latin1', 0, 7), 'OSWMENC');
    assert.equal(file.indexOf('RIFF'), -1);
    assert.equal(file.indexOf('WAVEfmt'), -1);
  }

  await server.run();
  await callbacks.waitFor(() => callbacks.states().filter((state) => state === 'finished').length === 2);
  const [whole, mended] = await server.recordings();
  const { url } = whole!;
  const spoken: number[] = [];
  for (const { url, duration_ms: durationMs, byte_size: size } of [whole!, mended!]) {
    const response = await fetch(url);
    const bytes = Buffer.from(await response.arrayBuffer());
    assert.equal(
      response.headers.get('content-disposition'),
      `inline; filename="${/[0-9a-f-]{36}/.exec(url)![0]}.wav"`,
    );
    assert.equal(bytes.length, size);
    const wav = parseWav(bytes);
    near(wav.durationMs, durationMs, 1, 'length of the file');
    const tones = findTones(wav, { frequencies: [TONE] });
    assert.equal(tones.length, 1);
    assertUndisturbed(wav, tones);
    spoken.push(tones[0]!.endMs - tones[0]!.startMs);
    // In the last part of the file, however much of it the kill has left.
    const from = size - 2000;
    const part = await fetch(url, { headers: { range: `bytes=${from}-${from + 99}` } });
    assert.equal(part.status, 206);
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(from, from + 100));
  }
  assert.equal(whole!.duration_ms, RECORDED_MS);
  // While its call was up, it was played back to the caller.
  const [echo] = findTones(call.talker.heard(), { frequencies: [TONE] });
  near(echo!.endMs - echo!.startMs, spoken[0]!, 20, 'length of what was played back');
  assert.ok(mended!.duration_ms > 500, `${mended!.duration_ms} ms`);

  delete env['OPENSWML_RECORDING_ENCRYPTION_KEY_FILE'];
  await server.stop();
  await server.run();
  const refused = await fetch(url);
  assert.equal(refused.status, 500);
  assert.deepEqual(await refused.json(), { error: 'Internal Server Error' });
  const line = await server.waitForLog(
    (each) => each['level'] === 'error' && /not at hand/.test(JSON.stringify(each)),
  );
  assert.match(JSON.stringify(line), /recording\.encryption\.key_file/);
  assert.equal(server.logText(100_000).includes(key.slice(0, 43)), false);
});
