/**
 * Documents that are fetched by POST for each call, and phones that leave, hold and end by every means: many
 * different calls at once on one server.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after, before, describe, type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';

import { testFrequencies, writeToneWav } from '../support/audio-files.ts';
import {
  assertScenarioHeld,
  placeCall,
  toneUtterances,
  UNTIL_ENDED,
  voiceUtterances,
} from '../support/interop.ts';
import {
  assertCallOver,
  assertKept,
  callIdOf,
  dialByBaresip,
  type LiveSite,
  logged,
  type MainSteps,
  openLiveSite,
  statesOf,
} from '../support/live-site.ts';
import { skipWithout } from '../support/programs.ts';
import { impairment } from '../support/rtp-talker.ts';
import { answered, awaitBye, infoDigit, invite, pause } from '../support/sipp-scenario.ts';
import {
  assertGapsAreLosses,
  assertHeardAgain,
  assertRunOfTones,
  assertUndisturbed,
  near,
} from '../support/tone-assertions.ts';
import { findTones } from '../support/tone-finder.ts';

/** Bursts with pauses, as speech is. */
const SPOKEN = { frequencies: testFrequencies(20, 525), toneMs: 700, pauseMs: 300 };
const STEADY = { frequencies: testFrequencies(8, 525), toneMs: 500 };
/** Nothing is said before the recording runs. */
const LEAD_MS = 500;
/** Packets at either end of a tone that always arrive, so that its edges can be found. */
const EDGE_PACKETS = 2;
const TONE_PACKETS = STEADY.toneMs / 20;

/** As the voicemail example. */
const voicemail: MainSteps = (status_url) => [
  { play: { url: 'say:Please leave a message.' } },
  { record: { beep: true, end_silence_timeout: 3, status_url } },
  { play: { url: 'say:Recording ${record_result}.' } },
  { play: { url: '${record_url}' } },
];
const recordOnly: MainSteps = (status_url) => [{ record: { ...UNTIL_ENDED, status_url } }];
const promptThenRecord: MainSteps = (status_url) => [
  { play: { url: 'say:This prompt is longer than the patience of the caller, who leaves in its middle.' } },
  { record: { ...UNTIL_ENDED, status_url } },
];

describe('Calls of every kind at once, documents by POST', { concurrency: 4 }, () => {
  let site: LiveSite;
  let folder: string;
  let speech: string;

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'openswml-phones-'));
    speech = path.join(folder, 'speech.wav');
    const tones = SPOKEN.frequencies.flatMap((frequencyHz) => [
      { frequencyHz, durationMs: SPOKEN.toneMs, voice: true },
      { frequencyHz: 0, durationMs: SPOKEN.pauseMs },
    ]);
    writeToneWav(speech, [...tones, { frequencyHz: 0, durationMs: 60_000 }]);
    site = await openLiveSite({
      silence: voicemail,
      // Rings in the place of a voice, which may have to be waited for on a busy machine.
      info: (status_url) => [{ play: 'ring:1:us' }, ...voicemail(status_url).slice(1)],
      impatient: promptThenRecord,
      leaving: recordOnly,
      listener: (status_url) => [
        { record: { ...UNTIL_ENDED, status_url } },
        { play: { urls: ['${record_url}', 'silence:60'] } },
      ],
      holding: recordOnly,
      clean: recordOnly,
      lossy: recordOnly,
    });
  });

  after(async () => {
    await site.close();
    rmSync(folder, { recursive: true });
  });

  /** What was asked for the call, and that the answer was used. */
  function assertDocumentFetched(user: string, callId: string): void {
    const fetches = site.host.fetches.filter((fetch) => fetch.user === user);
    assert.equal(fetches.length, 1);
    assert.equal(fetches[0]!.method, 'POST');
    assert.match(fetches[0]!.contentType, /^application\/json/);
    assert.equal(fetches[0]!.call['call_id'], callId);
    assert.equal(fetches[0]!.call['direction'], 'inbound');
  }

  test('A message ends with three seconds of silence and is played back', {
    skip: skipWithout('sipp'),
  }, async (context) => {
    const call = await placeCall(context, site.server, [invite(), answered(), awaitBye()], {
      user: 'silence',
    });
    const said = voiceUtterances(SPOKEN.frequencies.slice(0, 4), SPOKEN.toneMs, SPOKEN.pauseMs);
    const message = call.talker.prepare(said);
    const callId = await callIdOf(site, 'silence');
    await logged(site, callId, 'recording started');
    await call.talker.talk(await call.sipp.media(), message);
    await assertScenarioHeld(call.sipp);
    await assertCallOver(site, callId, 'local');
    assertDocumentFetched('silence', callId);
    const { wav } = await assertKept(site, callId, 'silence');
    const tones = assertRunOfTones(wav, SPOKEN);
    assertUndisturbed(wav, tones);
    near(wav.durationMs - tones.at(-1)!.endMs, 3000, 250, 'silence at the end');
    const heard = findTones(call.talker.heard(), { frequencies: SPOKEN.frequencies });
    assertHeardAgain(heard, tones);
  });

  test('# by SIP INFO over TCP ends a message, which is played back', {
    skip: skipWithout('sipp'),
  }, async (context) => {
    const steps = [invite({ telephoneEvent: false }), answered(), pause(6000), infoDigit('#'), awaitBye()];
    const call = await placeCall(context, site.server, steps, {
      user: 'info',
      transport: 'tcp',
      say: voiceUtterances(SPOKEN.frequencies.slice(0, 12), SPOKEN.toneMs, SPOKEN.pauseMs),
    });
    const callId = await callIdOf(site, 'info');
    await assertScenarioHeld(call.sipp);
    await assertCallOver(site, callId, 'local');
    const { wav, ended } = await assertKept(site, callId, 'terminator');
    assert.equal(ended.params['terminator'], '#');
    const tones = assertRunOfTones(wav, SPOKEN);
    assertUndisturbed(wav, tones);
    // Of the first and the last there may be too little to be found again.
    const whole = tones.slice(1, -1).map(({ frequencyHz }) => frequencyHz);
    assert.ok(whole.length > 0, `${tones.length} tones in ${wav.durationMs} ms`);
    const heard = findTones(call.talker.heard(), { frequencies: SPOKEN.frequencies });
    const again = heard.map(({ frequencyHz }) => frequencyHz).join();
    assert.ok(again.includes(whole.join()), `${again} was heard of ${whole.join()}`);
  });

  const dial = (context: TestContext, user: string) => dialByBaresip(context, site.server, { speech, user });

  test('baresip leaves in the middle of the spoken prompt: nothing is recorded or announced', {
    skip: skipWithout('baresip'),
  }, async (context) => {
    const phone = await dial(context, 'impatient');
    const callId = await callIdOf(site, 'impatient');
    await logged(site, callId, 'step play');
    await wait(700);
    phone.hangup();
    await assertCallOver(site, callId, 'remote');
    assert.deepEqual(statesOf(site, callId), []);
    const messages = site.server.log.filter((line) => line['call_id'] === callId).map(({ msg }) => msg);
    assert.ok(!messages.includes('step record'), messages.join('\n'));
  });

  test('baresip leaves in the middle of its message: all that it said is kept', {
    skip: skipWithout('baresip'),
  }, async (context) => {
    const phone = await dial(context, 'leaving');
    const callId = await callIdOf(site, 'leaving');
    await logged(site, callId, 'recording started');
    await wait(2500);
    phone.hangup();
    await assertCallOver(site, callId, 'remote');
    const { wav } = await assertKept(site, callId, 'hangup');
    const tones = assertRunOfTones(wav, SPOKEN);
    assertUndisturbed(wav, tones);
    assert.ok(tones.length >= 2);
  });

  test('baresip ends its message with # and leaves during the playback: the message stays', {
    skip: skipWithout('baresip'),
  }, async (context) => {
    const phone = await dial(context, 'listener');
    const callId = await callIdOf(site, 'listener');
    await logged(site, callId, 'recording started');
    await wait(2500);
    phone.press('#');
    await logged(site, callId, 'step play');
    await wait(1000);
    phone.hangup();
    await assertCallOver(site, callId, 'remote');
    const { wav, ended } = await assertKept(site, callId, 'terminator');
    assert.equal(ended.params['terminator'], '#');
    assertUndisturbed(wav, assertRunOfTones(wav, SPOKEN));
  });

  test('baresip holds and takes the call back: what it says then is in the same recording', {
    skip: skipWithout('baresip'),
  }, async (context) => {
    const phone = await dial(context, 'holding');
    const callId = await callIdOf(site, 'holding');
    await logged(site, callId, 'recording started');
    await wait(1500);
    phone.hold();
    await logged(site, callId, 'the party changed the session', 1);
    await wait(1500);
    phone.resume();
    await logged(site, callId, 'the party changed the session', 2);
    await wait(2000);
    phone.hangup();
    await assertCallOver(site, callId, 'remote');
    const { wav } = await assertKept(site, callId, 'hangup');
    const said = findTones(wav, { frequencies: SPOKEN.frequencies }).map((tone) => tone.frequencyHz);
    assert.deepEqual(
      said,
      said.toSorted((a, b) => a - b),
      'in the order in which it was said',
    );
    assert.ok(said.length >= 3, `only ${said.join(', ')} Hz`);
  });

  const isEdge = (packet: number): boolean => {
    const place = packet % TONE_PACKETS;
    return place < EDGE_PACKETS || place >= TONE_PACKETS - EDGE_PACKETS;
  };

  for (const [user, share] of [
    ['clean', {}],
    ['lossy', { drop: 0.05, swap: 0.05, duplicate: 0.05 }],
  ] as const) {
    test(`Tones over a ${user} network are found in order, and last from first to last what they lasted`, {
      skip: skipWithout('sipp'),
    }, async (context) => {
      const impaired = impairment(share, 11);
      const steps = [invite({ payloadTypes: [8] }), answered(), awaitBye()];
      const call = await placeCall(context, site.server, steps, {
        user,
        say: [
          { kind: 'nothing', durationMs: LEAD_MS },
          ...toneUtterances(STEADY.frequencies, STEADY.toneMs),
          { kind: 'digit', digit: '#' },
        ],
        talk: { law: 'PCMA', fateOf: (packet) => (isEdge(packet) ? 'send' : impaired(packet)) },
      });
      const callId = await callIdOf(site, user);
      const { droppedMs } = await call.talked;
      await assertScenarioHeld(call.sipp);
      await assertCallOver(site, callId, 'local');
      const { wav } = await assertKept(site, callId, 'terminator');
      const tones = assertRunOfTones(wav, STEADY);
      assert.equal(tones.length, STEADY.frequencies.length);
      const total = STEADY.frequencies.length * STEADY.toneMs;
      near(tones.at(-1)!.endMs - tones[0]!.startMs, total, 20, 'length of all tones');
      near(wav.durationMs - tones.at(-1)!.endMs, 0, 60, 'what follows the last tone');
      if (user === 'clean') assertUndisturbed(wav, tones);
      else assert.ok(droppedMs.length > 0);
      assertGapsAreLosses(wav, tones, droppedMs, LEAD_MS - tones[0]!.startMs);
    });
  }
});
