/** Keys, holds, and networks that lose, swap and double packets. */
import assert from 'node:assert/strict';
import { after, before, suite, type TestContext, test } from 'node:test';

import { testFrequencies } from '../support/audio-files.ts';
import {
  assertLastedUntil,
  assertScenarioHeld,
  placeCall,
  toneUtterances,
  UNTIL_ENDED,
} from '../support/interop.ts';
import {
  assertKept,
  callIdOf,
  type KeptRecording,
  type LiveSite,
  openLiveSite,
  statesOf,
} from '../support/live-site.ts';
import { onTime } from '../support/on-time.ts';
import { skipWithout } from '../support/programs.ts';
import { impairment } from '../support/rtp-talker.ts';
import {
  answered,
  awaitBye,
  bye,
  infoDigit,
  invite,
  pause,
  reinvite,
  type SippStep,
} from '../support/sipp-scenario.ts';
import {
  assertGapsAreLosses,
  assertRunOfTones,
  assertUndisturbed,
  near,
} from '../support/tone-assertions.ts';

const SAID = { frequencies: testFrequencies(20, 525), toneMs: 1000 };
const SKIP = { skip: skipWithout('sipp') };

const recordOnly =
  (more: object = {}) =>
  (statusUrl: string) => [{ record: { ...UNTIL_ENDED, ...more, status_url: statusUrl } }];

suite('Keys, holds and bad networks', { concurrency: true }, () => {
  let site: LiveSite;
  before(async () => {
    const plain = ['PCMU', 'PCMA', 'info', 'swapped', 'lost', 'hold-udp', 'hold-tcp'];
    site = await openLiveSite({
      ...Object.fromEntries(plain.map((user) => [user, recordOnly()])),
      star: recordOnly({ terminators: '*' }),
      mute: (status_url) => [{ record: { initial_timeout: 2, status_url } }],
    });
  });
  after(() => site.close());

  const call = (
    context: TestContext,
    user: string,
    steps: readonly SippStep[],
    options: Parameters<typeof placeCall>[3] = {},
  ) => placeCall(context, site.server, steps, { ...options, user });
  const kept = async (user: string, endedBy: string): Promise<KeptRecording> =>
    assertKept(site, await callIdOf(site, user), endedBy);

  for (const law of ['PCMU', 'PCMA'] as const) {
    test(
      `# as RFC 4733 event ends the recording and is not in it (${law})`,
      SKIP,
      onTime(async (context, suffix) => {
        const sdp = { payloadTypes: [law === 'PCMU' ? 0 : 8] } as const;
        const { sipp } = await call(context, `${law}${suffix}`, [invite(sdp), answered(), awaitBye()], {
          say: [...toneUtterances(SAID.frequencies.slice(0, 4), 1000), { kind: 'digit', digit: '#' }],
          talk: { law },
        });
        await assertScenarioHeld(sipp);
        const { wav, ended } = await kept(`${law}${suffix}`, 'terminator');
        assert.equal(ended.params['terminator'], '#');
        const tones = assertRunOfTones(wav, SAID);
        assertUndisturbed(wav, tones);
        assert.equal(tones.at(-1)!.frequencyHz, SAID.frequencies[3]);
        near(tones.at(-1)!.endMs - tones.at(-1)!.startMs, 1000, 20, 'the last tone before the key');
        near(wav.durationMs, tones.at(-1)!.endMs, 60, 'end of the file behind the last tone');
      }),
    );
  }

  test(
    '# by SIP INFO ends the recording',
    SKIP,
    onTime(async (context, suffix) => {
      const steps = [invite({ telephoneEvent: false }), answered(), pause(2500), infoDigit('#'), awaitBye()];
      const { sipp } = await call(context, `info${suffix}`, steps, {
        say: toneUtterances(SAID.frequencies.slice(0, 6), 1000),
      });
      await assertScenarioHeld(sipp);
      const { wav, ended } = await kept(`info${suffix}`, 'terminator');
      assert.equal(ended.params['terminator'], '#');
      assertUndisturbed(wav, assertRunOfTones(wav, SAID));
      assertLastedUntil(wav, sipp, 'INFO');
    }),
  );

  test(
    'Keys that are no terminators do not end the recording',
    SKIP,
    onTime(async (context, suffix) => {
      const say = ['1', '#', '*'].flatMap((digit, index) => [
        ...toneUtterances([SAID.frequencies[index]!], 1000),
        { kind: 'digit', digit } as const,
      ]);
      const { sipp } = await call(context, `star${suffix}`, [invite(), answered(), awaitBye()], { say });
      await assertScenarioHeld(sipp);
      const { wav, ended } = await kept(`star${suffix}`, 'terminator');
      assert.equal(ended.params['terminator'], '*');
      // Each key that does not end it leaves its 160 ms behind.
      assertRunOfTones(wav, { ...SAID, pauseMs: 160 });
    }),
  );

  test(
    'A caller who never sends a packet is recorded as silence until the silence is too long',
    SKIP,
    onTime(async (context, suffix) => {
      const { sipp } = await call(context, `mute${suffix}`, [invite(), answered(), awaitBye()]);
      await assertScenarioHeld(sipp);
      const callId = await callIdOf(site, `mute${suffix}`);
      const last = await site.callbacks.waitFor(
        ({ params }) => params['state'] === 'no_input' && params['call_id'] === callId,
      );
      assert.deepEqual(statesOf(site, callId), ['recording', 'no_input']);
      near(Number(last.params['duration']), 2, 0.05, 'duration');
      const wav = await site.server.download(String(last.params['url']));
      near(wav.durationMs, Number(last.params['duration']) * 1000, 0.001, 'length of the file');
      assert.ok(
        wav.channels[0]!.every((sample) => sample === 0),
        'silence is recorded as silence',
      );
    }),
  );

  test(
    'Swapped and doubled packets are set right; not a click remains',
    SKIP,
    onTime(async (context, suffix) => {
      const { sipp } = await call(context, `swapped${suffix}`, [invite(), answered(), awaitBye()], {
        say: [...toneUtterances(SAID.frequencies.slice(0, 6), 1000), { kind: 'digit', digit: '#' }],
        talk: { fateOf: impairment({ swap: 0.05, duplicate: 0.05 }, 3) },
      });
      await assertScenarioHeld(sipp);
      const { wav } = await kept(`swapped${suffix}`, 'terminator');
      const tones = assertRunOfTones(wav, SAID);
      assertUndisturbed(wav, tones);
      assert.ok(tones.length > 1);
      assert.equal(tones.at(-1)!.frequencyHz, SAID.frequencies[5]);
    }),
  );

  test(
    'Six of a hundred packets lost: every gap is a loss, no longer than it, and time holds',
    SKIP,
    onTime(async (context, suffix) => {
      const faults = impairment({ drop: 0.06, swap: 0.02, duplicate: 0.02 }, 5);
      const { sipp, talked } = await call(context, `lost${suffix}`, [invite(), answered(), awaitBye()], {
        say: [...toneUtterances(SAID.frequencies.slice(0, 8), 1000), { kind: 'digit', digit: '#' }],
        // A tone's edges are not lost, so that their time can be told.
        talk: { fateOf: (packet) => (packet % 50 < 3 || packet % 50 > 46 ? 'send' : faults(packet)) },
      });
      const { droppedMs } = await talked;
      await assertScenarioHeld(sipp);
      const { wav } = await kept(`lost${suffix}`, 'terminator');
      const tones = assertRunOfTones(wav, SAID);
      // The second tone found has a true begin: its place on the speaker's timeline is known.
      const second = tones[1]!;
      const saidAt = SAID.frequencies.indexOf(second.frequencyHz) * SAID.toneMs;
      assertGapsAreLosses(wav, tones, droppedMs, saidAt - second.startMs);
    }),
  );

  for (const transport of ['udp', 'tcp'] as const) {
    test(
      `Hold and resume by re-INVITE: silence between, the tones at their time (${transport})`,
      SKIP,
      onTime(async (context, suffix) => {
        const steps = [
          invite(),
          answered(),
          pause(2000),
          reinvite({ direction: 'sendonly' }, 'recvonly'),
          pause(1500),
          reinvite({ direction: 'inactive' }, 'inactive'),
          pause(1000),
          reinvite({ direction: 'sendrecv' }, 'sendrecv'),
          pause(3000),
          bye(),
        ];
        const { sipp } = await call(context, `hold-${transport}${suffix}`, steps, {
          transport,
          say: [
            ...toneUtterances(SAID.frequencies.slice(0, 3), 1000),
            { kind: 'nothing', durationMs: 2600 },
            ...toneUtterances(SAID.frequencies.slice(3, 8), 1000),
          ],
        });
        await assertScenarioHeld(sipp);
        const { wav } = await kept(`hold-${transport}${suffix}`, 'hangup');
        const before = assertRunOfTones(wav, { ...SAID, frequencies: SAID.frequencies.slice(0, 3) });
        const after = assertRunOfTones(wav, { ...SAID, frequencies: SAID.frequencies.slice(3) });
        assertUndisturbed(wav, [...before, ...after]);
        near(after[0]!.startMs - before.at(-1)!.endMs, 2600, 40, 'the pause');
      }),
    );
  }
});
