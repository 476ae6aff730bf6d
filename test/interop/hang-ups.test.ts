/** Callers who leave in every phase of a call: what was said is kept, nothing is left running. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { testFrequencies } from '../support/audio-files.ts';
import {
  assertOneRecording,
  assertScenarioHeld,
  placeCall,
  type Site,
  startSite,
  toneUtterances,
  type Transport,
  UNTIL_ENDED,
} from '../support/interop.ts';
import { skipWithout } from '../support/programs.ts';
import { RtpTalker } from '../support/rtp-talker.ts';
import { Sipp } from '../support/sipp.ts';
import { answered, bye, invite, pause, ringingThenCancel, sippScenario } from '../support/sipp-scenario.ts';
import { assertRunOfTones, assertUndisturbed, near } from '../support/tone-assertions.ts';

const SAID = { frequencies: testFrequencies(20, 525), toneMs: 1000 };
const SKIP = { skip: skipWithout('sipp') };

const prompt = { play: { url: 'silence:2' } };
const record = (statusUrl: string, more: object = {}) => ({
  record: { ...UNTIL_ENDED, ...more, status_url: statusUrl },
});

async function callAndLeave(
  context: Parameters<typeof startSite>[0],
  site: Site,
  afterMs: number,
  transport: Transport = 'udp',
): Promise<void> {
  const { sipp } = await placeCall(context, site.server, [invite(), answered(), pause(afterMs), bye()], {
    transport,
    say: toneUtterances(SAID.frequencies, SAID.toneMs),
  });
  await assertScenarioHeld(sipp);
}

/** No call is left, and nothing went wrong on the way. */
async function assertQuiet(site: Site): Promise<void> {
  await site.server.callsOver();
  assert.deepEqual(site.server.complaints(), []);
}

suite('Callers who leave in every phase', { concurrency: 4 }, () => {
  test('Who hangs up during the prompt leaves no recording and no callback', SKIP, async (context) => {
    const site = await startSite(context, (url) => [prompt, record(url)]);
    await callAndLeave(context, site, 700);
    await assertQuiet(site);
    assert.deepEqual(await site.server.recordings(), []);
    assert.deepEqual(site.callbacks.received, []);
  });

  test(
    'Who hangs up during the beep leaves no sound, and is not announced as a message',
    SKIP,
    async (context) => {
      const site = await startSite(context, (url) => [
        { play: { url: 'silence:0.2' } },
        record(url, { beep: true }),
      ]);
      await callAndLeave(context, site, 300);
      await assertQuiet(site);
      const recordings = await site.server.recordings();
      assert.ok(recordings.length <= 1);
      for (const recording of recordings) {
        assert.equal(recording.status, 'absent');
        assert.equal((await fetch(recording.url)).status, 404);
      }
    },
  );

  for (const transport of ['udp', 'tcp'] as const) {
    test(
      `Who hangs up during the recording leaves all that was said (${transport})`,
      SKIP,
      async (context) => {
        const site = await startSite(context, (url) => [record(url)]);
        await callAndLeave(context, site, 3500, transport);
        const { wav } = await assertOneRecording(site, 'hangup');
        assertUndisturbed(wav, assertRunOfTones(wav, SAID));
        near(wav.durationMs, 3500, 150, 'length of the recording');
        await assertQuiet(site);
      },
    );
  }

  test('Who hangs up during the playback leaves the recording as it was', SKIP, async (context) => {
    const site = await startSite(context, (url) => [
      record(url, { max_length: 2 }),
      { play: { url: '${record_url}' } },
    ]);
    await callAndLeave(context, site, 3000);
    const { wav } = await assertOneRecording(site, 'max_length');
    assert.equal(wav.durationMs, 2000);
    assertUndisturbed(wav, assertRunOfTones(wav, SAID));
    await assertQuiet(site);
  });

  for (const transport of ['udp', 'tcp'] as const) {
    test(
      `Who cancels before the answer gets 487, and nothing is recorded (${transport})`,
      SKIP,
      async (context) => {
        const site = await startSite(context, (url) => [{ sleep: 3000 }, record(url)]);
        const talker = await RtpTalker.open();
        context.after(() => talker.close());
        const sipp = await Sipp.start({
          server: site.server.address,
          transport,
          scenario: sippScenario([invite(), ringingThenCancel(300)]),
          rtpPorts: [talker.port],
        });
        context.after(() => sipp.dispose());
        await assertScenarioHeld(sipp);
        await assertQuiet(site);
        assert.deepEqual(await site.server.recordings(), []);
        assert.equal(talker.packetsHeard, 0);
      },
    );
  }
});
