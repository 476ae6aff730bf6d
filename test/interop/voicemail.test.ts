/** The voicemail example, called by phones that are not ours, over both transports. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite, type TestContext, test } from 'node:test';

import { testFrequencies, writeToneWav } from '../support/audio-files.ts';
import { Baresip } from '../support/baresip.ts';
import { assertScenarioHeld, placeCall, voiceUtterances } from '../support/interop.ts';
import { onTime } from '../support/on-time.ts';
import { skipWithout } from '../support/programs.ts';
import { EACH_CORE, ServerProcess } from '../support/server-process.ts';
import { answered, awaitBye, invite } from '../support/sipp-scenario.ts';
import { assertHeardAgain, assertRunOfTones, assertUndisturbed, near } from '../support/tone-assertions.ts';
import { findTones } from '../support/tone-finder.ts';

/** Said like speech: bursts with pauses, so that a voice detector hears a voice. */
const SAID = { frequencies: testFrequencies(20, 525), toneMs: 700, pauseMs: 300 };
/** As much of it as SIPp's caller says. */
const MESSAGE = SAID.frequencies.slice(0, 5);
/** What this phone holds back before it sounds (jitter buffer and audio buffer), and throws away at a BYE. */
const PHONE_BUFFERS_MS = 400;
const EXAMPLE = readFileSync(new URL('../../examples/voicemail.yaml', import.meta.url), 'utf8');

async function startVoicemail(context: TestContext): Promise<ServerProcess> {
  const server = await ServerProcess.start({ document: EXAMPLE, env: EACH_CORE });
  context.after(() => server.dispose());
  return server;
}

/** Resolves when the message is being recorded; the beep is over then. */
async function recordingRuns(server: ServerProcess): Promise<void> {
  const giveUp = performance.now() + 60_000;
  while ((await server.recordings())[0]?.status !== 'in-progress') {
    assert.ok(performance.now() < giveUp, `no recording\n${server.logText()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The message as it was stored, checked against what was said. */
async function storedTones(server: ServerProcess) {
  const recordings = await server.recordings();
  assert.deepEqual(
    recordings.map(({ status }) => status),
    ['completed'],
  );
  const wav = await server.download(recordings[0]!.url);
  const tones = assertRunOfTones(wav, SAID);
  assertUndisturbed(wav, tones);
  return { wav, tones };
}

suite('The voicemail example', { concurrency: 4 }, () => {
  for (const transport of ['udp', 'tcp'] as const) {
    test(
      `SIPp over ${transport} leaves a message, hears it played back, and is hung up on`,
      {
        skip: skipWithout('sipp'),
      },
      onTime(async (context) => {
        const server = await startVoicemail(context);
        const call = await placeCall(context, server, [invite(), answered(), awaitBye()], { transport });
        const message = call.talker.prepare([
          ...voiceUtterances(MESSAGE, SAID.toneMs, SAID.pauseMs),
          { kind: 'digit', digit: '#' },
        ]);
        await recordingRuns(server);
        await call.talker.talk(await call.sipp.media(), message);
        await assertScenarioHeld(call.sipp);
        const over = await server.waitForLog((line) => line['msg'] === 'call over');
        assert.deepEqual([over['by'], over['reason']], ['local', 'hangup']);
        const { wav, tones } = await storedTones(server);
        assert.deepEqual(
          tones.map(({ frequencyHz }) => frequencyHz),
          MESSAGE,
        );

        // What came back at the end is the message itself.
        const heard = call.talker.heard();
        const returned = findTones(heard, { frequencies: SAID.frequencies });
        const { again } = assertHeardAgain(returned, tones);
        near(
          again.at(-1)!.endMs - again[0]!.startMs,
          tones.at(-1)!.endMs - tones.at(-again.length)!.startMs,
          20,
          `length of the playback of ${wav.durationMs} ms`,
        );
      }),
    );

    test(`baresip over ${transport} leaves a message, hears it played back, and is hung up on`, {
      skip: skipWithout('baresip'),
    }, async (context) => {
      const folder = mkdtempSync(path.join(tmpdir(), 'openswml-speech-'));
      context.after(() => rmSync(folder, { recursive: true }));
      const speech = path.join(folder, 'speech.wav');
      const sounds = SAID.frequencies.flatMap((frequencyHz) => [
        { frequencyHz, durationMs: SAID.toneMs, voice: true },
        { frequencyHz: 0, durationMs: SAID.pauseMs },
      ]);
      // Long enough for the whole call: baresip does not begin again.
      writeToneWav(speech, [...sounds, { frequencyHz: 0, durationMs: 60_000 }]);
      const server = await startVoicemail(context);
      const phone = await Baresip.start({ speech, transport });
      context.after(() => phone.dispose());
      phone.dial(server.address);
      await phone.established();
      await recordingRuns(server);
      await new Promise((resolve) => setTimeout(resolve, 4000));
      phone.press('#');
      await phone.closed(60_000);
      const { wav, tones } = await storedTones(server);
      const heardWhole = tones.filter((tone) => tone.startMs < wav.durationMs - PHONE_BUFFERS_MS);
      const returned = findTones(phone.heard(), { frequencies: SAID.frequencies });
      // A tone that began in the last moment may be heard or not.
      const ofTheLastMoment = tones.slice(heardWhole.length).map((tone) => tone.frequencyHz);
      if (ofTheLastMoment.includes(returned.at(-1)!.frequencyHz)) returned.pop();
      assert.deepEqual(
        returned.slice(-heardWhole.length).map((tone) => tone.frequencyHz),
        heardWhole.map((tone) => tone.frequencyHz),
      );
    });
  }
});
