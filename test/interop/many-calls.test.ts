/** Fifty calls at once, each with a tone of its own: fifty whole files, and no tone in a wrong one. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { testFrequencies } from '../support/audio-files.ts';
import { assertScenarioHeld, startSite, UNTIL_ENDED } from '../support/interop.ts';
import { onTime } from '../support/on-time.ts';
import { skipWithout } from '../support/programs.ts';
import { RtpTalker } from '../support/rtp-talker.ts';
import { EACH_CORE } from '../support/server-process.ts';
import { Sipp } from '../support/sipp.ts';
import { answered, awaitBye, invite, sippScenario } from '../support/sipp-scenario.ts';
import { assertUndisturbed, near } from '../support/tone-assertions.ts';
import { describeTones, findTones } from '../support/tone-finder.ts';

const CALLS = 50;
const SPEAK_MS = 4000;
const FREQUENCIES = testFrequencies(CALLS);

test(
  'Fifty calls at once are fifty whole recordings, each of its own caller alone',
  {
    skip: skipWithout('sipp'),
  },
  onTime(async (context) => {
    const main = (status_url: string) => [{ record: { ...UNTIL_ENDED, status_url } }];
    const site = await startSite(context, main, { env: EACH_CORE });
    const talkers = await Promise.all(FREQUENCIES.map(() => RtpTalker.open()));
    context.after(() => Promise.all(talkers.map((talker) => talker.close())));
    const speeches = talkers.map((talker, call) => {
      const tone = { kind: 'tone', frequencyHz: FREQUENCIES[call]!, durationMs: SPEAK_MS } as const;
      return talker.prepare([tone, { kind: 'digit', digit: '#' }]);
    });
    const sipp = await Sipp.start({
      server: site.server.address,
      transport: 'udp',
      scenario: sippScenario([invite(), answered(), awaitBye()]),
      rtpPorts: talkers.map((talker) => talker.port),
      rate: 25,
    });
    context.after(() => sipp.dispose());
    await Promise.all(
      talkers.map(async (talker, call) => {
        const remote = await sipp.media(call);
        await talker.talk(remote, speeches[call]!);
      }),
    );
    await assertScenarioHeld(sipp);
    await site.callbacks.waitFor(
      () => site.callbacks.states().filter((state) => state === 'finished').length === CALLS,
    );

    const recordings = await site.server.recordings();
    assert.equal(recordings.length, CALLS);
    const heard: number[] = [];
    for (const { id, status, url } of recordings) {
      assert.equal(status, 'completed');
      assert.deepEqual(site.callbacks.states('calling.call.record', id), ['recording', 'finished']);
      const wav = await site.server.download(url);
      const tones = findTones(wav, { frequencies: FREQUENCIES });
      assert.equal(tones.length, 1, `one tone, not:\n${describeTones(tones)}`);
      near(tones[0]!.endMs - tones[0]!.startMs, SPEAK_MS, 20, `length of ${tones[0]!.frequencyHz} Hz`);
      assertUndisturbed(wav, tones);
      heard.push(tones[0]!.frequencyHz);
    }
    assert.deepEqual(
      heard.toSorted((a, b) => a - b),
      FREQUENCIES,
    );
  }),
);
