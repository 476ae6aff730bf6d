/** The calling parties of the interop tests, proven against SIPp's own answering side with RTP echo. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';

import { testFrequencies, writeToneWav } from './audio-files.ts';
import { Baresip } from './baresip.ts';
import { skipWithout } from './programs.ts';
import { impairment, RtpTalker, type TalkOptions } from './rtp-talker.ts';
import { Sipp } from './sipp.ts';
import { type EchoingAnswerer, startEcho } from './sipp-echo.ts';
import { answered, bye, invite, pause, refused, sippScenario } from './sipp-scenario.ts';
import { findDisturbances, findTones } from './tone-finder.ts';

const TONES = testFrequencies(3, 525);

async function echo(context: TestContext, transport: 'udp' | 'tcp'): Promise<EchoingAnswerer> {
  const answerer = await startEcho(transport);
  context.after(() => answerer.stop());
  return answerer;
}

async function talker(context: TestContext): Promise<RtpTalker> {
  const party = await RtpTalker.open();
  context.after(() => party.close());
  return party;
}

async function talkToEcho(context: TestContext, transport: 'udp' | 'tcp', options: TalkOptions = {}) {
  const server = await echo(context, transport);
  const party = await talker(context);
  const speech = party.prepare(
    [
      ...TONES.slice(0, 2).map((frequencyHz) => ({ kind: 'tone', frequencyHz, durationMs: 400 }) as const),
      { kind: 'digit', digit: '#' },
      { kind: 'tone', frequencyHz: TONES[2]!, durationMs: 400 },
    ],
    options,
  );
  const scenario = sippScenario([invite(), answered(), pause(1500), bye()]);
  const sipp = await Sipp.start({ server, transport, scenario, rtpPorts: [party.port] });
  context.after(() => sipp.dispose());
  const remote = await sipp.media();
  const report = await party.talk(remote, speech);
  assert.deepEqual(await sipp.ended, { exitCode: 0, errors: '' });
  return { party, report, heard: party.heard() };
}

for (const transport of ['udp', 'tcp'] as const) {
  test(`SIPp signals over ${transport} while the talker says tones and a key, and hears their echo`, {
    skip: skipWithout('sipp'),
  }, async (context) => {
    const { party, heard } = await talkToEcho(context, transport);
    const tones = findTones(heard, { frequencies: TONES });
    assert.deepEqual(
      tones.map((tone) => tone.frequencyHz),
      TONES,
    );
    assert.deepEqual(party.digitsHeard, ['#']);
    assert.deepEqual(findDisturbances(heard, tones), []);
    // The key takes the place of 160 ms of sound.
    assert.ok(Math.abs(tones[2]!.startMs - tones[1]!.endMs - 160) < 4);
  });

  test(`baresip speaks a file over ${transport} and hears its echo`, {
    skip: skipWithout('sipp', 'baresip'),
  }, async (context) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'openswml-speech-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const speech = path.join(folder, 'speech.wav');
    writeToneWav(
      speech,
      TONES.map((frequencyHz) => ({ frequencyHz, durationMs: 600 })),
    );
    const server = await echo(context, transport);
    const phone = await Baresip.start({ speech, transport });
    context.after(() => phone.dispose());
    phone.dial(server);
    await phone.established();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    phone.hangup();
    await phone.closed();
    const tones = findTones(phone.heard(), { frequencies: TONES });
    assert.deepEqual(
      tones.slice(0, 2).map((tone) => tone.frequencyHz),
      TONES.slice(0, 2),
    );
  });
}

test('What the talker is told to drop is a gap at the place it reports; swapped and doubled packets are none', {
  skip: skipWithout('sipp'),
}, async (context) => {
  const fateOf = impairment({ drop: 0.05, swap: 0.05, duplicate: 0.05 }, 7);
  const { report, heard } = await talkToEcho(context, 'udp', { fateOf });
  assert.ok(report.droppedMs.length > 0);
  const gaps = findDisturbances(heard, findTones(heard, { frequencies: TONES }));
  for (const gap of gaps) {
    const middle = (gap.startMs + gap.endMs) / 2;
    assert.ok(
      report.droppedMs.some((at) => Math.abs(at + 10 - middle) < 25),
      `a gap at ${middle} ms that nobody dropped: ${report.droppedMs.join(', ')}`,
    );
  }
});

test('A call that goes otherwise than the scenario says is reported in words of SIPp', {
  skip: skipWithout('sipp'),
}, async (context) => {
  const server = await echo(context, 'udp');
  const scenario = sippScenario([invite(), refused(486)]);
  const sipp = await Sipp.start({ server, transport: 'udp', scenario, rtpPorts: [30_000], timeoutMs: 5000 });
  context.after(() => sipp.dispose());
  const result = await sipp.ended;
  assert.notEqual(result.exitCode, 0);
  assert.match(result.errors, /unexpected message/i);
  await assert.rejects(sipp.media(), /SIPp ended without media/);
});
