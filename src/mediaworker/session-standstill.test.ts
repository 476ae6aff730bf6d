import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { RecordSpec } from '../recording/types.ts';
import type { LateThreadIo } from './late-thread.test-helper.ts';
import { noise, throughMulaw } from './peer.test-helper.ts';
import { find, openRig, openTalk, type Rig } from './session.test-helper.ts';

/** Up to what the timeline keeps ahead of its head, with the playout delay. */
const STANDSTILLS_MS = [60, 200, 500, 900];
/** Longer than that: frames are made up for between packets. */
const LONGER_MS = [1300, 1700, 5000];

interface Recorded {
  readonly rig: Rig;
  /** The sample that was said when the recording was asked for. */
  readonly near: number;
}

/** A peer that has talked for two seconds into a recording. */
async function talking(t: TestContext, io: LateThreadIo, spec: Partial<RecordSpec> = {}): Promise<Recorded> {
  const rig = await openTalk(t, 1003, { lateThread: io });
  rig.record('r', spec);
  const near = rig.peer.position;
  await rig.clock.advance(2000);
  return { rig, near };
}

/** The sample that the file begins with; all of it must be what the peer said from there on. */
function beginning({ rig, near }: Recorded): number {
  const file = rig.wav('r')[0]!;
  const from = near - 1600 + find(rig.peer.said(near - 1600, 3200), file.subarray(0, 80));
  assert.deepEqual(file, rig.peer.said(from, file.length));
  return from;
}

/** A recording of both sides, and a sound that the party hears from its beginning on. */
function recordHearing(rig: Rig, recordingId: string, sound: Int16Array): void {
  rig.record(recordingId, { direction: 'both', stereo: true });
  rig.send({ type: 'play', playId: 'p', sounds: [{ kind: 'stream', streamId: 1 }], gainDb: 0 });
  rig.send({ type: 'feed', streamId: 1, samples: sound, end: true });
}

interface Heard {
  /** By how many samples the recording is behind the sound at a time, ms, since its beginning. @throws AssertionError where it is not the sound, in one piece */
  behind(atMs: number): number;
  /** Samples for which there was time, and none were sent. */
  readonly neverSent: number;
}

/** A recording of both sides of a party that hears a sound for 22 s; `work` is done after 7 s. */
async function hearing(t: TestContext, io: LateThreadIo, work: (rig: Rig) => Promise<void>): Promise<Heard> {
  const rig = await openRig(t, { lateThread: io });
  // So quiet that whatever seems wrong with its place is put right at once, ten seconds after the sound began.
  const sound = throughMulaw(noise(30 * 8000).map((sample) => sample / 100));
  rig.peer.start(rig.port);
  await rig.clock.advance(1003);
  recordHearing(rig, 'r', sound);
  await rig.clock.advance(7000);
  const since = { ms: rig.clock.monotonic(), sent: rig.peer.audio().length };
  await work(rig);
  await rig.clock.advance(15_000);
  const time = (rig.clock.monotonic() - since.ms) * 8;
  const neverSent = time - (rig.peer.audio().length - since.sent);
  rig.send({ type: 'close', cause: 'hangup' });
  await rig.clock.advance(100);
  const heard = rig.wav('r')[1]!;
  await rig.close();
  return {
    neverSent,
    behind: (atMs) => {
      const at = atMs * 8;
      const found = find(sound, heard.subarray(at, at + 800));
      assert.ok(found >= 0, `what is heard ${atMs} ms into the recording is not the sound, in one piece`);
      return at - found;
    },
  };
}

const AGAIN_AND_AGAIN: Readonly<Record<string, (rig: Rig) => Promise<void>>> = {
  'six times for 310 ms': async (rig) => {
    for (let n = 0; n < 6; n++) {
      await rig.standStill(310);
      await rig.clock.advance(1000);
    }
  },
  'for 900 ms and then a little, fifteen times': async (rig) => {
    await rig.standStill(900);
    for (let n = 0; n < 15; n++) {
      await rig.clock.advance(13);
      await rig.standStill(25 + (n % 11));
    }
  },
  'for half a second and then for 35 ms': async (rig) => {
    await rig.standStill(500);
    await rig.clock.advance(60);
    await rig.standStill(35);
  },
  'for up to 60 ms, thirty times': async (rig) => {
    for (let n = 0; n < 30; n++) {
      await rig.standStill(5 + ((n * 17) % 56));
      await rig.clock.advance(30);
    }
  },
};

for (const io of ['node', 'io_uring'] as const) {
  for (const [often, work] of Object.entries(AGAIN_AND_AGAIN))
    test(`${io}: what the party hears stays beside what it says where the thread stands still ${often}`, async (t) => {
      let took = 0;
      const { behind, neverSent } = await hearing(t, io, async (rig) => {
        const began = rig.clock.monotonic();
        await work(rig);
        took = rig.clock.monotonic() - began;
      });
      const before = behind(6500);
      for (let atMs = 7000 + took + 1000; atMs < 21_000 + took; atMs += 700) {
        const late = behind(atMs) - before;
        // To one frame; and what was sent is counted in whole ones.
        assert.ok(Math.abs(late - neverSent) <= 320, `${atMs} ms: ${late} of ${neverSent} samples`);
      }
    });

  test(`${io}: a standstill between two recordings of both sides moves nothing in the second one`, async (t) => {
    const behind: number[] = [];
    for (const ms of [0, 500]) {
      const rig = await openRig(t, { lateThread: io });
      const sound = throughMulaw(noise(8 * 8000));
      rig.peer.start(rig.port);
      await rig.clock.advance(1003);
      rig.record('first', { direction: 'both', stereo: true });
      await rig.clock.advance(1000);
      rig.send({ type: 'stopRecord', recordingId: 'first', cause: 'stop' });
      await rig.clock.advance(500);
      await rig.standStill(ms);
      await rig.clock.advance(2000);
      recordHearing(rig, 'second', sound);
      await rig.clock.advance(3000);
      rig.send({ type: 'close', cause: 'hangup' });
      await rig.clock.advance(100);
      behind.push(find(rig.wav('second')[1]!, sound.subarray(8000, 8800)));
      await rig.close();
    }
    assert.ok(Math.abs(behind[1]! - behind[0]!) <= 160, `${behind}`);
  });

  test(`${io}: a standstill between two sounds of a recording of both sides moves nothing in the second one`, async (t) => {
    const apart: number[] = [];
    for (const ms of [0, 60, 500, 1300]) {
      const rig = await openTalk(t, 1003, { lateThread: io });
      recordHearing(rig, 'r', noise(8000));
      await rig.clock.advance(3000);
      await rig.standStill(ms);
      await rig.clock.advance(3000 - ms);
      const second = throughMulaw(noise(8000, 300_000));
      rig.send({ type: 'play', playId: 'q', sounds: [{ kind: 'stream', streamId: 2 }], gainDb: 0 });
      rig.send({ type: 'feed', streamId: 2, samples: second, end: true });
      const saidThen = rig.peer.said(rig.peer.position, 160);
      await rig.clock.advance(3000);
      rig.send({ type: 'close', cause: 'hangup' });
      await rig.clock.advance(100);
      const [said, heard] = rig.wav('r');
      const at = find(heard!, second);
      assert.ok(at >= 0, 'the second sound is not whole');
      apart.push(at - find(said!, saidThen));
      await rig.close();
    }
    // Packets without a time of arrival count as late by the standstill, so the playout delay grows.
    const tolerance = io === 'node' ? 480 : 160;
    assert.ok(
      apart.every((samples) => Math.abs(samples - apart[0]!) <= tolerance),
      `${apart}`,
    );
  });

  test(`${io}: both sides of a call that is hung up in a standstill end together, with all that was said`, async (t) => {
    const recorded = await talking(t, io, { direction: 'both', stereo: true });
    const { rig } = recorded;
    await rig.standStill(400, async () => {
      await rig.clock.advance(394);
      rig.peer.stop();
      rig.send({ type: 'close', cause: 'hangup' });
    });
    await rig.clock.advance(100);
    const end = beginning(recorded) + rig.wav('r')[0]!.length;
    assert.equal(end, rig.peer.position);
    await rig.close();
  });

  for (const ms of [...STANDSTILLS_MS, ...LONGER_MS])
    test(`${io}: what the party heard before a standstill of ${ms} ms is kept if it hangs up in it`, async (t) => {
      const rig = await openRig(t, { lateThread: io });
      const sound = throughMulaw(noise(8 * 8000));
      rig.peer.start(rig.port);
      await rig.clock.advance(1003);
      recordHearing(rig, 'r', sound);
      const silent = rig.peer.audio().length;
      await rig.clock.advance(3000);
      const sent = rig.peer.audio().length - silent;
      await rig.standStill(ms, async () => {
        await rig.clock.advance(ms - 10);
        rig.peer.stop();
        rig.send({ type: 'close', cause: 'hangup' });
      });
      await rig.clock.advance(100);
      const heard = rig.wav('r')[1]!;
      const at = find(heard, sound.subarray(0, 80));
      let same = 0;
      while (same < sound.length && heard[at + same] === sound[same]) same++;
      assert.ok(same >= sent - 20 * 8, `${same / 8} ms of ${sent / 8} ms that it heard`);
      await rig.close();
    });

  for (const ms of STANDSTILLS_MS) {
    test(`${io}: a call that is answered ${ms} ms before its thread notices is recorded from its answer on`, async (t) => {
      const rig = await openRig(t, { lateThread: io, agreed: false });
      await rig.clock.advance(103);
      await rig.standStill(ms, async () => {
        rig.configure();
        rig.record('r');
        await rig.clock.advance(31);
        rig.peer.start(rig.port);
        await rig.clock.advance(ms - 33);
      });
      await rig.clock.advance(2042 - ms);
      rig.peer.stop();
      rig.send({ type: 'close', cause: 'hangup' });
      await rig.clock.advance(100);
      const file = rig.wav('r')[0]!;
      const talk = rig.peer.said(0, rig.peer.position);
      const at = find(file, talk.subarray(0, 160));
      assert.ok(at >= 0, 'its first words are missing');
      assert.deepEqual(file.subarray(at), talk);
      // Its first packet, 5 ms on the way; without times of arrival, it begins when the thread notices.
      const atMs = io === 'node' ? 20 : 31 + 20 + 5;
      assert.ok(Math.abs(at / 8 - atMs) <= 20, `${at / 8} of ${atMs} ms`);
      await rig.close();
    });
  }

  for (const ms of [...STANDSTILLS_MS, ...LONGER_MS]) {
    test(`${io}: a call that is hung up while its thread stands still for ${ms} ms is recorded to its end`, async (t) => {
      const recorded = await talking(t, io);
      const { rig } = recorded;
      await rig.standStill(ms, async () => {
        await rig.clock.advance(ms - 10);
        rig.peer.stop();
        await rig.clock.advance(6);
        rig.send({ type: 'close', cause: 'hangup' });
      });
      await rig.clock.advance(100);
      assert.equal(rig.outcome('r').endedBy, 'hangup');
      const end = beginning(recorded) + rig.wav('r')[0]!.length;
      assert.equal(end, rig.peer.position);
      await rig.close();
    });

    test(`${io}: a recording that is stopped after a standstill of ${ms} ms is as long as without it`, async (t) => {
      const recorded = await talking(t, io);
      const { rig } = recorded;
      await rig.standStill(ms, async () => {
        await rig.clock.advance(ms - 3);
        rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
      });
      await rig.clock.advance(100);
      beginning(recorded);
      const { durationMs } = rig.outcome('r');
      // Packets without a time of arrival count as late by the standstill, so the playout delay grows by two frames.
      const tolerance = io === 'node' ? 40 : 20;
      assert.ok(Math.abs(durationMs - 2000 - ms) <= tolerance, `${durationMs} of ${2000 + ms} ms`);
      await rig.close();
    });

    test(`${io}: a key that is pressed in a standstill of ${ms} ms ends the recording at its place`, async (t) => {
      const recorded = await talking(t, io, { terminators: '#' });
      const { rig } = recorded;
      let down = 0;
      await rig.standStill(ms, async () => {
        await rig.clock.advance(ms - 45);
        down = rig.peer.press('#');
      });
      await rig.clock.advance(2000);
      assert.equal(rig.outcome('r').endedBy, 'terminator');
      const end = beginning(recorded) + rig.wav('r')[0]!.length;
      assert.equal(end, down);
      await rig.close();
    });

    test(`${io}: what the party hears stays beside what it says behind a standstill of ${ms} ms, in one piece`, async (t) => {
      const { behind, neverSent } = await hearing(t, io, (rig) => rig.standStill(ms));
      const before = behind(6500);
      assert.equal(behind(6900), before);
      const after = behind(7000 + ms + 400);
      assert.ok(Math.abs(after - before - neverSent) <= 160, `${after - before} of ${neverSent} samples`);
      // Both sides stay together to one frame.
      for (let atMs = 7000 + ms + 400; atMs < 22_000 + ms; atMs += 700)
        assert.ok(
          Math.abs(behind(atMs) - after) <= 160,
          `${atMs} ms: ${behind(atMs)} in the place of ${after}`,
        );
    });

    test(`${io}: a standstill of ${ms} ms leaves no trace in a recording that goes on`, async (t) => {
      const recorded = await talking(t, io);
      const { rig } = recorded;
      await rig.standStill(ms);
      await rig.clock.advance(3000);
      rig.send({ type: 'close', cause: 'hangup' });
      await rig.clock.advance(100);
      beginning(recorded);
      await rig.close();
    });
  }
}

for (const io of ['node', 'io_uring', 'io_uring, late stamps'] as const) {
  for (const ms of [...STANDSTILLS_MS, ...LONGER_MS]) {
    test(`${io}: what is said in a standstill of ${ms} ms while both sides are recorded is kept, in its place`, async (t) => {
      const recorded = await talking(t, io, { direction: 'both', stereo: true });
      const { rig } = recorded;
      await rig.standStill(ms);
      await rig.clock.advance(3000);
      rig.send({ type: 'close', cause: 'hangup' });
      await rig.clock.advance(100);
      beginning(recorded);
      const [said, heard] = rig.wav('r');
      assert.equal(heard!.length, said!.length);
      await rig.close();
    });
  }
}

test('a key by SIP INFO that comes out of a standstill ends a recording of both sides behind what was said before it', async (t) => {
  const recorded = await talking(t, 'io_uring', { direction: 'both', stereo: true, terminators: '#' });
  const { rig } = recorded;
  await rig.standStill(1700, async () => {
    await rig.clock.advance(1690);
    rig.send({ type: 'digit', digit: '#', durationMs: 160 });
  });
  await rig.clock.advance(1000);
  assert.equal(rig.outcome('r').endedBy, 'terminator');
  const { durationMs } = rig.outcome('r');
  assert.ok(Math.abs(durationMs - 3700) <= 60, `${durationMs} ms`);
  beginning(recorded);
  await rig.close();
});

test('a pause that is asked for at the end of a standstill cuts nothing of what was said in it', async (t) => {
  const recorded = await talking(t, 'io_uring', { direction: 'both', stereo: true });
  const { rig } = recorded;
  await rig.standStill(1700, async () => {
    await rig.clock.advance(1690);
    rig.send({ type: 'pauseRecord', recordingId: 'r', behavior: 'skip' });
  });
  await rig.clock.advance(1000);
  rig.send({ type: 'close', cause: 'hangup' });
  await rig.clock.advance(100);
  const { durationMs } = rig.outcome('r');
  assert.ok(Math.abs(durationMs - 3700) <= 60, `${durationMs} ms`);
  beginning(recorded);
  await rig.close();
});

test('a recording that is asked for 300 ms behind an answer which its thread notices late begins there', async (t) => {
  const rig = await openRig(t, { lateThread: 'io_uring', agreed: false });
  await rig.clock.advance(103);
  let [askedMs, near] = [0, 0];
  await rig.standStill(900, async () => {
    rig.configure();
    rig.peer.start(rig.port);
    await rig.clock.advance(300);
    rig.record('r');
    [askedMs, near] = [rig.clock.now(), rig.peer.position];
    await rig.clock.advance(400);
    rig.send({ type: 'pauseRecord', recordingId: 'r', behavior: 'silence' });
    await rig.clock.advance(195);
  });
  rig.send({ type: 'resumeRecord', recordingId: 'r' });
  await rig.clock.advance(2000);
  rig.send({ type: 'close', cause: 'hangup' });
  await rig.clock.advance(100);
  const file = rig.wav('r')[0]!;
  const from = find(rig.peer.said(0, 8000), file.subarray(0, 80));
  assert.ok(from >= 0 && Math.abs(from - near) <= 800, `begins at ${from}, asked for at ${near}`);
  // A pause is heard of when the thread goes on.
  assert.deepEqual(file.subarray(0, 4000), rig.peer.said(from, 4000));
  const { startTimeMs, endTimeMs, durationMs } = rig.outcome('r');
  assert.ok(Math.abs(startTimeMs - askedMs) <= 20, `${startTimeMs} for ${askedMs}`);
  assert.ok(
    Math.abs(endTimeMs - startTimeMs - durationMs) <= 80,
    `${endTimeMs} - ${startTimeMs}, ${durationMs}`,
  );
  await rig.close();
});

test('what is heard from an answer on that its thread notices late lies beside what was said meanwhile', async (t) => {
  const rig = await openRig(t, { lateThread: 'io_uring', agreed: false });
  await rig.clock.advance(103);
  const sound = noise(8000);
  await rig.standStill(900, async () => {
    rig.configure();
    rig.record('r', { direction: 'both', stereo: true });
    rig.send({ type: 'play', playId: 'p', sounds: [{ kind: 'stream', streamId: 1 }], gainDb: 0 });
    rig.send({ type: 'feed', streamId: 1, samples: sound, end: true });
    rig.peer.start(rig.port);
    await rig.clock.advance(895);
  });
  const { position } = rig.peer;
  await rig.clock.advance(4000);
  rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
  await rig.clock.advance(100);
  const [said, heard] = rig.wav('r');
  const at = find(throughMulaw(heard!), throughMulaw(sound));
  assert.ok(at >= 0, 'the sound is not whole in the right channel');
  const apart = at - find(said!, rig.peer.said(0, 160)) - position;
  assert.ok(Math.abs(apart) <= 800, `${apart}`);
  await rig.close();
});

for (const first of ['timers', 'the command'])
  test(`a pause of one recording that is asked for in a standstill moves nothing in another, of both sides (first ${first})`, async (t) => {
    const pause = { type: 'pauseRecord', recordingId: 'p', behavior: 'skip' } as const;
    const { behind, neverSent } = await hearing(t, 'io_uring', async (rig) => {
      rig.record('p');
      await rig.standStill(400, async () => {
        await rig.clock.advance(first === 'timers' ? 390 : 400);
        if (first === 'timers') rig.send(pause);
        else rig.host.send({ ...pause, sessionId: 'session-1' });
      });
    });
    const before = behind(6500);
    for (const atMs of [8000, 12_000, 21_000]) {
      const late = behind(atMs) - before;
      assert.ok(Math.abs(late - neverSent) <= 320, `${atMs} ms: ${late} of ${neverSent} samples`);
    }
  });

test('a packet that waits for its successor when the call is hung up is in the recording', async (t) => {
  const rig = await openTalk(t, 1000);
  rig.record('r');
  await rig.clock.advance(1000);
  rig.peer.stop();
  await rig.clock.advance(500);
  const before = rig.peer.position;
  // A sender that leaves its pauses out of its timestamps: by itself the packet looks half a second late.
  const payload = Uint8Array.from({ length: 160 }, (_, i) => rig.peer.content(before + i));
  rig.peer.send(0, true, 50_000 + before, payload);
  await rig.clock.advance(20);
  rig.send({ type: 'close', cause: 'hangup' });
  await rig.clock.advance(100);
  const file = rig.wav('r')[0]!;
  assert.ok(find(file, rig.peer.said(before, 160)) >= 0, 'its samples are not in the file');
  await rig.close();
});

test('a key whose timestamp is far from all that was said counts as pressed now', async (t) => {
  for (const off of [-8_000, 8_000]) {
    const rig = await openTalk(t, 1000);
    rig.record('r', { terminators: '#' });
    await rig.clock.advance(1000);
    const event = Uint8Array.of(11, 10, 1, 64);
    rig.peer.send(101, true, 50_000 + rig.peer.position + off, event);
    await rig.clock.advance(100);
    const { endedBy, durationMs } = rig.outcome('r');
    assert.equal(endedBy, 'terminator');
    assert.ok(Math.abs(durationMs - 1000) <= 40, `${durationMs} ms`);
    rig.peer.stop();
    await rig.close();
  }
});

for (const io of ['node', 'io_uring'] as const) {
  for (const ms of STANDSTILLS_MS) {
    test(`${io}: a recording that is asked for before a standstill of ${ms} ms has what is said in it`, async (t) => {
      const rig = await openRig(t, { lateThread: io });
      await rig.clock.advance(1003);
      await rig.standStill(ms, async () => {
        rig.record('r');
        rig.peer.start(rig.port);
      });
      await rig.clock.advance(1000);
      rig.send({ type: 'close', cause: 'hangup' });
      await rig.clock.advance(100);
      assert.ok(find(rig.wav('r')[0]!, rig.peer.said(0, 4800)) >= 0, 'its beginning is missing');
      await rig.close();
    });
  }
}
