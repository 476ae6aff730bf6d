import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodePcma } from '../media/g711.ts';
import { goertzelPower } from '../media/goertzel.ts';
import { meanSquare, rmsDbfs } from '../media/level.ts';
import { sine } from '../media/test-signals.ts';
import { encodePcmu } from '../media/g711.ts';
import { parseRtp, RtpHeader } from '../rtp/packet.ts';
import { decoded, OUR_ADDRESS } from './peer.test-helper.ts';
import type { CopySpec, StreamCodec } from './protocol.ts';
import { find, openRig, openTalk, type Rig } from './session.test-helper.ts';
import { createStreamDecoder } from './stream-codecs.ts';

const SPEC: CopySpec = { take: 'said', codec: 'PCMU', sampleRate: 8000, ptimeMs: 20 };
const RECEIVER = '10.0.0.77';

interface Packet {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Uint8Array;
}

async function receiver(rig: Rig) {
  const socket = await rig.network.open(RECEIVER);
  const packets: Packet[] = [];
  const senders = new Set<string>();
  const header = new RtpHeader();
  socket.onPacket = (bytes, address, port) => {
    senders.add(`${address}:${port}`);
    assert.equal(parseRtp(bytes, header), 'ok');
    const { payloadType, marker, sequence, timestamp, ssrc, payloadOffset } = header;
    packets.push({ payloadType, marker, sequence, timestamp, ssrc, payload: bytes.slice(payloadOffset) });
  };
  return { socket, packets, senders, to: { address: RECEIVER, port: socket.rtpPort } };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Payloads of the packets that came as events. */
function copied(rig: Rig, copyId: string, track: 'said' | 'heard' = 'said'): Uint8Array[] {
  return rig.events.flatMap((event) =>
    event.type === 'copied' && event.copyId === copyId && event.track === track ? [event.payload] : [],
  );
}

function sounds(samples: Int16Array, frequency: number, rate = 8000): boolean {
  const power = goertzelPower(samples, 0, samples.length, frequency, rate);
  return power > 0.05 * meanSquare(samples, 0, samples.length);
}

/** Lets the party say a tone, and hear another one. */
function tones(rig: Rig, said: number, heard: number): void {
  const codes = new Uint8Array(80_000);
  encodePcmu(sine(80_000, said, -20), 0, codes.length, codes, 0);
  rig.peer.content = (n) => codes[n]!;
  rig.peer.start(rig.port);
  rig.send({ type: 'play', playId: 'p', sounds: [{ kind: 'stream', streamId: 1 }], gainDb: 0 });
  rig.send({ type: 'feed', streamId: 1, samples: sine(80_000, heard, -20), end: true });
}

test('RTP is one continuous stream: same SSRC, timestamps by packet time, a marker on the first packet alone', async (t) => {
  for (const [codec, ptimeMs] of [
    ['PCMU', 20],
    ['PCMA', 10],
    ['PCMU', 120],
  ] as const) {
    const rig = await openRig(t);
    const { packets, senders, to, socket } = await receiver(rig);
    rig.peer.start(rig.port);
    await rig.clock.advance(500);
    rig.send({ type: 'copy', copyId: 'c', spec: { ...SPEC, codec, ptimeMs, rtp: to } });
    await rig.clock.advance(2000);
    const started = rig.events.find(({ type }) => type === 'copyStarted');
    assert.ok(started?.type === 'copyStarted');
    assert.deepEqual([...senders], [`${OUR_ADDRESS}:${started.rtpPort}`]);
    const samples = ptimeMs * 8;
    const [first] = packets;
    assert.ok(Math.abs(packets.length - 2000 / ptimeMs) <= 3, `${packets.length} packets`);
    for (const [index, packet] of packets.entries()) {
      assert.equal(packet.payloadType, codec === 'PCMU' ? 0 : 8);
      assert.equal(packet.marker, index === 0);
      assert.equal(packet.ssrc, first!.ssrc);
      assert.equal(packet.sequence, (first!.sequence + index) & 0xffff);
      assert.equal(packet.timestamp, (first!.timestamp + index * samples) >>> 0);
      assert.equal(packet.payload.length, samples);
    }
    const codes = joined(packets.map(({ payload }) => payload));
    if (codec === 'PCMU') {
      assert.notEqual(find(rig.peer.said(0, 24_000), decoded(codes).subarray(0, 8000)), -1);
    } else {
      const pcm = new Int16Array(codes.length);
      decodePcma(codes, 0, codes.length, pcm, 0);
      assert.ok(pcm.some((sample) => sample !== 0));
    }
    rig.send({ type: 'stopCopy', copyId: 'c' });
    await rig.clock.advance(20);
    const sent = packets.length;
    const ended = rig.events.find(({ type }) => type === 'copyEnded');
    assert.ok(ended?.type === 'copyEnded' && ended.packets === sent && ended.error === undefined);
    await rig.clock.advance(500);
    assert.equal(packets.length, sent);
    socket.close();
    await rig.close();
  }
});

test('what the party says and hears goes out alone, mixed, or apart, as it is asked for', async (t) => {
  const rig = await openRig(t);
  tones(rig, 500, 1300);
  await rig.clock.advance(500);
  for (const take of ['said', 'heard', 'mixed', 'apart'] as const) {
    rig.send({ type: 'copy', copyId: take, spec: { ...SPEC, take } });
  }
  await rig.clock.advance(2000);
  const audio = (copyId: string, track?: 'said' | 'heard'): Int16Array =>
    decoded(joined(copied(rig, copyId, track)));
  const found = (['said', 'heard', 'mixed'] as const).map((id) => {
    const track = id === 'heard' ? 'heard' : 'said';
    return [500, 1300].map((frequency) => sounds(audio(id, track), frequency));
  });
  assert.deepEqual(found, [
    [true, false],
    [false, true],
    [true, true],
  ]);
  assert.deepEqual(copied(rig, 'apart', 'said'), copied(rig, 'said'));
  assert.deepEqual(copied(rig, 'apart', 'heard'), copied(rig, 'heard', 'heard'));
  assert.equal(copied(rig, 'apart', 'heard').length, copied(rig, 'apart', 'said').length);
  await rig.close();
});

test('each codec carries the tone at its own rate and packet time', async (t) => {
  const rig = await openRig(t);
  tones(rig, 700, 1300);
  await rig.clock.advance(500);
  const codecs: readonly (readonly [StreamCodec, number, number])[] = [
    ['PCMA', 8000, 20],
    ['G722', 16_000, 20],
    ['L16', 8000, 10],
    ['L16', 16_000, 20],
    ['L16', 24_000, 40],
    ['OPUS', 48_000, 20],
  ];
  for (const [codec, sampleRate, ptimeMs] of codecs) {
    rig.send({
      type: 'copy',
      copyId: `${codec}@${sampleRate}`,
      spec: { take: 'said', codec, sampleRate, ptimeMs },
    });
  }
  await rig.clock.advance(2000);
  for (const [codec, sampleRate, ptimeMs] of codecs) {
    const payloads = copied(rig, `${codec}@${sampleRate}`);
    assert.ok(Math.abs(payloads.length - 2000 / ptimeMs) <= 3, `${codec}: ${payloads.length} packets`);
    const decoder = createStreamDecoder(codec);
    // A decoder of Opus is there a moment after it is asked for.
    await new Promise((resolve) => setImmediate(resolve));
    const pcm = new Int16Array(3 * sampleRate);
    let count = 0;
    for (const payload of payloads) count += decoder.decode(payload, 0, payload.length, pcm.subarray(count));
    decoder.close();
    const expected = (payloads.length * ptimeMs * sampleRate) / 1000;
    assert.equal(count, expected, `${codec}: ${count} samples`);
    assert.ok(sounds(pcm.subarray(sampleRate / 4, count), 700, sampleRate), `${codec}@${sampleRate}`);
  }
  await rig.close();
});

test('the end of the session ends copies, the last of them with a part of a packet', async (t) => {
  const rig = await openTalk(t, 500);
  rig.send({ type: 'copy', copyId: 'c', spec: { ...SPEC, ptimeMs: 120 } });
  await rig.clock.advance(1000);
  await rig.close();
  const types = rig.events.map(({ type }) => type);
  assert.deepEqual(types.slice(-2), ['copyEnded', 'closed']);
  const payloads = copied(rig, 'c');
  assert.ok(payloads.slice(0, -1).every(({ length }) => length === 960));
  assert.notEqual(find(rig.peer.said(0, 24_000), decoded(joined(payloads))), -1);
});

test('a copy that is stopped before its port is open never sends, and its end is told once', async (t) => {
  const rig = await openRig(t);
  const { packets, to, socket } = await receiver(rig);
  rig.send({ type: 'copy', copyId: 'c', spec: { ...SPEC, rtp: to } });
  rig.send({ type: 'stopCopy', copyId: 'c' });
  await rig.clock.advance(500);
  assert.equal(packets.length, 0);
  const ended = rig.events.filter(({ type }) => type === 'copyEnded');
  assert.equal(ended.length, 1);
  socket.close();
  await rig.close();
});

test('injected sound is heard by the party and copied as heard; marks and drops are told', async (t) => {
  const rig = await openRig(t);
  rig.peer.start(rig.port);
  rig.send({ type: 'inject', injectId: 'i', spec: { codec: 'L16', sampleRate: 16_000, realtime: false } });
  rig.send({ type: 'copy', copyId: 'c', spec: { ...SPEC, take: 'heard' } });
  const tone = sine(16_000, 900, -20, 16_000);
  const bytes = new Uint8Array(tone.buffer);
  // Cut in the middle of a sample, as a sender may.
  for (let at = 0; at < bytes.length; at += 641) {
    rig.send({ type: 'injectAudio', injectId: 'i', payload: bytes.subarray(at, at + 641) });
  }
  rig.send({ type: 'injectMark', injectId: 'i', name: 'end' });
  await rig.clock.advance(900);
  assert.equal(
    rig.events.some(({ type }) => type === 'injectedMark'),
    false,
  );
  await rig.clock.advance(400);
  assert.deepEqual(
    rig.events.flatMap((event) => (event.type === 'injectedMark' ? [event.name] : [])),
    ['end'],
  );
  const heard = rig.peer.audio();
  const from = heard.findIndex((sample) => sample !== 0);
  const to = heard.findLastIndex((sample) => sample !== 0);
  assert.ok(Math.abs(to - from - 8000) < 160, `${to - from} samples`);
  assert.ok(sounds(heard.subarray(from, to), 900));
  assert.ok(sounds(decoded(joined(copied(rig, 'c', 'heard'))), 900));
  rig.send({ type: 'inject', injectId: 'r', spec: { codec: 'PCMU', sampleRate: 8000, realtime: true } });
  rig.send({ type: 'injectAudio', injectId: 'r', payload: new Uint8Array(24_000) });
  await rig.clock.advance(20);
  const dropped = rig.events.find(({ type }) => type === 'injectDropped');
  assert.ok(dropped?.type === 'injectDropped' && dropped.samples > 0);
  rig.send({ type: 'stopInject', injectId: 'r' });
  await rig.close();
});

test('behind clear, injected sound begins with a whole sample, and with nothing of what was broken off', async (t) => {
  const rig = await openRig(t);
  rig.peer.start(rig.port);
  rig.send({ type: 'inject', injectId: 'i', spec: { codec: 'L16', sampleRate: 16_000, realtime: false } });
  const tone = new Uint8Array(sine(8000, 900, -20, 16_000).buffer);
  rig.send({ type: 'injectAudio', injectId: 'i', payload: tone.subarray(0, 641) });
  rig.send({ type: 'clearInjected', injectId: 'i' });
  rig.send({ type: 'injectAudio', injectId: 'i', payload: new Uint8Array(6400) });
  await rig.clock.advance(500);
  const silent = rig.peer.audio();
  assert.ok(silent.length > 0 && silent.every((sample) => sample === 0));
  rig.send({ type: 'injectAudio', injectId: 'i', payload: tone });
  await rig.clock.advance(1000);
  const heard = rig.peer.audio();
  const from = heard.findIndex((sample) => sample !== 0);
  const level = rmsDbfs(heard, from + 200, 3000);
  assert.ok(Math.abs(level + 20) < 1, `${level} dBFS`);
  await rig.close();
});
