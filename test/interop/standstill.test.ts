/** The machine takes the processor away from the server for a while, as busy machines do. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import test, { type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';

import { openUring } from '../../src/rtp/uring/uring.test-helper.ts';
import { testFrequencies } from '../support/audio-files.ts';
import { spawnProgram } from '../support/child-processes.ts';
import {
  assertOneRecording,
  assertScenarioHeld,
  placeCall,
  startSite,
  toneUtterances,
  UNTIL_ENDED,
} from '../support/interop.ts';
import { preferProcess } from '../support/priority.ts';
import { onTime } from '../support/on-time.ts';
import { skipWithout } from '../support/programs.ts';
import { answered, awaitBye, invite } from '../support/sipp-scenario.ts';
import { assertRunOfTones, assertUndisturbed } from '../support/tone-assertions.ts';

const SAID = { frequencies: testFrequencies(16, 525), toneMs: 500 };
const uring = openUring();

// Without io_uring, the next frame may come before all has been read that waited in so long a standstill.
for (const ms of uring.refused === false ? [700, 3000] : [700]) {
  test(
    `Packets that wait in the socket while the server stands still for ${ms} ms are in the recording, all of them`,
    { skip: skipWithout('sipp') },
    onTime((context) => standStill(context, ms)),
  );
}

async function standStill(context: TestContext, ms: number): Promise<void> {
  const site = await startSite(context, (status_url) => [{ record: { ...UNTIL_ENDED, status_url } }]);
  const call = await placeCall(context, site.server, [invite(), answered(), awaitBye()], {
    say: [...toneUtterances(SAID.frequencies, SAID.toneMs), { kind: 'digit', digit: '#' }],
  });
  let isOver = false;
  void call.sipp.ended.then(() => {
    isOver = true;
  });
  const { pid } = site.server;
  await site.callbacks.waitForState('recording');
  await wait(1000);
  // By a process of its own that goes before others, so that it does not become a much longer one.
  const script = `kill -STOP ${pid}; sleep ${ms / 1000}; kill -CONT ${pid}`;
  const standstill = spawnProgram('sh', ['-c', script], { stdio: 'ignore' });
  preferProcess(standstill.pid!);
  await once(standstill, 'exit');
  assert.equal(isOver, false, 'the server stood still within the call');
  await assertScenarioHeld(call.sipp);
  const { wav } = await assertOneRecording(site, 'terminator');
  const tones = assertRunOfTones(wav, SAID);
  assert.equal(tones.at(-1)!.frequencyHz, SAID.frequencies.at(-1));
  assertUndisturbed(wav, tones);
}
