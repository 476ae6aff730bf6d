import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../log/logger.ts';
import { G722Decoder, G722Encoder } from '../media/g722.ts';
import { RTP_HEADER_LENGTH, writeRtpHeader } from '../rtp/packet.ts';
import { G722Frames } from './g722-frames.ts';
import { ReceivePath } from './receive-path.ts';

const RATE = 16_000;
const PACKET = RATE / 50;
const OCTETS = PACKET / 2;
const SPEECH = voice(20 * RATE);
const PACKETS = SPEECH.length / PACKET;
const BYTES = new Uint8Array(SPEECH.length / 2);
new G722Encoder().encode(SPEECH, 0, SPEECH.length, BYTES, 0);
const INTACT = new Int16Array(SPEECH.length);
new G722Decoder().decode(BYTES, 0, BYTES.length, INTACT, 0);

/** Harmonics of a pitch that rises and falls between 110 and 150 Hz, as vowels have them, swelling with the syllables. */
function voice(count: number): Int16Array {
  let phase = 0;
  return Int16Array.from({ length: count }, (_, n) => {
    const seconds = n / RATE;
    phase += (2 * Math.PI * (130 + 20 * Math.sin(2 * Math.PI * 0.7 * seconds))) / RATE;
    let sum = 0;
    for (let harmonic = 1; harmonic <= 20; harmonic++)
      sum += Math.sin(harmonic * phase + harmonic ** 2) / (1 + Math.abs(harmonic - 5) / 2);
    return Math.round(2000 * sum * (0.6 + 0.4 * Math.sin(2 * Math.PI * 3 * seconds)));
  });
}

/** One packet of ten is lost; the error in the five behind it, as a share of what is to be heard there. */
function errorBehindLosses(tellsLoss: boolean): number {
  const frames = new G722Frames();
  const out = new Int16Array(PACKET);
  let error = 0;
  let power = 0;
  for (let packet = 0; packet < PACKETS; packet++) {
    const behind = packet % 10;
    if (packet > 10 && behind === 0) {
      if (tellsLoss) frames.lost(PACKET);
      continue;
    }
    frames.decode(BYTES, packet * OCTETS, (packet + 1) * OCTETS, out);
    if (packet < 10 || behind > 5) continue;
    for (let n = 0; n < PACKET; n++) {
      error += (out[n]! - INTACT[packet * PACKET + n]!) ** 2;
      power += INTACT[packet * PACKET + n]! ** 2;
    }
  }
  return error / power;
}

test('behind a loss the decoder is nearer to the sender when it is led over the gap', () => {
  const plain = errorBehindLosses(false);
  const led = errorBehindLosses(true);
  assert.ok(led < plain * 0.8, `${10 * Math.log10(plain / led)} dB`);
});

test('without a loss nothing is changed, and a loss too long to make up is left alone', () => {
  const frames = new G722Frames();
  const out = new Int16Array(PACKET);
  frames.lost(PACKET);
  for (let packet = 0; packet < 50; packet++) {
    frames.decode(BYTES, packet * OCTETS, (packet + 1) * OCTETS, out);
    assert.deepEqual(out, INTACT.subarray(packet * PACKET, (packet + 1) * PACKET));
  }
  const plain = new G722Decoder();
  const expected = new Int16Array(PACKET);
  plain.decode(BYTES, 0, 50 * OCTETS, new Int16Array(50 * PACKET), 0);
  frames.lost(RATE);
  frames.decode(BYTES, 70 * OCTETS, 71 * OCTETS, out);
  plain.decode(BYTES, 70 * OCTETS, 71 * OCTETS, expected, 0);
  assert.deepEqual(out, expected);
});

/** What stands on the timeline when packets come in this order; of a pause of the sender, with time missing. */
function received(
  order: readonly number[],
  conceal: boolean,
  skip: (packet: number) => number = () => 0,
): Int16Array {
  return arrived(order, conceal, skip).samples;
}

/** The same, with how many had come before. */
function arrived(
  order: readonly number[],
  conceal: boolean,
  skip: (packet: number) => number = () => 0,
): { readonly samples: Int16Array; readonly duplicated: number } {
  const path = new ReceivePath({
    sampleRate: RATE,
    startMs: 0,
    tickMs: 20,
    log: silentLogger,
    conceal,
    onKeyDown: () => {},
  });
  path.configure({
    codec: 'G722',
    payloadType: 9,
    ptimeMs: 20,
    direction: 'sendrecv',
    remoteAddress: '192.0.2.1',
    remotePort: 4000,
    remoteRtcpPort: 4001,
  } as Parameters<ReceivePath['configure']>[0]);
  const datagram = new Uint8Array(RTP_HEADER_LENGTH + OCTETS);
  for (const [at, packet] of order.entries()) {
    writeRtpHeader(datagram, 9, false, packet, packet * OCTETS + skip(packet), 7);
    datagram.set(BYTES.subarray(packet * OCTETS, (packet + 1) * OCTETS), RTP_HEADER_LENGTH);
    path.receive(datagram, '192.0.2.1', 4000, at * 20);
  }
  const samples = new Int16Array(path.timeline.receivedUntil);
  path.timeline.copyTo(samples, 0, 0, samples.length);
  path.close();
  return { samples, duplicated: path.timeline.statistics().duplicated };
}

test('a packet that comes twice is counted and decoded once, also behind another one', () => {
  const inOrder = Array.from({ length: 30 }, (_, packet) => packet);
  const twice = [...inOrder.slice(0, 14), 13, 12, ...inOrder.slice(14)];
  const { samples, duplicated } = arrived(twice, true);
  assert.deepEqual(samples, received(inOrder, true));
  assert.equal(duplicated, 2);
});

test('a missing sequence number is a loss; a late packet and a pause of the sender are none', () => {
  const inOrder = Array.from({ length: 30 }, (_, packet) => packet);
  const lost = inOrder.filter((packet) => packet !== 12);
  const last = (samples: Int16Array): Int16Array => samples.slice(-10 * PACKET);
  assert.notDeepEqual(last(received(lost, true)), last(received(lost, false)));
  const paused = (packet: number): number => (packet >= 12 ? 10 * OCTETS : 0);
  assert.deepEqual(last(received(inOrder, true, paused)), last(received(inOrder, false, paused)));
  // 12 comes behind 13: the gap that shows before 13 is led over, and none behind 12 is made up.
  const late = [...inOrder.slice(0, 12), 13, 12, ...inOrder.slice(14)];
  const lateOnce = received(late, true);
  assert.equal(lateOnce.length, received(inOrder, true).length);
});
