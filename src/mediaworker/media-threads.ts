import type { Logger } from '../log/logger.ts';
import { PortBook, portBookMemory } from '../rtp/port-book.ts';
import type { Clock } from '../time/clock.ts';
import { MediaHostPool } from './host-pool.ts';
import { sparePairs } from './spare-ports.ts';
import { WorkerMediaHost } from './worker-host.ts';
import type { MediaWorkerData } from './worker-messages.ts';

export interface MediaThreadsOptions extends Pick<MediaWorkerData, 'rtpPorts' | 'rtpIo' | 'codecs'> {
  readonly threads: number;
  /** Where ports are bound ahead. */
  readonly bindAddress: string;
  readonly recordingKey: MediaWorkerData['recordingKey'];
  readonly clock: Clock;
  readonly log: Logger;
}

/** Starts the media threads of a server, which share one range of ports. @throws RangeError where no pair is in it */
export function openMediaThreads(options: MediaThreadsOptions): MediaHostPool {
  const { threads, bindAddress, clock, log, rtpPorts, rtpIo, codecs, recordingKey } = options;
  const range = { minPort: rtpPorts.min, maxPort: rtpPorts.max };
  const memory = portBookMemory(range, threads);
  const book = new PortBook({ ...range, memory, nowMs: () => clock.monotonic(), random: Math.random });
  const pairs = sparePairs(rtpPorts, threads);
  const spare = pairs > 0 ? { bindAddress, pairs } : undefined;
  const hosts = Array.from({ length: threads }, (_, thread) => {
    const data = { rtpPorts, portBook: { memory, thread }, rtpIo, codecs, spare, recordingKey };
    return new WorkerMediaHost({ data, log, clock, onExit: () => book.giveBackOf(thread) });
  });
  for (const host of hosts) host.warmUp();
  return new MediaHostPool(hosts, book);
}
