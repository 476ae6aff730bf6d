import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodePcmu, PCMU_SILENCE } from '../media/g711.ts';
import { createOpusDecoder } from '../media/opus.ts';
import { speechLike } from '../media/test-signals.ts';
import { parseRtp, RTP_HEADER_LENGTH, RtpHeader } from '../rtp/packet.ts';
import { warmUpOpus } from './codecs.ts';
import { RtpSender, SEND_BUFFERS } from './rtp-sender.ts';

const FRAME = 160;
const LOUD = new Int16Array(FRAME).fill(8000);
const LOUD_BYTES = encoded(LOUD);
const EVENT = Uint8Array.of(5, 10, 0, 160);

/** Frames of 20 ms: what each of them brings to the stream. */
const step = fc.constantFrom('audio' as const, 'silence' as const, 'event' as const);

test('payloads are what was put in, however sound, silence and keys follow one another', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(10, 20, 30, 60),
      fc.array(step, { minLength: 1, maxLength: 6 * SEND_BUFFERS }),
      (ptimeMs, steps) => {
        const audio: number[] = [];
        const events: number[][] = [];
        const sender = senderTo((payloadType, payload) => {
          if (payloadType === 0) audio.push(...payload);
          else events.push([...payload]);
        });
        sender.configure('PCMU', 0, ptimeMs);
        const expected: number[] = [];
        for (const kind of steps) {
          if (kind === 'event') {
            sender.sendOther(101, true, sender.timestamp, EVENT);
            continue;
          }
          if (kind === 'audio') sender.sendAudio(LOUD, FRAME);
          else sender.sendIdle(FRAME);
          expected.push(...(kind === 'audio' ? LOUD_BYTES : new Array<number>(FRAME).fill(PCMU_SILENCE)));
        }
        sender.skip(FRAME);
        assert.deepEqual(audio, expected);
        assert.deepEqual(
          events,
          steps.filter((kind) => kind === 'event').map(() => [...EVENT]),
        );
      },
    ),
  );
});

test('silence is that of the codec, also after the codec has changed', () => {
  const payloads: number[][] = [];
  const sender = senderTo((_payloadType, payload) => payloads.push([...payload]));
  sender.configure('PCMU', 0, 20);
  for (let i = 0; i < 2 * SEND_BUFFERS; i++) sender.sendIdle(FRAME);
  sender.configure('PCMA', 8, 20);
  sender.sendIdle(FRAME);
  assert.deepEqual(payloads.at(-1), new Array<number>(FRAME).fill(0xd5));
});

test('a packet of Opus that is broken off by a key is as long as what is in it', async () => {
  await warmUpOpus();
  const decoder = await createOpusDecoder();
  const lengths: number[] = [];
  const sender = senderTo((payloadType, payload) => {
    if (payloadType === 111) lengths.push(decoder.decode(payload, new Int16Array(5760)));
  });
  await configureOpus(sender, 60);
  for (const frames of [3, 1, 2]) {
    for (let i = 0; i < frames; i++) sender.sendAudio(LOUD, FRAME);
    sender.sendOther(101, true, sender.timestamp, EVENT);
  }
  assert.deepEqual(lengths, [2880, 960, 1920]);
  sender.close();
  decoder.free();
});

test('Opus keeps to the bit rate that the peer takes, also where it is told later (RFC 7587 6.1)', async () => {
  await warmUpOpus();
  let octets = 0;
  const sender = senderTo((_payloadType, payload) => {
    octets += payload.length;
  });
  const seconds = 5;
  const speech = speechLike(seconds * 8000, -20);
  /** Bits a second. */
  const sentWith = async (maxBitrate?: number): Promise<number> => {
    await configureOpus(sender, 20, maxBitrate);
    octets = 0;
    for (let at = 0; at < speech.length; at += FRAME) {
      sender.sendAudio(speech.subarray(at, at + FRAME), FRAME);
    }
    return (octets * 8) / seconds;
  };
  const free = await sentWith();
  const limited = await sentWith(8_000);
  assert.ok(limited > 0 && limited < 10_000, `${limited} b/s`);
  assert.ok(free > 1.5 * limited, `${free} b/s without a limit`);
  sender.close();
});

/** Its encoder is there a moment after it is asked for, once Opus is loaded. */
async function configureOpus(sender: RtpSender, ptimeMs: number, maxBitrate?: number): Promise<void> {
  sender.configure('OPUS', 111, ptimeMs, [], maxBitrate);
  await new Promise((resolve) => setImmediate(resolve));
}

function senderTo(take: (payloadType: number, payload: Uint8Array) => void): RtpSender {
  const header = new RtpHeader();
  return new RtpSender({
    sampleRate: 8000,
    idle: 'silence',
    random: () => 0.5,
    send: (buffer, length) => {
      const bytes = buffer.subarray(0, length);
      assert.equal(parseRtp(bytes, header), 'ok');
      take(header.payloadType, bytes.subarray(RTP_HEADER_LENGTH));
    },
  });
}

function encoded(samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length);
  encodePcmu(samples, 0, samples.length, bytes, 0);
  return bytes;
}
