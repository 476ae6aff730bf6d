/** The server is killed in the middle of recordings: the next start finds, mends and reports each. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { testFrequencies } from '../support/audio-files.ts';
import { startSite, UNTIL_ENDED } from '../support/interop.ts';
import { skipWithout } from '../support/programs.ts';
import { RtpTalker } from '../support/rtp-talker.ts';
import { Sipp } from '../support/sipp.ts';
import { answered, awaitBye, invite, sippScenario } from '../support/sipp-scenario.ts';
import { assertUndisturbed, near } from '../support/tone-assertions.ts';
import { findTones } from '../support/tone-finder.ts';

const CALLS = 5;
const FREQUENCIES = testFrequencies(CALLS);
const SPEAK_BEFORE_MS = 4300;
/** What the promise allows to be missing at the end of a recording. */
const MAY_BE_MISSING_MS = 1000;
/** From the answer to the first sample kept, and from the speaker to the server, on a busy machine. */
const ON_THE_WAY_MS = 400;

interface Peaks {
  readonly data: readonly number[];
}

test('After kill -9 every recording is mended, listed and announced, and lacks at most its last second', {
  skip: skipWithout('sipp'),
}, async (context) => {
  const site = await startSite(context, (statusUrl) => [
    { record: { ...UNTIL_ENDED, status_url: statusUrl } },
  ]);
  const { server, callbacks } = site;
  const talkers = await Promise.all(FREQUENCIES.map(() => RtpTalker.open()));
  context.after(() => Promise.all(talkers.map((talker) => talker.close())));
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
      void talker.talk(remote, [{ kind: 'tone', frequencyHz: FREQUENCIES[call]!, durationMs: 60_000 }]);
      return performance.now();
    }),
  );
  await new Promise((resolve) => setTimeout(resolve, SPEAK_BEFORE_MS));
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
    const wav = await server.download(url);
    near(wav.durationMs, Number(finished.params['duration']) * 1000, 0.001, 'length of the file');
    // Nothing was gathered of a recording that broke off, so its peaks are those of the mended file.
    const peaks = await server.get<Peaks>(`/api/relay/rest/recordings/${id}/peaks?samples=1`);
    const samples = [...wav.channels[0]!];
    assert.deepEqual(peaks.data, [Math.min(...samples), Math.max(...samples)]);
    const tones = findTones(wav, { frequencies: FREQUENCIES });
    assert.equal(tones.length, 1);
    assertUndisturbed(wav, tones);
    const [tone] = tones;
    heard.add(tone!.frequencyHz);
    const said = killedAt - startedAt[FREQUENCIES.indexOf(tone!.frequencyHz)]!;
    const kept = tone!.endMs - tone!.startMs;
    assert.ok(kept >= said - MAY_BE_MISSING_MS - ON_THE_WAY_MS, `${kept} ms kept of ${said} ms said`);
  }
  assert.equal(heard.size, CALLS);
});
