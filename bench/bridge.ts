/**
 * What a bridge costs: two sessions whose parties talk all the time, apart and bridged, for each pair of codecs.
 * Prints the processor time of one bridged pair as a share of one core. `npm run bench:bridge`
 */
import { silentLogger } from '../src/log/logger.ts';
import { createFrameEncoder, MAX_PAYLOAD_BYTES, warmUpOpus } from '../src/mediaworker/codecs.ts';
import { CODEC_RATES } from '../src/mediaworker/codec-rates.ts';
import type { AudioCodec } from '../src/mediaworker/protocol.ts';
import { HandClock, handSocket } from '../src/mediaworker/hand-clock.test-helper.ts';
import { MediaSession } from '../src/mediaworker/session.ts';
import { RTP_HEADER_LENGTH, writeRtpHeader } from '../src/rtp/packet.ts';

const SECONDS = 60;
const PACKETS = 50;
const PAIRS: readonly (readonly [AudioCodec, AudioCodec])[] = [
  ['PCMU', 'PCMU'],
  ['PCMU', 'PCMA'],
  ['G722', 'G722'],
  ['PCMU', 'G722'],
  ['PCMU', 'OPUS'],
  ['OPUS', 'OPUS'],
];

/** A second of a voice-like sound, packet by packet. */
function payloads(codec: AudioCodec): readonly Uint8Array[] {
  const { sampleRate } = CODEC_RATES[codec];
  const frame = sampleRate / PACKETS;
  const encoder = createFrameEncoder(codec);
  const made = Array.from({ length: PACKETS }, (_, packet) => {
    const pcm = Int16Array.from({ length: frame }, (__, i) => {
      const t = (packet * frame + i) / sampleRate;
      return 6000 * Math.sin(2 * Math.PI * 220 * t) * (1 + Math.sin(2 * Math.PI * 5 * t));
    });
    const bytes = new Uint8Array(MAX_PAYLOAD_BYTES);
    return bytes.slice(0, encoder.encode(pcm, frame, bytes, 0));
  });
  encoder.close();
  return made;
}

/** @returns processor time of both sessions, ms */
async function run(codecs: readonly [AudioCodec, AudioCodec], bridged: boolean): Promise<number> {
  const clock = new HandClock();
  const sides = codecs.map((codec, index) => {
    const socket = handSocket();
    const session = new MediaSession({
      sessionId: String(index),
      bindAddress: '',
      idleMedia: 'silence',
      socket,
      clock,
      log: silentLogger,
      random: Math.random,
      openSocket: () => Promise.reject(new Error('no further sockets here')),
      onEvent: () => {},
    });
    const payloadType = 96;
    const media = {
      ...{ codec, payloadType, telephoneEventPayloadType: 101, direction: 'sendrecv' as const, ptimeMs: 20 },
      ...{ remoteAddress: '10.0.0.9', remotePort: 5000, remoteRtcpPort: 5001 },
    } as const;
    session.handle({ type: 'configure', sessionId: String(index), media });
    return { session, socket, said: payloads(codec), step: CODEC_RATES[codec].clockRate / PACKETS };
  });
  if (bridged) sides[0]!.session.bridge(sides[1]!.session);
  await new Promise((resolve) => setImmediate(resolve));
  const packet = new Uint8Array(RTP_HEADER_LENGTH + MAX_PAYLOAD_BYTES);
  const before = process.cpuUsage();
  for (let tick = 0; tick < SECONDS * PACKETS; tick++) {
    clock.nowMs = tick * 20;
    for (const { session, socket, said, step } of sides) {
      const payload = said[tick % PACKETS]!;
      writeRtpHeader(packet, 96, tick === 0, tick & 0xffff, (tick * step) >>> 0, 7);
      packet.set(payload, RTP_HEADER_LENGTH);
      socket.onPacket(packet.subarray(0, RTP_HEADER_LENGTH + payload.length), '10.0.0.9', 5000);
      session.tick(clock.nowMs);
    }
  }
  const { user, system } = process.cpuUsage(before);
  for (const { session } of sides) await session.close('hangup');
  return (user + system) / 1000;
}

await warmUpOpus();
console.log('codecs          apart      bridged    of one core for a bridged pair');
for (const codecs of PAIRS) {
  await run(codecs, true);
  const [apart, bridged] = [await run(codecs, false), await run(codecs, true)];
  const share = ((bridged / (SECONDS * 1000)) * 100).toFixed(3);
  const ms = (value: number): string => `${value.toFixed(0)} ms`.padEnd(10);
  console.log(`${codecs.join(' ↔ ').padEnd(15)} ${ms(apart)} ${ms(bridged)} ${share} %`);
}
