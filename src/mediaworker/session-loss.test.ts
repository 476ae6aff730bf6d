/** What is heard and recorded of a call that loses packets, on virtual time. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { encodePcmu } from '../media/g711.ts';
import { rmsDbfs } from '../media/level.ts';
import { seededRandom, speechLike } from '../media/test-signals.ts';
import { decoded } from './peer.test-helper.ts';
import { find, openRig, openTalk } from './session.test-helper.ts';

const PACKET = 160;
const SECONDS = 20;

interface Loss {
  readonly name: string;
  /** Share of packets that begin a loss, and how many are lost then. */
  readonly share: number;
  readonly burst: number;
  /** How much better than silence it has to be, dB. */
  readonly gainDb: number;
}

const LOSSES: readonly Loss[] = [
  { name: '1 %, one by one', share: 0.01, burst: 1, gainDb: 3 },
  { name: '3 %, one by one', share: 0.03, burst: 1, gainDb: 3 },
  { name: '10 %, one by one', share: 0.1, burst: 1, gainDb: 2 },
  { name: '5 %, two in a row', share: 0.025, burst: 2, gainDb: 0.5 },
  { name: '5 %, four in a row', share: 0.0125, burst: 4, gainDb: -0.5 },
];

interface Heard {
  /** What was said, and what of it came, silence for the rest: from the same sample on as the others. */
  readonly said: Int16Array;
  readonly came: readonly boolean[];
  readonly recorded: Int16Array;
  readonly heard: Int16Array;
  readonly missingSamples: number;
}

async function callWith(t: TestContext, loss: Loss, concealLoss = true): Promise<Heard> {
  const rig = await openRig(t, { concealLoss });
  const speech = speechLike((SECONDS + 4) * 8000, -20);
  const codes = new Uint8Array(speech.length);
  encodePcmu(speech, 0, speech.length, codes, 0);
  rig.peer.content = (n) => codes[n % codes.length]!;
  const random = seededRandom(3);
  let left = 0;
  const lost: boolean[] = [];
  rig.peer.fate = (index) => {
    if (left === 0 && index > 60 && random() < loss.share) left = loss.burst;
    lost[index] = left > 0;
    if (left > 0) left--;
    return lost[index] ? [] : [0];
  };
  rig.peer.start(rig.port);
  await rig.clock.advance(1000);
  rig.send({ type: 'listen', listenId: 'l' });
  rig.record('r');
  await rig.clock.advance(SECONDS * 1000);
  rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
  await rig.clock.settle();
  const recorded = rig.wav('r')[0]!;
  const pieces = rig.events.flatMap((event) => (event.type === 'heardAudio' ? [...event.samples] : []));
  const all = decoded(codes);
  const from = find(all, recorded.subarray(0, 400));
  assert.ok(from >= 0, 'the beginning is not what was said');
  await rig.close();
  return {
    said: all.slice(from, from + recorded.length),
    came: Array.from({ length: recorded.length }, (_, n) => !lost[Math.floor((from + n) / PACKET)]),
    recorded,
    heard: Int16Array.from(pieces).slice(0, recorded.length),
    missingSamples: rig.outcome('r').missingSamples,
  };
}

/** Signal against what is wrong, dB. */
function snrDb(truth: Int16Array, samples: Int16Array): number {
  let wrong = 0;
  let power = 0;
  for (let n = 0; n < samples.length; n++) {
    power += truth[n]! ** 2;
    wrong += (truth[n]! - samples[n]!) ** 2;
  }
  return 10 * Math.log10(power / wrong);
}

describe('loss', () => {
  for (const loss of LOSSES) {
    test(`${loss.name}: concealed in the file and for those who listen, every sample that came in its place`, async (t) => {
      const { said, came, recorded, heard, missingSamples } = await callWith(t, loss);
      const silent = said.map((sample, n) => (came[n] ? sample : 0));
      assert.equal(missingSamples, came.filter((here) => !here).length);
      for (const [name, samples] of [
        ['recorded', recorded],
        ['heard', heard],
      ] as const) {
        assert.ok(samples.length > (SECONDS - 0.2) * 8000);
        for (let n = 0; n < samples.length; n++) {
          if (came[n] && samples[n] !== said[n]) assert.fail(`${name}: sample ${n} came, and is changed`);
        }
        const better = snrDb(said, samples) - snrDb(said, silent.slice(0, samples.length));
        assert.ok(better >= loss.gainDb, `${name}: ${better.toFixed(1)} dB better than silence`);
        if (loss.burst > 1) continue;
        const gaps = (from: Int16Array): Int16Array => from.filter((_, n) => !came[n]);
        const change = rmsDbfs(gaps(samples)) - rmsDbfs(gaps(said.slice(0, samples.length)));
        assert.ok(change > -3 && change < 1.5, `${name}: ${change.toFixed(1)} dB of energy in the gaps`);
      }
    });
  }

  test('with concealment switched off what was lost is silent', async (t) => {
    const { said, came, recorded, heard } = await callWith(t, LOSSES[2]!, false);
    const silent = said.map((sample, n) => (came[n] ? sample : 0));
    assert.deepEqual(recorded, silent);
    assert.deepEqual(heard, silent.slice(0, heard.length));
  });

  test('a sender that pauses without a word is faded out for the ear, and silent in the file', async (t) => {
    const rig = await openTalk(t, 1000);
    rig.send({ type: 'listen', listenId: 'l' });
    rig.record('r');
    rig.record('early');
    await rig.clock.advance(1000);
    const end = rig.peer.position;
    rig.peer.stop();
    await rig.clock.advance(150);
    rig.send({ type: 'stopRecord', recordingId: 'early', cause: 'stop' });
    await rig.clock.advance(850);
    rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
    await rig.clock.settle();
    const file = rig.wav('r')[0]!;
    const from = find(rig.peer.said(0, end), file.subarray(0, 80));
    for (const each of [file, rig.wav('early')[0]!]) {
      assert.ok(each.length > end - from);
      assert.deepEqual(each.slice(end - from), new Int16Array(each.length - (end - from)), 'silent at once');
    }
    assert.equal(rig.outcome('r').missingSamples, 0);
    const heard = Int16Array.from(
      rig.events.flatMap((event) => (event.type === 'heardAudio' ? [...event.samples] : [])),
    );
    assert.ok(rmsDbfs(heard, end - from, 80) > -20, 'it goes on for a moment');
    assert.ok(heard.subarray(end - from + 480).every((sample) => sample === 0));
    await rig.close();
  });

  test('a packet that comes too late for the ear takes the place of what was made up for it in the file', async (t) => {
    const rig = await openRig(t);
    rig.peer.fate = (index) => (index === 100 ? [200] : [0]);
    rig.peer.start(rig.port);
    await rig.clock.advance(1000);
    rig.record('r');
    await rig.clock.advance(2000);
    rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
    await rig.clock.settle();
    const file = rig.wav('r')[0]!;
    const from = find(rig.peer.said(0, rig.peer.position), file.subarray(0, 80));
    assert.deepEqual(file, rig.peer.said(from, file.length));
    await rig.close();
  });

  for (const next of ['comfort noise', 'a key'] as const) {
    test(`a packet that is lost right before ${next} is concealed in the file, and counts as missing`, async (t) => {
      const rig = await openTalk(t, 1000);
      rig.record('r');
      await rig.clock.advance(1000);
      const at = rig.peer.position;
      rig.peer.fate = () => [];
      await rig.clock.advance(20);
      rig.peer.fate = () => [0];
      if (next === 'a key') rig.peer.press('5', 200);
      else rig.peer.pausing = true;
      await rig.clock.advance(400);
      rig.peer.pausing = false;
      await rig.clock.advance(1000);
      rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
      await rig.clock.settle();
      assert.equal(rig.outcome('r').missingSamples, 160);
      const file = rig.wav('r')[0]!;
      const from = find(rig.peer.said(0, at), file.subarray(0, 80));
      assert.ok(rmsDbfs(file, at - from, 160) > -30, 'it goes on for a moment');
      assert.ok(rmsDbfs(file, at - from + 160, 1600) < -60, 'what follows is silent, or noise');
      await rig.close();
    });
  }

  for (const heldMs of [200, 1500]) {
    test(`the last packet of a key of ${heldMs} ms, lost, is no audio: nothing is missing or made up`, async (t) => {
      const rig = await openTalk(t, 1000);
      rig.record('r');
      await rig.clock.advance(1000);
      const at = rig.peer.press('5', heldMs);
      let sent = 0;
      // One packet each 20 ms, and two repetitions of the last.
      const last = heldMs / 20 + 2;
      rig.peer.fate = () => (++sent === last ? [] : [0]);
      await rig.clock.advance(heldMs + 800);
      rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
      await rig.clock.settle();
      assert.equal(rig.outcome('r').missingSamples, 0);
      const file = rig.wav('r')[0]!;
      const from = find(rig.peer.said(0, at), file.subarray(0, 80));
      assert.deepEqual(file.slice(at - from, at - from + 8 * heldMs), new Int16Array(8 * heldMs));
      await rig.close();
    });
  }

  test('of the audio behind a key, what is lost is missing there', async (t) => {
    const rig = await openTalk(t, 1000);
    rig.record('r');
    await rig.clock.advance(1000);
    const at = rig.peer.press('5', 200);
    let sent = 0;
    rig.peer.fate = () => (++sent === 13 ? [] : [0]);
    await rig.clock.advance(1000);
    rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
    await rig.clock.settle();
    assert.equal(rig.outcome('r').missingSamples, 160);
    const file = rig.wav('r')[0]!;
    const from = find(rig.peer.said(0, at), file.subarray(0, 80));
    assert.deepEqual(file.slice(at - from, at - from + 1600), new Int16Array(1600));
    assert.ok(rmsDbfs(file, at - from + 1600, 160) > -30, 'it is made up from what follows');
    await rig.close();
  });

  test('nothing is made up where keys stand in the place of audio', async (t) => {
    const rig = await openTalk(t, 1000);
    rig.send({ type: 'listen', listenId: 'l' });
    await rig.clock.advance(1000);
    rig.peer.press('5', 200);
    await rig.clock.advance(1000);
    const heard = Int16Array.from(
      rig.events.flatMap((event) => (event.type === 'heardAudio' ? [...event.samples] : [])),
    );
    const silence = find(heard, new Int16Array(1600));
    assert.ok(silence > 0, 'all of the key is silent');
    await rig.close();
  });
});
