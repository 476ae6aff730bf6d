import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RTP_HEADER_LENGTH, writeRtpHeader } from '../rtp/packet.ts';
import { MAX_RTCP_LENGTH, parseRtcp, writeRtcp } from '../rtp/rtcp.ts';
import type { RtpSocket } from '../rtp/sockets.ts';
import { HandClock, handSocket } from './hand-clock.test-helper.ts';
import { handSession, negotiated, PEER_ADDRESS } from './media-specs.test-helper.ts';

const PARTY = 0xabcdef01;

test('a report of the party is answered by when it came, though it was looked at later (RFC 3550 6.4.1)', () => {
  const clock = new HandClock();
  const sent: Uint8Array[] = [];
  const socket: RtpSocket = {
    ...handSocket(),
    sendRtcp: (buffer, offset, length) => void sent.push(buffer.slice(offset, offset + length)),
  };
  const session = handSession('s', clock, socket);
  const { remotePort, remoteRtcpPort } = negotiated();
  const packet = new Uint8Array(RTP_HEADER_LENGTH + 160).fill(0xff);
  let cameMs = 0;
  // Our first report leaves a second or more behind the beginning.
  for (let n = 0; sent.length === 0 && n < 1000; n++) {
    clock.nowMs += 20;
    writeRtpHeader(packet, 0, n === 0, n, n * 160, PARTY);
    socket.onPacket(packet, PEER_ADDRESS, remotePort);
    if (n === 20) {
      const report = new Uint8Array(MAX_RTCP_LENGTH);
      const sender = { wallMs: Date.UTC(2026, 0, 1), timestamp: 0, packets: 20, octets: 3200 };
      const length = writeRtcp(report, { ssrc: PARTY, sender, blocks: [], cname: 'party' });
      cameMs = clock.nowMs - 60;
      socket.onRtcp(report.subarray(0, length), PEER_ADDRESS, remoteRtcpPort, cameMs);
    }
    session.tick(clock.nowMs);
  }
  const ours = parseRtcp(sent[0]!);
  assert.ok(typeof ours !== 'string');
  const [block] = ours.reports[0]!.blocks;
  assert.equal(block!.ssrc, PARTY);
  assert.equal(block!.delaySinceLastSenderReport, Math.round((clock.nowMs - cameMs) * 65.536));
});
