/** The judge of the soak: what it must not let pass. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { KindName } from '../../bench/soak/kinds.ts';
import { Ledger } from '../../bench/soak/ledger.ts';
import type { EndedCall } from '../../bench/soak/messages.ts';
import type { RecordingEnd } from '../../bench/soak/receivers.ts';
import { PACKET_SAMPLES, putPacket } from '../../bench/speech.ts';
import { decodePcmu } from '../../src/media/g711.ts';
import { wavHeader } from '../../src/media/wav-format.ts';

const PACKETS = 50;

function call(kind: KindName, changes: Partial<EndedCall> = {}): EndedCall {
  return {
    number: 7,
    kind,
    answerMs: 5,
    leadMs: 3,
    packetsSent: PACKETS,
    packetsReceived: 0,
    problem: undefined,
    worstLateMs: 1,
    ...changes,
  };
}

function finished(url: string | undefined, changes: Partial<RecordingEnd> = {}): RecordingEnd {
  return { caller: 7, state: 'finished', url, endedBy: 'hangup', error: undefined, ...changes };
}

/** Where a recording of `packets` of what a caller says can be fetched, with `tail` samples of silence behind them. */
function recordingOf(number: number, packets: number, tail = 0): string {
  const said = new Uint8Array(packets * PACKET_SAMPLES);
  for (let index = 0; index < packets; index++) putPacket(number, index, said, index * PACKET_SAMPLES);
  const samples = new Int16Array(said.length + tail);
  decodePcmu(said, 0, said.length, samples, 0);
  const bytes = new Uint8Array(samples.buffer);
  const file = Buffer.concat([wavHeader({ sampleRate: 8000, channels: 1 }, bytes.length), bytes]);
  return `data:audio/wav;base64,${file.toString('base64')}`;
}

async function judged(ended: EndedCall, recording: RecordingEnd): Promise<Ledger> {
  const ledger = new Ledger();
  ledger.callOver(ended);
  ledger.recordingOver(recording);
  await ledger.settle();
  assert.deepEqual(ledger.missing(), []);
  return ledger;
}

test('a call that is refused is a problem, whoever may end calls of its kind', () => {
  for (const kind of ['talk', 'press', 'silent', 'prompt', 'cancel'] as const) {
    const ledger = new Ledger();
    ledger.callOver(call(kind, { answerMs: undefined, problem: 'failed 503 Service Unavailable' }));
    assert.deepEqual(ledger.problems, [`call 7 (${kind}): failed 503 Service Unavailable`]);
    assert.equal(ledger.totals.wrong, 1);
  }
});

test('the server may end an answered call where its document comes to its end, and no other', () => {
  for (const [kind, wrong] of [
    ['silent', 0],
    ['prompt', 0],
    ['talk', 1],
    ['bridge', 1],
  ] as const) {
    const ledger = new Ledger();
    ledger.callOver(call(kind, { problem: 'bye' }));
    assert.equal(ledger.totals.wrong, wrong, kind);
  }
});

test('a recording of which no callback comes is missing, and only that of an answered call is awaited', () => {
  const ledger = new Ledger();
  ledger.callOver(call('talk'));
  ledger.callOver(call('cancel', { number: 8, answerMs: undefined }));
  ledger.callOver(call('prompt', { number: 9 }));
  assert.deepEqual(ledger.missing(), ['call 7 (talk): no callback of its recording']);
  assert.equal(ledger.totals.awaited, 1);
});

test('a recording that has what was said is right, to the sample; the callback may come first', async () => {
  const { totals, problems } = await judged(call('talk'), finished(recordingOf(7, PACKETS)));
  assert.deepEqual([totals.right, totals.exact, totals.wrong, problems], [1, 1, 0, []]);
  const ledger = new Ledger();
  ledger.recordingOver(finished(recordingOf(7, PACKETS)));
  ledger.callOver(call('talk'));
  await ledger.settle();
  assert.equal(ledger.totals.right, 1);
});

test('silence until the BYE was seen is told apart, and wrong from half a second on', async () => {
  const late = await judged(call('talk'), finished(recordingOf(7, PACKETS, 400 * 8)));
  assert.deepEqual([late.totals.right, late.totals.lateEnds, late.totals.wrong], [1, 1, 0]);
  const wrong = await judged(call('talk'), finished(recordingOf(7, PACKETS, 600 * 8)));
  assert.deepEqual([wrong.totals.right, wrong.totals.lateEnds, wrong.totals.wrong], [0, 0, 1]);
});

test('a recording of somebody else, a shorter one, none and one in another state are wrong', async () => {
  for (const [recording, reason] of [
    [finished(recordingOf(8, PACKETS)), /it has the mark of call 8$/],
    [finished(recordingOf(7, PACKETS - 2)), /ended by hangup: 960 ms of speech .*, 1000 ms were said/],
    [finished(undefined), /nothing was recorded$/],
    [finished('data:audio/wav;base64,UklGRg=='), /not a finished WAV file$/],
    [finished(undefined, { state: 'error', error: 'no room' }), /is error no room, not finished$/],
  ] as const) {
    const { totals, problems } = await judged(call('talk'), recording);
    assert.deepEqual([totals.right, totals.wrong, problems.length], [0, 1, 1], String(reason));
    assert.match(problems[0]!, reason);
  }
});

test('of a caller whose own packets left late nobody can tell, unless the recording is right', async () => {
  const late = { worstLateMs: 200 };
  const { totals } = await judged(call('talk', late), finished(recordingOf(7, PACKETS - 2)));
  assert.deepEqual([totals.right, totals.unjudged, totals.wrong], [0, 1, 0]);
  const right = await judged(call('talk', late), finished(recordingOf(7, PACKETS)));
  assert.deepEqual([right.totals.right, right.totals.unjudged], [1, 0]);
});
