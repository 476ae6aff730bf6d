/** The machine takes the processor away from the server for a while, as busy machines do. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';

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

const SAID = { frequencies: testFrequencies(8, 525), toneMs: 500 };
const STANDSTILL_MS = 700;

test(
  'Packets that wait in the socket while the server stands still are in the recording, all of them',
  {
    skip: skipWithout('sipp'),
  },
  onTime(async (context) => {
    const site = await startSite(context, (status_url) => [{ record: { ...UNTIL_ENDED, status_url } }]);
    const call = await placeCall(context, site.server, [invite(), answered(), awaitBye()], {
      say: [...toneUtterances(SAID.frequencies, SAID.toneMs), { kind: 'digit', digit: '#' }],
    });
    let sippOver = false;
    void call.sipp.ended.then(() => {
      sippOver = true;
    });
    const { pid } = site.server;
    await site.callbacks.waitForState('recording');
    await wait(1000);
    // By a process of its own that goes before others: a standstill that is much longer may lose packets.
    const standstill = spawnProgram(
      'sh',
      ['-c', `kill -STOP ${pid}; sleep ${STANDSTILL_MS / 1000}; kill -CONT ${pid}`],
      {
        stdio: 'ignore',
      },
    );
    preferProcess(standstill.pid!);
    await once(standstill, 'exit');
    assert.equal(sippOver, false, 'the server stood still within the call');
    await assertScenarioHeld(call.sipp);
    const { wav } = await assertOneRecording(site, 'terminator');
    const tones = assertRunOfTones(wav, SAID);
    assert.equal(tones.at(-1)!.frequencyHz, SAID.frequencies.at(-1));
    assertUndisturbed(wav, tones);
  }),
);
