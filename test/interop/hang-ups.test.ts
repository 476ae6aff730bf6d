/** Callers who leave in every phase of a call: what was said is kept, nothing is left running. */
import assert from 'node:assert/strict';
import { after, before, suite, type TestContext, test } from 'node:test';

import { testFrequencies } from '../support/audio-files.ts';
import {
  assertLastedUntil,
  assertScenarioHeld,
  placeCall,
  toneUtterances,
  type Transport,
  UNTIL_ENDED,
} from '../support/interop.ts';
import {
  assertCallOver,
  assertKept,
  callIdOf,
  type LiveSite,
  openLiveSite,
  statesOf,
} from '../support/live-site.ts';
import { onTime } from '../support/on-time.ts';
import { skipWithout } from '../support/programs.ts';
import { RtpTalker, type Utterance } from '../support/rtp-talker.ts';
import { Sipp } from '../support/sipp.ts';
import { answered, bye, invite, pause, ringingThenCancel, sippScenario } from '../support/sipp-scenario.ts';
import { assertRunOfTones, assertUndisturbed, near } from '../support/tone-assertions.ts';

const SAID = { frequencies: testFrequencies(20, 525), toneMs: 1000 };
const SKIP = { skip: skipWithout('sipp') };

/** Longer than anybody waits. */
const prompt = { play: { url: 'silence:60' } };
const record = (statusUrl: string, more: object = {}) => ({
  record: { ...UNTIL_ENDED, ...more, status_url: statusUrl },
});

suite('Callers who leave in every phase', { concurrency: true }, () => {
  let site: LiveSite;
  before(async () => {
    const cancelled = (url: string) => [{ sleep: 60_000 }, record(url)];
    site = await openLiveSite({
      prompt: (url) => [prompt, record(url)],
      beep: (url) => [{ play: { url: 'silence:0.2' } }, record(url, { beep: true })],
      'said-udp': (url) => [record(url)],
      'said-tcp': (url) => [record(url)],
      playback: (url) => [
        record(url, { terminators: '#' }),
        { play: { urls: ['${record_url}', 'silence:60'] } },
      ],
      'cancelled-udp': cancelled,
      'cancelled-tcp': cancelled,
    });
  });
  after(async () => {
    try {
      await site.server.callsOver();
      assert.deepEqual(site.server.complaints(), []);
    } finally {
      await site.close();
    }
  });

  /** @returns the call, which is over, with nothing gone wrong on the way, and its id */
  const callAndLeave = async (
    context: TestContext,
    user: string,
    afterMs: number,
    transport: Transport = 'udp',
    say: readonly Utterance[] = toneUtterances(SAID.frequencies, SAID.toneMs),
  ): Promise<{ readonly sipp: Sipp; readonly callId: string }> => {
    const steps = [invite(), answered(), pause(afterMs), bye()];
    const { sipp } = await placeCall(context, site.server, steps, { transport, say, user });
    await assertScenarioHeld(sipp);
    const callId = await callIdOf(site, user);
    await assertCallOver(site, callId, 'remote');
    return { sipp, callId };
  };
  const recordingsOf = async (callId: string) =>
    (await site.server.recordings()).filter(({ call_id }) => call_id === callId);

  test('Who hangs up during the prompt leaves no recording and no callback', SKIP, async (context) => {
    const { callId } = await callAndLeave(context, 'prompt', 700);
    assert.deepEqual(await recordingsOf(callId), []);
    assert.deepEqual(statesOf(site, callId), []);
  });

  test(
    'Who hangs up during the beep leaves no sound, and is not announced as a message',
    SKIP,
    async (context) => {
      let left = 0;
      for (let attempt = 1; attempt <= 10 && left === 0; attempt++) {
        const { callId } = await callAndLeave(context, `beep~${attempt}`, 300);
        // On a busy machine the BYE may come when the beep is over already, or before it begins.
        const isBegun = site.server.log.some(
          ({ msg, call_id }) => msg === 'recording started' && call_id === callId,
        );
        const recordings = isBegun ? [] : await recordingsOf(callId);
        left = recordings.length;
        for (const recording of recordings) {
          assert.equal(recording.status, 'absent');
          assert.equal((await fetch(recording.url)).status, 404);
        }
      }
      assert.equal(left, 1);
    },
  );

  for (const transport of ['udp', 'tcp'] as const) {
    test(
      `Who hangs up during the recording leaves all that was said (${transport})`,
      SKIP,
      onTime(async (context, suffix) => {
        const { sipp, callId } = await callAndLeave(context, `said-${transport}${suffix}`, 3500, transport);
        const { wav } = await assertKept(site, callId, 'hangup');
        assert.equal((await recordingsOf(callId)).length, 1);
        assertUndisturbed(wav, assertRunOfTones(wav, SAID));
        assertLastedUntil(wav, sipp, 'BYE');
      }),
    );
  }

  test(
    'Who hangs up during the playback leaves the recording as it was',
    SKIP,
    onTime(async (context, suffix) => {
      const { callId } = await callAndLeave(context, `playback${suffix}`, 5000, 'udp', [
        ...toneUtterances(SAID.frequencies.slice(0, 2), SAID.toneMs),
        { kind: 'digit', digit: '#' },
      ]);
      const { wav } = await assertKept(site, callId, 'terminator');
      assert.equal((await recordingsOf(callId)).length, 1);
      const tones = assertRunOfTones(wav, SAID);
      assert.equal(tones.length, 2);
      assertUndisturbed(wav, tones);
      near(wav.durationMs, tones[1]!.endMs, 60, 'end of the file behind the last tone');
    }),
  );

  for (const transport of ['udp', 'tcp'] as const) {
    test(
      `Who cancels before the answer gets 487, and nothing is recorded (${transport})`,
      SKIP,
      async (context) => {
        const talker = await RtpTalker.open();
        context.after(() => talker.close());
        const sipp = await Sipp.start({
          server: site.server.address,
          transport,
          scenario: sippScenario([invite(), ringingThenCancel(300)]),
          rtpPorts: [talker.port],
          service: `cancelled-${transport}`,
        });
        context.after(() => sipp.dispose());
        await assertScenarioHeld(sipp);
        const callId = await callIdOf(site, `cancelled-${transport}`);
        await assertCallOver(site, callId, 'remote');
        assert.deepEqual(await recordingsOf(callId), []);
        assert.equal(talker.packetsHeard, 0);
      },
    );
  }
});
