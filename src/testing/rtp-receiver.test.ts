import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryRtpNetwork } from '../rtp/memory-network.ts';
import { RTP_HEADER_LENGTH, writeRtpHeader } from '../rtp/packet.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { RtpReceiver } from './rtp-receiver.ts';

test('the audio of a tap that lasts for an hour can be had', async () => {
  const clock = new VirtualClock();
  const socket = await createMemoryRtpNetwork(clock).open('192.0.2.5');
  const receiver = new RtpReceiver(socket, clock);
  const packets = 180_000;
  const packet = new Uint8Array(RTP_HEADER_LENGTH + 2).fill(0xff);
  for (let n = 0; n < packets; n++) {
    writeRtpHeader(packet, 0, n === 0, n, 2 * n, 7);
    socket.onPacket(packet, '10.0.0.1', 4000);
  }
  assert.equal(receiver.audio().length, 2 * packets);
  socket.close();
});
