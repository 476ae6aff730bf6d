import assert from 'node:assert/strict';
import test from 'node:test';

import type { RtpSocket } from '../../rtp/sockets.ts';
import { impairSocket } from './impaired-socket.ts';

function fakeSocket(): { socket: RtpSocket; rtp: number[]; rtcp: number[] } {
  const rtp: number[] = [];
  const rtcp: number[] = [];
  const socket: RtpSocket = {
    rtpPort: 40_000,
    onPacket: () => {},
    onRtcp: () => {},
    send: (buffer) => rtp.push(buffer[0]!),
    sendRtcp: (buffer) => rtcp.push(buffer[0]!),
    close: () => {},
  };
  return { socket, rtp, rtcp };
}

test('A lost packet is not sent, all others and the reports are', () => {
  const { socket, rtp, rtcp } = fakeSocket();
  const dice = [0.04, 0.05, 0.9, 0];
  const line = impairSocket(socket, 0.05, () => dice.shift()!);
  for (const number of [1, 2, 3, 4]) line.send(Uint8Array.of(number), 0, 1, 5000, '127.0.0.1');
  line.sendRtcp(Uint8Array.of(9), 0, 1, 5001, '127.0.0.1');
  assert.deepEqual(rtp, [2, 3]);
  assert.deepEqual(rtcp, [9]);
});
