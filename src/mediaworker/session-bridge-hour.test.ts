/** An hour of a bridge at once: what one party says reaches the other as soon at the end as at the beginning. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../media/test-signals.ts';
import { RTP_HEADER_LENGTH, writeRtpHeader } from '../rtp/packet.ts';
import type { RtpSocket } from '../rtp/sockets.ts';
import { HandClock, handSocket } from './hand-clock.test-helper.ts';
import { handSession, PEER_ADDRESS } from './media-specs.test-helper.ts';
import type { MediaSession } from './session.ts';

const TICKS_PER_HOUR = 180_000;
const MARK_EVERY_MS = 10_000;
const SILENT_CODE = 0xff;
/** µ-law near full scale. */
const LOUD_CODE = 0x00;
const NETWORK_MS = 20;

/** @returns for each mark that the first party makes, how long until it leaves towards the second one, ms */
function delaysOf(hours: number, ppm: number): number[] {
  const clock = new HandClock();
  const heardMs: number[] = [];
  const open = (sessionId: string, onSend: RtpSocket['send']): [MediaSession, RtpSocket] => {
    const socket = handSocket(onSend);
    return [handSession(sessionId, clock, socket), socket];
  };
  const [first, socket] = open('a', () => {});
  const [second] = open('b', (packet, offset, length) => {
    const at = packet.subarray(offset + RTP_HEADER_LENGTH, offset + length).indexOf(LOUD_CODE);
    if (at >= 0) heardMs.push(clock.nowMs + at / 8);
  });
  first.bridge(second);
  const packet = new Uint8Array(RTP_HEADER_LENGTH + 160);
  const perMs = 8 * (1 + ppm / 1e6);
  const random = seededRandom(9);
  let index = 0;
  let arrivalMs = 0;
  let saidMs = MARK_EVERY_MS;
  for (let tick = 0; tick < hours * TICKS_PER_HOUR; tick++) {
    const tickMs = 20 * tick;
    for (;;) {
      const leavesMs = ((index + 1) * 160) / perMs;
      arrivalMs = Math.max(arrivalMs, leavesMs + NETWORK_MS + 5 * random());
      if (arrivalMs > tickMs) break;
      packet.fill(SILENT_CODE, RTP_HEADER_LENGTH);
      const mark = Math.round(saidMs * perMs) - index * 160;
      if (mark < 160) {
        packet[RTP_HEADER_LENGTH + mark] = LOUD_CODE;
        saidMs += MARK_EVERY_MS;
      }
      writeRtpHeader(packet, 0, index === 0, index & 0xffff, (index * 160) >>> 0, 7);
      clock.nowMs = arrivalMs;
      socket.onPacket(packet, PEER_ADDRESS, 5000);
      index++;
    }
    clock.nowMs = tickMs;
    first.tick(clock.nowMs);
    clock.nowMs += 5;
    second.tick(clock.nowMs);
  }
  return heardMs.map((ms, n) => ms - (n + 1) * MARK_EVERY_MS);
}

for (const { hours, ppm } of [
  { hours: 1, ppm: 100 },
  { hours: 0.25, ppm: -300 },
]) {
  const minutes = hours * 60;
  test(`a bridge adds no delay through ${minutes} minutes, whose party is ${ppm} ppm off our clock`, () => {
    const delays = delaysOf(hours, ppm);
    assert.ok(delays.length >= hours * 360 - 3, `${delays.length} marks`);
    const [least, most] = [Math.min(...delays), Math.max(...delays)];
    assert.ok(least > 0 && most < 150, `from ${least} to ${most} ms`);
    const mean = (some: readonly number[]): number => some.reduce((sum, ms) => sum + ms, 0) / some.length;
    const [early, late] = [mean(delays.slice(0, 20)), mean(delays.slice(-20))];
    assert.ok(Math.abs(late - early) <= 40, `${early} ms at first, ${late} ms at last`);
  });
}
