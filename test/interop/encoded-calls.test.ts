/** Real calls recorded as mp3 and mp4: what is said is in the files, and is heard again when they are played. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';

import { testFrequencies, type Wav } from '../support/audio-files.ts';
import { decodeWithFfmpeg, probe } from '../support/ffprobe.ts';
import {
  assertScenarioHeld,
  placeCall,
  type Site,
  startSite,
  toneUtterances,
  UNTIL_ENDED,
} from '../support/interop.ts';
import { onTime } from '../support/on-time.ts';
import { skipWithout } from '../support/programs.ts';
import { answered, awaitBye, bye, invite, pause } from '../support/sipp-scenario.ts';
import { assertHeardAgain, assertRunOfTones, near } from '../support/tone-assertions.ts';
import { findTones } from '../support/tone-finder.ts';

const SAID = { frequencies: testFrequencies(5, 525), toneMs: 500 };
/** AAC works on blocks of 128 ms, which blur the edges of tones. */
const MIME_TYPES = { mp3: 'audio/mpeg', mp4: 'audio/mp4' } as const;
const SKIP = { skip: skipWithout('sipp', 'ffmpeg', 'ffprobe') };

const folder = mkdtempSync(path.join(tmpdir(), 'openswml-encoded-calls-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The file of the recording that a control id names: as announced, of its type, decoded by ffmpeg. */
async function fileOf(site: Site, format: 'mp3' | 'mp4', stereo: boolean): Promise<Wav> {
  const { params } = await site.callbacks.waitFor(
    (callback) =>
      callback.params['state'] === 'finished' &&
      (callback.params['record'] as { format?: string } | undefined)?.format === format,
  );
  const response = await fetch(String(params['url']));
  assert.deepEqual([response.status, response.headers.get('content-type')], [200, MIME_TYPES[format]]);
  const bytes = Buffer.from(await response.arrayBuffer());
  assert.equal(bytes.length, params['size']);
  const file = path.join(folder, `${String(params['recording_id'])}.${format}`);
  writeFileSync(file, bytes);
  const durationMs = Number(params['duration']) * 1000;
  const probed = await probe(file);
  assert.deepEqual(probed.streams, [
    { codec: format === 'mp3' ? 'mp3' : 'aac', sampleRate: 8000, channels: stereo ? 2 : 1 },
  ]);
  if (format === 'mp4') near(probed.durationMs, durationMs, 20, 'length of the file as announced');
  const wav = await decodeWithFfmpeg(file);
  near(wav.durationMs, durationMs, format === 'mp4' ? 130 : 20, 'length of the decoded file as announced');
  return wav;
}

describe('Encoded recordings of calls', { concurrency: 3 }, () => {
  test(
    'record as mp3 within record_call as mp4 in stereo, as the agent SDK asks: both hold what was said, and the message is heard again',
    SKIP,
    onTime(async (context) => {
      const site = await startSite(context, (status_url) => [
        { record_call: { format: 'mp4', stereo: true, status_url } },
        { record: { ...UNTIL_ENDED, format: 'mp3', status_url } },
        { play: '%{record_url}' },
        { stop_record_call: {} },
        { hangup: {} },
      ]);
      const { sipp, talker } = await placeCall(context, site.server, [invite(), answered(), awaitBye()], {
        say: [...toneUtterances(SAID.frequencies, SAID.toneMs), { kind: 'digit', digit: '#' }],
      });
      await assertScenarioHeld(sipp);
      const message = await fileOf(site, 'mp3', false);
      const said = assertRunOfTones(message, SAID);
      assert.equal(said.at(-1)!.frequencyHz, SAID.frequencies.at(-1));

      const whole = await fileOf(site, 'mp4', true);
      const left = assertRunOfTones(whole, SAID, 0);
      assert.equal(left.at(-1)!.frequencyHz, SAID.frequencies.at(-1));
      // What the caller heard, on the other side: its own message.
      const right = assertRunOfTones(whole, SAID, 1);
      assert.deepEqual(assertHeardAgain(right, said).before, []);
      assert.ok(right[0]!.startMs > left.at(-1)!.endMs - 20);
      const heard = findTones(talker.heard(), { frequencies: SAID.frequencies });
      assert.deepEqual(assertHeardAgain(heard, said).before, []);
    }),
  );

  test(
    'an mp4 of both sides mixed ends with the caller who hangs up',
    SKIP,
    onTime(async (context) => {
      const site = await startSite(context, (status_url) => [
        { record_call: { format: 'mp4', status_url } },
        { sleep: 60_000 },
      ]);
      const { sipp } = await placeCall(context, site.server, [invite(), answered(), pause(2600), bye()], {
        say: toneUtterances(SAID.frequencies, SAID.toneMs),
      });
      await assertScenarioHeld(sipp);
      const wav = await fileOf(site, 'mp4', false);
      assertRunOfTones(wav, SAID);
    }),
  );

  test(
    'a message as mp4 is heard again; encrypted on disk, the files are the same when they are downloaded',
    SKIP,
    onTime(async (context) => {
      const site = await startSite(
        context,
        (status_url) => [
          { record_call: { format: 'mp3', stereo: true, status_url } },
          { record: { ...UNTIL_ENDED, format: 'mp4', status_url } },
          { play: '%{record_url}' },
          { hangup: {} },
        ],
        { env: { OPENSWML_RECORDING_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64') } },
      );
      const { sipp, talker } = await placeCall(context, site.server, [invite(), answered(), awaitBye()], {
        say: [...toneUtterances(SAID.frequencies, SAID.toneMs), { kind: 'digit', digit: '#' }],
      });
      await assertScenarioHeld(sipp);
      const said = assertRunOfTones(await fileOf(site, 'mp4', false), SAID);
      assertRunOfTones(await fileOf(site, 'mp3', true), SAID);
      const heard = findTones(talker.heard(), { frequencies: SAID.frequencies });
      assert.deepEqual(assertHeardAgain(heard, said).before, []);
    }),
  );
});
