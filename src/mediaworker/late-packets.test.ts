import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { silentLogger } from '../log/logger.ts';
import type { DatagramIo } from '../rtp/datagrams.ts';
import { nodeDatagrams } from '../rtp/node-datagrams.ts';
import { RTP_HEADER_LENGTH, writeRtpHeader } from '../rtp/packet.ts';
import { createRtpSockets } from '../rtp/sockets.ts';
import { openUring } from '../rtp/uring/uring.test-helper.ts';
import { sleep } from '../time/clock.ts';
import { RealClock } from '../time/real-clock.ts';
import { negotiated, recordSpec } from './media-specs.test-helper.ts';
import { decoded, noiseCode } from './peer.test-helper.ts';
import type { MediaEvent } from './protocol.ts';
import { readWav } from './session.test-helper.ts';
import { SessionTable } from './session-table.ts';

const HOST = '127.0.0.1';
const PACKETS = 40;

/** So that a session that can wait does. */
const ROUND_MS = 300;

const uring = openUring();

test('what lies in a socket when a busy thread is told of a hang-up belongs to the recording', (t) =>
  hangUp(t, nodeDatagrams, 0));

test('so does what lies there or was put aside with io_uring', { skip: uring.refused }, (t) =>
  hangUp(t, uring.datagrams, ROUND_MS),
);

/** @param waitMs between the beginning of the recording and what is said */
async function hangUp(t: TestContext, io: DatagramIo, waitMs: number): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-late-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const clock = new RealClock();
  const sockets = createRtpSockets({
    io,
    minPort: 40_000,
    maxPort: 49_999,
    nowMs: () => clock.monotonic(),
    random: Math.random,
  });
  const peer = await sockets.open(HOST);
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<number>();
  const table = new SessionTable({
    clock,
    receive: (look, turn) => io.receive(look, turn),
    log: silentLogger,
    random: Math.random,
    openSocket: (address) => sockets.open(address),
    onEvent: (event: MediaEvent) => {
      if (event.type === 'opened') opened.resolve(event.rtpPort);
      if (event.type === 'closed') resolve();
    },
  });
  table.handle({ type: 'open', sessionId: 's', bindAddress: HOST, idleMedia: 'none' });
  const port = await opened.promise;
  const media = negotiated({ remoteAddress: HOST, remotePort: peer.rtpPort });
  table.handle({ type: 'configure', sessionId: 's', media });
  table.handle({ type: 'record', sessionId: 's', spec: recordSpec('r', path.join(folder, 'r.wav')) });

  await sleep(clock, waitMs);

  const { port1, port2 } = new MessageChannel();
  // Where the loop has its results of the present look at all sockets: what comes now, it sees in the next one.
  port2.on('message', () => {
    const packet = new Uint8Array(RTP_HEADER_LENGTH + 160);
    for (let n = 0; n < PACKETS; n++) {
      writeRtpHeader(packet, 0, n === 0, n, n * 160, 7);
      for (let i = 0; i < 160; i++) packet[RTP_HEADER_LENGTH + i] = noiseCode(n * 160 + i);
      peer.send(packet, 0, packet.length, port, HOST);
    }
    table.handle({ type: 'close', sessionId: 's', cause: 'hangup' });
  });
  port1.postMessage('now');
  await closed;
  port1.close();
  peer.close();
  const file = readWav(path.join(folder, 'r.wav'))[0]!;
  const said = decoded(Uint8Array.from({ length: PACKETS * 160 }, (_, n) => noiseCode(n)));
  assert.deepEqual(file.slice(-said.length), said);
}
