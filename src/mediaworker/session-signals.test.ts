import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goertzelPower } from '../media/goertzel.ts';
import { speechLike } from '../media/test-signals.ts';
import { decodePcma, encodePcmu } from '../media/g711.ts';
import { parseRtcp } from '../rtp/rtcp.ts';
import { EVENT_PAYLOAD_TYPE, noiseCode } from './peer.test-helper.ts';
import type { IdleMedia } from './protocol.ts';
import { find, keysOf, openRig, openTalk } from './session.test-helper.ts';

test('a caller from whom no packet ever comes is no input after the initial timeout', async (t) => {
  const rig = await openRig(t);
  rig.record('r', { initialTimeoutMs: 4000, endSilenceTimeoutMs: 2000 });
  await rig.clock.advance(3900);
  assert.equal(rig.hasEnded('r'), false);
  await rig.clock.advance(200);
  const { state, endedBy, durationMs } = rig.outcome('r');
  assert.deepEqual([state, endedBy, durationMs], ['no_input', 'no_speech', 4000]);
  await rig.close();
});

test('silence behind speech ends the recording after its timeout', async (t) => {
  const rig = await openRig(t);
  const speech = new Uint8Array(16_000);
  encodePcmu(speechLike(16_000, -20), 0, 16_000, speech, 0);
  rig.peer.content = (n) => (n >= 8000 && n < 24_000 ? speech[n - 8000]! : 0xff);
  rig.peer.start(rig.port);
  await rig.clock.advance(500);
  rig.record('r', { initialTimeoutMs: 4000, endSilenceTimeoutMs: 1000 });
  await rig.clock.advance(6000);
  const { state, endedBy, durationMs } = rig.outcome('r');
  assert.deepEqual([state, endedBy], ['finished', 'silence']);
  // Half a second before the speech, two of speech, one of silence; what starts it lies up to 60 ms back.
  assert.ok(durationMs > 3400 && durationMs < 3700, `${durationMs}`);
  await rig.close();
});

test('keys are sent as telephone-events, each with one start and three ends', async (t) => {
  const rig = await openRig(t);
  rig.send({ type: 'sendDigits', sendId: 'd', digits: '1w#' });
  await rig.clock.advance(3000);
  const keys = rig.peer.heard.filter(({ payloadType }) => payloadType === EVENT_PAYLOAD_TYPE);
  const starts = keys.filter(({ marker }) => marker);
  assert.deepEqual(
    starts.map(({ payload }) => payload[0]),
    [1, 11],
  );
  for (const { timestamp } of starts) {
    const press = keys.filter((packet) => packet.timestamp === timestamp);
    assert.equal(press.filter(({ payload }) => (payload[1]! & 0x80) !== 0).length, 3);
  }
  assert.ok(starts[1]!.atMs - starts[0]!.atMs >= 660);
  const sequences = rig.peer.heard.map(({ sequence }) => sequence);
  assert.ok(sequences.every((value, i) => i === 0 || value === ((sequences[i - 1]! + 1) & 0xffff)));
  assert.equal(rig.events.filter(({ type }) => type === 'digitsSent').length, 1);
  await rig.close();
});

test('a party without telephone-event gets the keys as tones', async (t) => {
  const rig = await openRig(t);
  rig.configure({ telephoneEventPayloadType: undefined });
  rig.send({ type: 'sendDigits', sendId: 'd', digits: '5' });
  await rig.clock.advance(1000);
  assert.equal(rig.events.filter(({ type }) => type === 'digitsSent').length, 1);
  const heard = rig.peer.audio();
  const first = heard.findIndex((sample) => sample !== 0);
  const sounding = heard.findLastIndex((sample) => sample !== 0) + 1 - first;
  assert.ok(Math.abs(sounding - 2000) <= 8, `${sounding} samples, not 250 ms`);
  const total = heard.subarray(first, first + 800).reduce((sum, sample) => sum + sample ** 2, 0) / 800;
  const key = [770, 1336].reduce((sum, hz) => sum + goertzelPower(heard, first, 800, hz, 8000), 0);
  assert.ok(key > 0.9 * total, `${key} of ${total}`);
  await rig.close();
});

test('keys that left as events do not come again as tones where the party has no telephone-event any more', async (t) => {
  const rig = await openRig(t);
  rig.send({ type: 'sendDigits', sendId: 'd', digits: '1234' });
  // Two keys take 640 ms; the third one is down.
  await rig.clock.advance(720);
  rig.configure({ telephoneEventPayloadType: undefined });
  await rig.clock.advance(100);
  // What is tones stays tones.
  rig.configure();
  await rig.clock.advance(2000);
  const starts = rig.peer.heard.flatMap(({ payloadType, marker, payload }) =>
    payloadType === EVENT_PAYLOAD_TYPE && marker ? [payload[0]!] : [],
  );
  assert.deepEqual(starts, [1, 2, 3]);
  assert.equal(rig.events.filter(({ type }) => type === 'digitsSent').length, 1);
  const heard = rig.peer.audio();
  const powers = [697, 770, 1209, 1336, 1477].map((hz) => goertzelPower(heard, 0, heard.length, hz, 8000));
  const total = powers.reduce((sum, power) => sum + power, 0);
  assert.ok(powers[1]! + powers[2]! > 0.9 * total, `${powers.join()}: not a 4 alone`);
  await rig.close();
});

test('a sound waits while keys are sent, and loses nothing', async (t) => {
  const rig = await openRig(t);
  const sound = rig.peer.said(0, 8000);
  rig.send({ type: 'play', playId: 'p', sounds: [{ kind: 'stream', streamId: 1 }], gainDb: 0 });
  rig.send({ type: 'feed', streamId: 1, samples: sound, end: true });
  await rig.clock.advance(500);
  rig.send({ type: 'sendDigits', sendId: 'd', digits: '9' });
  await rig.clock.advance(2000);
  const heard = rig.peer.heard.filter(
    ({ payloadType, payload }) => payloadType === 0 && payload.some((c) => c !== 0xff),
  );
  assert.equal(heard.length, 50);
  await rig.close();
});

test('keys are sent to the one that is down when they are stopped, and those that wait not at all', async (t) => {
  const rig = await openRig(t);
  const sent = (): string[] =>
    rig.events.flatMap((event) => (event.type === 'digitsSent' ? [event.sendId] : []));
  const keys = (): number[] =>
    rig.peer.heard.flatMap(({ payloadType, marker, payload }) =>
      payloadType === EVENT_PAYLOAD_TYPE && marker ? [payload[0]!] : [],
    );
  rig.send({ type: 'sendDigits', sendId: 'first', digits: '12WW3' });
  rig.send({ type: 'sendDigits', sendId: 'waits', digits: '4' });
  rig.send({ type: 'sendDigits', sendId: 'pauses', digits: 'WWWW5' });
  rig.send({ type: 'sendDigits', sendId: 'last', digits: '6' });
  await rig.clock.advance(400);
  rig.send({ type: 'stopDigits', sendId: 'waits' });
  rig.send({ type: 'stopDigits', sendId: 'first' });
  await rig.clock.advance(600);
  assert.deepEqual(
    [sent(), keys()],
    [
      ['waits', 'first'],
      [1, 2],
    ],
  );
  rig.send({ type: 'stopDigits', sendId: 'pauses' });
  rig.send({ type: 'stopDigits', sendId: 'unknown' });
  await rig.clock.advance(1000);
  assert.deepEqual(
    [sent(), keys()],
    [
      ['waits', 'first', 'pauses', 'last'],
      [1, 2, 6],
    ],
  );
  const ends = rig.peer.heard.filter(
    ({ payloadType, payload }) => payloadType === EVENT_PAYLOAD_TYPE && (payload[1]! & 0x80) !== 0,
  );
  assert.equal(ends.length, 9);
  await rig.close();
});

test('of keys for a party on hold, two hundred wait and the others are told as not sent', async (t) => {
  const rig = await openRig(t);
  rig.configure({ direction: 'inactive' });
  for (let n = 0; n < 203; n++) rig.send({ type: 'sendDigits', sendId: `d${n}`, digits: '1' });
  await rig.clock.advance(1000);
  const sent = rig.events.flatMap((event) =>
    event.type === 'digitsSent' ? [`${event.sendId}: ${event.error}`] : [],
  );
  assert.deepEqual(
    sent,
    ['d200', 'd201', 'd202'].map((id) => `${id}: 200 others wait to be sent`),
  );
  await rig.close();
});

test('what is no key is reported as not sent, and the session lives on', async (t) => {
  const rig = await openRig(t);
  rig.send({ type: 'sendDigits', sendId: 'd', digits: '1x' });
  await rig.clock.advance(100);
  assert.equal(rig.events.at(-1)?.type, 'digitsSent');
  await rig.close();
});

test('what a party may send beside what was agreed on is heard, audio and keys', async (t) => {
  const rig = await openRig(t);
  rig.configure({
    telephoneEventPayloadType: 96,
    otherEvents: [{ payloadType: EVENT_PAYLOAD_TYPE, clockRate: 8_000 }],
    otherFormats: [{ codec: 'PCMA', payloadType: 8 }],
  });
  rig.peer.start(rig.port);
  await rig.clock.advance(500);
  rig.record('r');
  await rig.clock.advance(500);
  const { position } = rig.peer;
  rig.peer.payloadType = 8;
  await rig.clock.advance(1000);
  rig.peer.press('5');
  await rig.clock.advance(500);
  rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
  await rig.clock.advance(500);
  const said = new Int16Array(4000);
  decodePcma(
    Uint8Array.from({ length: 4000 }, (_, i) => noiseCode(position + i)),
    0,
    4000,
    said,
    0,
  );
  assert.ok(find(rig.wav('r')[0]!, said) > 0);
  assert.deepEqual(
    rig.events.flatMap((event) => (event.type === 'digit' ? [event.digit] : [])),
    ['5'],
  );
  await rig.close();
});

test('keys beside audio of another clock than what was agreed on first are told, each once (RFC 4733 2.1)', async (t) => {
  const rig = await openRig(t, { agreed: false });
  const agree = (): void =>
    rig.configure({
      codec: 'OPUS',
      payloadType: 111,
      telephoneEventPayloadType: 110,
      telephoneEventClockRate: 48_000,
      otherFormats: [{ codec: 'PCMU', payloadType: 0 }],
      otherEvents: [{ payloadType: EVENT_PAYLOAD_TYPE, clockRate: 8_000 }],
    });
  agree();
  rig.peer.start(rig.port);
  await rig.clock.advance(500);
  rig.peer.press('5');
  await rig.clock.advance(500);
  assert.deepEqual(keysOf(rig), ['5 rfc4733']);
  // A key that is down while these keys become the first ones, and others again, stays one.
  rig.peer.press('7', 300);
  await rig.clock.advance(100);
  rig.configure();
  await rig.clock.advance(100);
  agree();
  await rig.clock.advance(500);
  assert.deepEqual(keysOf(rig), ['5 rfc4733', '7 rfc4733']);
  await rig.close();
});

test('packets of a third party do not get into the recording', async (t) => {
  const rig = await openRig(t);
  const intruder = await rig.newPeer('10.6.6.6', 0xbad);
  rig.peer.start(rig.port);
  await rig.clock.advance(500);
  intruder.content = () => 0x80;
  intruder.start(rig.port);
  rig.record('r', { terminators: '#' });
  await rig.clock.advance(2000);
  intruder.press('#');
  await rig.clock.advance(1000);
  assert.equal(rig.hasEnded('r'), false);
  rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
  await rig.clock.advance(100);
  const [file] = rig.wav('r');
  assert.notEqual(find(rig.peer.said(0, 40_000), file!), -1);
  assert.equal(intruder.heard.length, 0);
  await rig.close();
});

test('a party behind NAT is heard, and answered where its packets come from', async (t) => {
  const rig = await openRig(t);
  const moved = await rig.newPeer('192.0.2.7', 0x1234);
  moved.start(rig.port);
  await rig.clock.advance(1000);
  rig.record('r');
  await rig.clock.advance(1000);
  rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
  await rig.clock.advance(100);
  assert.notEqual(find(moved.said(0, 16_000), rig.wav('r')[0]!), -1);
  assert.ok(moved.heard.length > 50);
  await rig.close();
});

test('each packet time asked for is kept, without a gap between packets', async (t) => {
  for (const ptimeMs of [10, 20, 30, 60]) {
    const rig = await openRig(t);
    rig.configure({ ptimeMs });
    const sound = rig.peer.said(0, 4800);
    rig.send({ type: 'play', playId: 'p', sounds: [{ kind: 'stream', streamId: 1 }], gainDb: 0 });
    rig.send({ type: 'feed', streamId: 1, samples: sound, end: true });
    await rig.clock.advance(1200);
    const { heard } = rig.peer;
    assert.ok(heard.length >= Math.floor(1100 / ptimeMs), `${heard.length} packets of ${ptimeMs} ms`);
    for (const [i, packet] of heard.entries()) {
      assert.equal(packet.payload.length, ptimeMs * 8);
      const before = heard[i - 1];
      if (before !== undefined) assert.equal((packet.timestamp - before.timestamp) >>> 0, ptimeMs * 8);
    }
    assert.notEqual(find(rig.peer.audio(), sound), -1);
    await rig.close();
  }
});

test('while nothing plays, the session sends silence, a sign of life each 15 s, or nothing', async (t) => {
  const count = async (idle: IdleMedia): Promise<number> => {
    const rig = await openRig(t, { idle });
    await rig.clock.advance(31_000);
    const { length } = rig.peer.heard;
    await rig.close();
    return length;
  };
  const silence = await count('silence');
  assert.ok(silence >= 1548 && silence <= 1550, `${silence}`);
  assert.equal(await count({ keepaliveSeconds: 15 }), 2);
  assert.equal(await count('none'), 0);
});

test('RTCP reports what was sent and received, and says goodbye at the end', async (t) => {
  const rig = await openTalk(t, 20_000);
  const reports = rig.peer.reports.map((bytes) => {
    const report = parseRtcp(bytes);
    return typeof report === 'string' ? assert.fail(report) : report;
  });
  assert.ok(reports.length >= 2 && reports.length <= 10, `${reports.length} reports in 20 s`);
  const last = reports.at(-1)!.reports[0]!;
  assert.equal(last.ssrc, rig.peer.heard[0]!.ssrc);
  assert.ok(last.sender !== undefined);
  assert.deepEqual(
    last.blocks.map(({ ssrc, fractionLost }) => [ssrc, fractionLost]),
    [[0xabcdef01, 0]],
  );
  rig.send({ type: 'close', cause: 'hangup' });
  await rig.clock.advance(100);
  const bye = parseRtcp(rig.peer.reports.at(-1)!);
  assert.ok(typeof bye !== 'string');
  assert.deepEqual(bye.byes, [last.ssrc]);
  await rig.close();
});

test('RTCP tells the jitter by the clock of the codec, whatever the rate of the session', async (t) => {
  for (const [codec, payloadType] of [
    ['PCMU', 0],
    ['G722', 9],
  ] as const) {
    const rig = await openRig(t, { agreed: false });
    rig.configure({ codec, payloadType });
    rig.peer.payloadType = payloadType;
    // Each other packet comes 10 ms late, which are 80 units of a clock of 8000 Hz.
    rig.peer.fate = (index) => [index % 2 === 0 ? 0 : 10];
    rig.peer.start(rig.port);
    await rig.clock.advance(20_000);
    const report = parseRtcp(rig.peer.reports.at(-1)!);
    assert.ok(typeof report !== 'string');
    const { jitter } = report.reports[0]!.blocks[0]!;
    assert.ok(Math.abs(jitter - 80) <= 2, `${codec}: ${jitter}`);
    await rig.close();
  }
});

test('closing twice is closing once, `closed` comes last, and its figures are those of the stream', async (t) => {
  const rig = await openRig(t);
  rig.peer.start(rig.port);
  rig.peer.fate = (index) => (index % 10 === 5 ? [] : index % 10 === 7 ? [0, 1] : [0]);
  await rig.clock.advance(1010);
  rig.record('r');
  rig.send({ type: 'play', playId: 'p', sounds: [{ kind: 'silence', durationMs: 60_000 }], gainDb: 0 });
  await rig.clock.advance(1000);
  rig.send({ type: 'close', cause: 'hangup' });
  rig.send({ type: 'close', cause: 'error' });
  rig.send({ type: 'record', spec: {} as never });
  await rig.clock.advance(100);
  assert.deepEqual(
    rig.events.slice(-4).map(({ type }) => type),
    ['soundStarted', 'playEnded', 'recordEnded', 'closed'],
  );
  assert.equal(rig.outcome('r').endedBy, 'hangup');
  const closed = rig.events.at(-1);
  assert.ok(closed?.type === 'closed');
  const { packetsReceived, packetsLost, packetsDuplicated, packetsSent, packetsLate } = closed.statistics;
  assert.deepEqual([packetsReceived, packetsLost, packetsDuplicated, packetsLate], [90, 10, 10, 0]);
  assert.equal(packetsSent, rig.peer.heard.length);
  await rig.close();
});
