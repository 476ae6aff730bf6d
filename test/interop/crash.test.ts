/** The server is killed in the middle of recordings: the next start finds, mends and reports each. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';

import { testFrequencies, type Wav } from '../support/audio-files.ts';
import { decodeWithFfmpeg } from '../support/ffprobe.ts';
import { startSite, UNTIL_ENDED } from '../support/interop.ts';
import { skipWithout } from '../support/programs.ts';
import { RtpTalker } from '../support/rtp-talker.ts';
import { EACH_CORE } from '../support/server-process.ts';
import { Sipp } from '../support/sipp.ts';
import { answered, awaitBye, invite, sippScenario } from '../support/sipp-scenario.ts';
import { near } from '../support/tone-assertions.ts';
import { describeTones, findDisturbances, findTones } from '../support/tone-finder.ts';

const CALLS = 5;
const FREQUENCIES = testFrequencies(CALLS);
const SPEAK_BEFORE_MS = 4300;
/** What the promise allows to be missing at the end of a recording. */
const MAY_BE_MISSING_MS = 1000;
/** From the answer to the first sample kept, and from the speaker to the server, on a busy machine. */
const ON_THE_WAY_MS = 400;

/** By how much an encoder may blur the edges of a tone. */
const BLUR_MS = { wav: 0, mp3: 75, mp4: 130 } as const;
/**
 * Where another encoder had to go on for one that was late when the process was killed: in an mp3, the frame that
 * needs the bit reservoir of the dead one is muted, and its neighbours overlap with it by half.
 */
const SEAM_MS = { wav: 0, mp3: 145, mp4: 0 } as const;

interface Peaks {
  readonly data: readonly number[];
}

describe('After kill -9', { concurrency: 3 }, () => {
  for (const format of ['wav', 'mp3', 'mp4'] as const) {
    test(
      `every ${format} recording is mended, listed and announced, and lacks at most its last second`,
      { skip: skipWithout('sipp', 'ffmpeg') },
      (context) => killAndMend(context, format),
    );
  }
});

/** A server is killed in the middle of recordings of one format, and started again. */
async function killAndMend(context: TestContext, format: 'wav' | 'mp3' | 'mp4'): Promise<void> {
  const main = (status_url: string) => [{ record: { ...UNTIL_ENDED, format, status_url } }];
  const site = await startSite(context, main, { env: EACH_CORE });
  const { server, callbacks } = site;
  const talkers = await Promise.all(FREQUENCIES.map(() => RtpTalker.open()));
  context.after(() => Promise.all(talkers.map((talker) => talker.close())));
  const speeches = talkers.map((talker, call) =>
    talker.prepare([{ kind: 'tone', frequencyHz: FREQUENCIES[call]!, durationMs: 60_000 }]),
  );
  const sipp = await Sipp.start({
    server: server.address,
    transport: 'udp',
    scenario: sippScenario([invite(), answered(), awaitBye()]),
    rtpPorts: talkers.map((talker) => talker.port),
  });
  context.after(() => sipp.dispose());
  const startedAt = await Promise.all(
    talkers.map(async (talker, call) => {
      const remote = await sipp.media(call);
      void talker.talk(remote, speeches[call]!);
      return performance.now();
    }),
  );
  await new Promise((resolve) => setTimeout(resolve, SPEAK_BEFORE_MS));
  // On a machine that is busy with other tests, the last of these takes more than the time for speaking.
  await callbacks.waitFor(() => callbacks.states().length >= CALLS);
  const killedAt = performance.now();
  await server.kill();
  assert.deepEqual(callbacks.states(), Array(CALLS).fill('recording'));
  await sipp.kill();
  await Promise.all(talkers.map((talker) => talker.close()));

  await server.run();
  await callbacks.waitFor(() => callbacks.states().filter((state) => state === 'finished').length === CALLS);
  const recordings = await server.recordings();
  assert.equal(recordings.length, CALLS);
  const heard = new Set<number>();
  for (const { id, status, url } of recordings) {
    assert.equal(status, 'completed');
    assert.deepEqual(callbacks.states('calling.call.record', id), ['recording', 'finished']);
    const finished = callbacks.received.find(
      ({ params }) => params['recording_id'] === id && params['state'] === 'finished',
    )!;
    assert.equal(finished.params['ended_by'], 'crash');
    const durationMs = Number(finished.params['duration']) * 1000;
    const wav = format === 'wav' ? await server.download(url) : await decode(context, url, format);
    // This ffmpeg gives the last block of AAC whole.
    near(wav.durationMs, durationMs, { wav: 0.001, mp3: 20, mp4: 130 }[format], 'length of the file');
    if (format === 'wav') {
      // Nothing was gathered of a recording that broke off, so its peaks are those of the mended file.
      const peaks = await server.get<Peaks>(`/api/relay/rest/recordings/${id}/peaks?samples=1`);
      const samples = wav.channels[0]!;
      assert.deepEqual(peaks.data, [
        samples.reduce((a, b) => Math.min(a, b)),
        samples.reduce((a, b) => Math.max(a, b)),
      ]);
    }
    const tones = findTones(wav, { frequencies: FREQUENCIES });
    const worstLateMs = Math.max(...talkers.map((talker) => talker.worstLateMs));
    const found = `found in ${wav.durationMs} ms:\n${describeTones(tones)}\nthe talkers were late by ${worstLateMs} ms at most`;
    assert.equal(tones.length, 1, found);
    const [tone] = tones;
    const disturbed = findDisturbances(wav, tones).filter(
      ({ startMs, endMs }) =>
        startMs > tone!.startMs + BLUR_MS[format] && endMs < tone!.endMs - BLUR_MS[format],
    );
    const [seam, ...others] = disturbed;
    assert.deepEqual(others, []);
    if (seam !== undefined) assert.ok(seam.endMs - seam.startMs <= SEAM_MS[format], JSON.stringify(seam));
    heard.add(tone!.frequencyHz);
    const caller = FREQUENCIES.indexOf(tone!.frequencyHz);
    const said = killedAt - startedAt[caller]!;
    // It sends a packet with each frame that it takes up: what a thread that stood still never saw is not its to keep.
    const taken = talkers[caller]!.packetsHeard * 20;
    const kept = tone!.endMs - tone!.startMs;
    const text = `${kept} ms kept of ${said} ms said, while ${taken} ms were sent back`;
    assert.ok(kept >= Math.min(said, taken) - MAY_BE_MISSING_MS - ON_THE_WAY_MS, text);
  }
  assert.equal(heard.size, CALLS);
}

async function decode(context: TestContext, url: string, format: string): Promise<Wav> {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-crash-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, `recording.${format}`);
  writeFileSync(file, Buffer.from(await (await fetch(url)).arrayBuffer()));
  return decodeWithFfmpeg(file);
}
