/** Entry of a media worker thread: the session table on the real clock, fed by messages of the main thread. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { Holdings } from '../io-uring/holdings.ts';
import { diskTargets } from '../recording/disk-targets.ts';
import { RecordingKey } from '../recording/encryption/keys.ts';
import { createRtpSockets } from '../rtp/sockets.ts';
import { RealClock } from '../time/real-clock.ts';
import { chooseSystemIo } from './system-io.ts';
import { warmUpOpus } from './codecs.ts';
import { eventPoster } from './event-poster.ts';
import { PortLogger } from './port-logger.ts';
import { BEAT_MS, LEAVING, PULSE } from './pulse-watch.ts';
import { SessionTable } from './session-table.ts';
import { SparePorts } from './spare-ports.ts';
import type { FromWorker, MediaWorkerStart, ToWorker } from './worker-messages.ts';

const port = parentPort;
if (port === null) throw new Error('worker-main.ts runs only as a worker thread');
const data = workerData as MediaWorkerStart;
const post = (message: FromWorker): void => port.postMessage(message);

const clock = new RealClock();
const log = new PortLogger(post);
const system = chooseSystemIo(data.rtpIo, clock, new Holdings(data.holdings));
process.once('exit', () => system.close());
if (system.refused !== undefined) log.debug({ reason: system.refused }, 'io_uring is not used');
const sockets = createRtpSockets({
  io: system.datagrams,
  minPort: data.rtpPorts.min,
  maxPort: data.rtpPorts.max,
  nowMs: () => clock.monotonic(),
  random: Math.random,
  ...data.portBook,
});
const { spare } = data;
const spares =
  spare &&
  new SparePorts({
    pairs: spare.pairs,
    open: () => sockets.open(spare.bindAddress),
    nowMs: () => clock.monotonic(),
    tell: (rtpPorts) => post({ kind: 'spare', rtpPorts }),
    // One thread speaks for all. The address may come yet; until then each call is refused.
    onNone: (cause) => {
      if (data.portBook?.thread !== 0) return;
      log.error({ err: cause }, 'calls can have no audio: no RTP port can be bound');
    },
  });
const events = eventPoster(post, clock);
const table = new SessionTable({
  clock,
  log,
  random: Math.random,
  obey: obeyWaiting,
  receive: (look, turn) => system.datagrams.receive(look, turn),
  beforeTurn: system.beforeTurn,
  send: system.afterSending,
  afterTurn: system.afterTurn,
  openSocket: async (bindAddress) => {
    const socket = await sockets.open(bindAddress);
    // Those that could not be bound ahead when there were none, or no address yet, perhaps can be now.
    void spares?.fill();
    return socket;
  },
  takeSpare: (rtpPort, begin) => spares?.take(rtpPort, begin) === true,
  createTarget: diskTargets({
    clock,
    files: system.files,
    key: data.recordingKey === undefined ? undefined : new RecordingKey(data.recordingKey),
  }),
  onEvent: (event) => events.post(event),
});

if (data.codecs?.includes('OPUS') === true) {
  warmUpOpus().catch((cause: unknown) => log.error({ err: cause }, 'Opus cannot be loaded'));
}
void spares?.fill();

const pulse = new Int32Array(data.pulse);
const beat = (): void => {
  const { frames, lateFrames } = table.frameCounts;
  Atomics.store(pulse, PULSE.frames, frames | 0);
  Atomics.store(pulse, PULSE.lateFrames, lateFrames | 0);
  Atomics.add(pulse, PULSE.beats, 1);
};
// The first command may be what it hangs in.
beat();
clock.every(BEAT_MS, beat);
// What is left to do then, files of the pool among it, is no hanging.
process.once('exit', () => Atomics.store(pulse, PULSE.beats, LEAVING));

port.on('message', obey);

function obey(message: ToWorker): void {
  if (message.kind === 'commands') for (const command of message.commands) table.handle(command);
  else void close();
}

function obeyWaiting(): void {
  for (let next = receiveMessageOnPort(port!); next !== undefined; next = receiveMessageOnPort(port!))
    obey(next.message as ToWorker);
}

async function close(): Promise<void> {
  spares?.close();
  await table.close();
  events.flush();
  process.exit(0);
}
