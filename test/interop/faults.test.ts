/** Disks that are full or read-only, and threads that die, under calls that go on. */
import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, test, type TestContext } from 'node:test';

import { testFrequencies } from '../support/audio-files.ts';
import { endWorker, inspectable } from '../support/inspector.ts';
import {
  assertScenarioHeld,
  type PlacedCall,
  placeCall,
  type Site,
  startSite,
  toneUtterances,
  UNTIL_ENDED,
} from '../support/interop.ts';
import { assertKept, callIdOf, logged, statesOf } from '../support/live-site.ts';
import { freePort } from '../support/ports.ts';
import { skipWithout } from '../support/programs.ts';
import type { Utterance } from '../support/rtp-talker.ts';
import { answered, awaitBye, invite } from '../support/sipp-scenario.ts';
import { remountDisk, skipWithoutMounts, withSmallDisk } from '../support/small-disk.ts';
import { assertRunOfTones, assertUndisturbed } from '../support/tone-assertions.ts';
import { until } from '../support/until.ts';

const SKIP = skipWithout('sipp');
const TONES = testFrequencies(4);
/** Says four tones of 500 ms, then `#`. */
const MESSAGE: readonly Utterance[] = [...toneUtterances(TONES, 500), { kind: 'digit', digit: '#' }];
const call = (context: TestContext, site: Site, user: string, say = MESSAGE): Promise<PlacedCall> =>
  placeCall(context, site.server, [invite(), answered(), awaitBye()], { user, say });

async function assertMessageKept(site: Site, user: string): Promise<void> {
  const callId = await callIdOf(site, user);
  const { wav } = await assertKept(site, callId, 'terminator');
  const tones = assertRunOfTones(wav, { frequencies: TONES, toneMs: 500 });
  assert.equal(tones.length, TONES.length);
  assertUndisturbed(wav, tones);
}

describe('A disk', () => {
  test('that fills up ends the recordings on it with an error, calls go on, and with room again so does all', {
    skip: SKIP || skipWithoutMounts(),
  }, async (context) => {
    const site = await startSite(
      context,
      (status_url) => [
        { record: { ...UNTIL_ENDED, status_url } },
        // The caller of a recording that failed is still there, and hears of it.
        { play: { url: 'ring:1:us' } },
      ],
      // Room for 4 s of narrow-band audio.
      { launcher: withSmallDisk('size=64k'), args: ['--limits-min-free-disk-mb', '0'] },
    );
    const long = toneUtterances(testFrequencies(14), 500);
    const [first, second] = await Promise.all([
      call(context, site, 'first', long),
      call(context, site, 'second', long),
    ]);
    for (const [user, placed] of [
      ['first', first],
      ['second', second],
    ] as const) {
      const callId = await callIdOf(site, user);
      await logged(site, callId, 'step play');
      const event = await site.callbacks.waitFor(
        ({ params }) => params['call_id'] === callId && params['state'] === 'error',
      );
      assert.match(String(event.params['error']), /disk is full: free space.*\(ENOSPC\)/);
      assert.deepEqual(statesOf(site, callId), ['recording', 'error']);
      await assertScenarioHeld(placed.sipp);
      assert.ok(placed.talker.packetsHeard > 0, 'the ringing behind the recording was heard');
      assert.equal((await logged(site, callId, 'call over'))['by'], 'local');
    }
    assert.deepEqual(
      (await site.server.recordings()).map(({ status }) => status),
      ['failed', 'failed'],
    );
    remountDisk(site.server, 'size=8m');
    await call(context, site, 'third');
    await assertMessageKept(site, 'third');
  });

  test('that is read-only fails each recording at its start with the cure; once writable, they work', {
    skip: SKIP || skipWithoutMounts(),
  }, async (context) => {
    const site = await startSite(context, (status_url) => [{ record: { ...UNTIL_ENDED, status_url } }], {
      launcher: withSmallDisk('size=8m'),
      args: ['--limits-min-free-disk-mb', '0'],
    });
    remountDisk(site.server, 'ro');
    const refused = await call(context, site, 'refused', []);
    const callId = await callIdOf(site, 'refused');
    await assertScenarioHeld(refused.sipp);
    const event = await site.callbacks.waitFor(
      ({ params }) => params['call_id'] === callId && params['state'] === 'error',
    );
    assert.match(String(event.params['error']), /read-only: mount it for writing \(EROFS\)/);
    // Whether its beginning was told first depends on which comes first, the first frame or the disk's answer.
    const told = statesOf(site, callId).filter((state) => state !== 'recording');
    assert.deepEqual(told, ['error']);
    assert.equal((await logged(site, callId, 'call over'))['by'], 'local');
    remountDisk(site.server, 'rw');
    await call(context, site, 'kept');
    await assertMessageKept(site, 'kept');
  });
});

test('A media thread that dies takes only its own calls: what they said is mended and reported, and others go on', {
  skip: SKIP,
}, async (context) => {
  const port = await freePort();
  const site = await startSite(context, (status_url) => [{ record: { ...UNTIL_ENDED, status_url } }], {
    env: { ...inspectable(port), OPENSWML_RTP_THREADS: '2' },
  });
  const frequencies = testFrequencies(24);
  const users = ['one', 'other'];
  const calls = await Promise.all(
    users.map((user) => call(context, site, user, toneUtterances(frequencies, 500))),
  );
  const ids = await Promise.all(users.map((user) => callIdOf(site, user)));
  await Promise.all(ids.map((id) => logged(site, id, 'recording started')));
  await until(() => {
    const sizes = partsBelow(path.join(site.server.dataFolder, 'recordings'));
    return sizes.length === users.length && sizes.every((size) => size >= 40_000);
  });
  await endWorker(port, 'worker-main.ts');
  const crashed = await site.callbacks.waitFor(({ params }) => params['ended_by'] === 'crash');
  const dead = ids.indexOf(String(crashed.params['call_id']));
  assert.ok(dead >= 0);
  assert.deepEqual(statesOf(site, ids[dead]!), ['recording', 'finished']);
  await calls[dead]!.talker.close();
  const mended = await site.server.download(String(crashed.params['url']));
  assertUndisturbed(mended, assertRunOfTones(mended, { frequencies, toneMs: 500 }));
  assert.ok(mended.durationMs > 1_500, `${mended.durationMs} ms are left`);
  assert.equal((await logged(site, ids[dead]!, 'call over'))['by'], 'local');
  // The other goes on: two seconds more of it are heard, and it ends as it should.
  const survivor = ids[1 - dead]!;
  const { params } = site.callbacks.received.find(
    (one) => one.params['call_id'] === survivor && one.params['state'] === 'recording',
  )!;
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  await site.server.command('calling.record.stop', survivor, { control_id: params['control_id'] });
  const { wav } = await assertKept(site, survivor, 'stop');
  await Promise.all(calls.map(({ sipp }) => assertScenarioHeld(sipp)));
  assertUndisturbed(wav, assertRunOfTones(wav, { frequencies, toneMs: 500 }));
  assert.ok(
    wav.durationMs > mended.durationMs + 1_500,
    `${wav.durationMs} ms beside ${mended.durationMs} ms`,
  );
});

/** Sizes of the recordings that are not finished, bytes. */
function partsBelow(folder: string): readonly number[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.part'))
    .map((name) => statSync(path.join(folder, name)).size);
}
