/**
 * What taps and streams cost: sessions of one media thread that hear silence, without a copy, with one by RTP, and
 * with one by WebSocket to a server in a thread of its own. `node bench/streams.ts [sessions] [seconds]`
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { WebSocketServer } from 'ws';
import { MediaClient } from '../src/call/media-client.ts';
import { SocketOutput } from '../src/call/streams/socket-output.ts';
import { StreamMessages } from '../src/call/streams/messages.ts';
import { silentLogger } from '../src/log/logger.ts';
import type { CopySpec } from '../src/mediaworker/protocol.ts';
import { WorkerMediaHost } from '../src/mediaworker/worker-host.ts';
import { AddressGuard } from '../src/net/address-guard.ts';
import { WebSockets } from '../src/net/web-sockets.ts';
import { RealClock } from '../src/time/real-clock.ts';

const PCMU: CopySpec = { take: 'mixed', codec: 'PCMU', sampleRate: 8000, ptimeMs: 20 };

if (isMainThread) await main();
else serve();

function serve(): void {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  server.on('connection', (socket) => socket.on('message', () => {}));
  server.on('listening', () => parentPort?.postMessage((server.address() as AddressInfo).port));
}

async function main(): Promise<void> {
  const [sessions = 300, seconds = 10] = process.argv.slice(2).map(Number);
  const peer = new Worker(new URL(import.meta.url));
  const [port] = (await once(peer, 'message')) as [number];
  const clock = new RealClock();
  const sockets = new WebSockets({ clock, guard: new AddressGuard(['127.0.0.1']) });
  const host = new WorkerMediaHost({
    data: { rtpPorts: { min: 30_000, max: 40_000 } },
    log: silentLogger,
    clock: new RealClock(),
  });
  const clients = await Promise.all(
    Array.from({ length: sessions }, async (_, index) => {
      const sessionId = `s${index}`;
      const client = await MediaClient.open(host, { sessionId, bindAddress: '127.0.0.1', idleMedia: 'none' });
      const remote = { remoteAddress: '127.0.0.1', remotePort: 9, remoteRtcpPort: 0 };
      client.send({
        type: 'configure',
        media: { codec: 'PCMU', payloadType: 0, direction: 'sendrecv', ptimeMs: 20, ...remote },
      });
      return client;
    }),
  );
  const measure = async (what: string): Promise<void> => {
    host.takeLoad();
    const before = process.cpuUsage();
    const server = await peer.cpuUsage();
    await new Promise<void>((resolve) => clock.after(seconds * 1000, resolve));
    const { user, system } = process.cpuUsage(before);
    const theirs = await peer.cpuUsage(server);
    const ours = user + system - theirs.user - theirs.system;
    const share = ours / 10_000 / seconds / sessions;
    const { frames, lateFrames, utilization } = host.takeLoad();
    const late = ((100 * lateFrames) / frames).toFixed(2);
    console.log(
      `${what.padEnd(30)} ${share.toFixed(3)} % of a core for each of ${sessions} calls, ${late} % of frames late, media thread at ${(100 * utilization).toFixed(0)} %`,
    );
  };
  await measure('no copy');
  const rtp = { address: '127.0.0.1', port: 9 };
  for (const client of clients) client.send({ type: 'copy', copyId: 'rtp', spec: { ...PCMU, rtp } });
  await measure('tap by RTP, both sides mixed');
  for (const client of clients) client.send({ type: 'stopCopy', copyId: 'rtp' });
  const { signal } = new AbortController();
  const dialled = { network: sockets, url: `ws://127.0.0.1:${port}/`, log: silentLogger, signal };
  const taps = clients.map(
    (media) =>
      new SocketOutput({ ...dialled, media, copyId: 'ws', spec: PCMU, packet: (_track, payload) => payload }),
  );
  await Promise.all(taps.map((tap) => tap.start([])));
  await measure('tap by WebSocket, both mixed');
  for (const tap of taps) tap.stop();
  await Promise.all(taps.map(({ done }) => done));
  const format = { codec: 'L16', sampleRate: 16_000, ptimeMs: 20 } as const;
  const streams = clients.map((media) => {
    const ids = {
      streamSid: 's',
      accountSid: 'a',
      callSid: 'c',
      tracks: ['inbound'],
      twoWay: false,
    } as const;
    const messages = new StreamMessages({ ...ids, format });
    const packet = (_track: string, payload: Uint8Array): string => messages.media('inbound', payload);
    return new SocketOutput({ ...dialled, media, copyId: 'st', spec: { take: 'said', ...format }, packet });
  });
  await Promise.all(streams.map((stream) => stream.start([])));
  await measure('stream in L16 at 16 kHz');
  sockets.close();
  await host.close();
  await peer.terminate();
}
