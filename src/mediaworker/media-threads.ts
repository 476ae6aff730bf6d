import type { Logger } from '../log/logger.ts';
import { PortBook, portBookMemory } from '../rtp/port-book.ts';
import type { Clock } from '../time/clock.ts';
import { MediaHostPool } from './host-pool.ts';
import { sparePairs } from './spare-ports.ts';
import { messageOf, WorkerMediaHost } from './worker-host.ts';
import type { MediaWorkerData } from './worker-messages.ts';

export interface MediaThreadsOptions extends Pick<MediaWorkerData, 'rtpPorts' | 'rtpIo' | 'codecs'> {
  readonly threads: number;
  /** Where ports are bound ahead. */
  readonly bindAddress: string;
  /** Ports of the range that are bound later for something else, as those of SIP are; default: none. */
  readonly reservedPorts?: readonly number[];
  readonly recordingKey: MediaWorkerData['recordingKey'];
  readonly clock: Clock;
  readonly log: Logger;
  /** For tests: another program of the threads. */
  readonly entry?: URL;
}

/** The system does not let the process have as many threads. The message says how many, and the cure. */
export class MediaThreadsError extends Error {
  constructor(started: number, wanted: number, cause: unknown) {
    super(
      `only ${started} of ${wanted} media threads can be started (${messageOf(cause)}): let the process have more ` +
        '(ulimit -u, TasksMax= of systemd, --pids-limit of a container), or set rtp.threads',
      { cause },
    );
    this.name = 'MediaThreadsError';
  }
}

/**
 * Starts the media threads of a server, which share one range of ports.
 * @throws RangeError where no pair is in it; MediaThreadsError
 */
export function openMediaThreads(options: MediaThreadsOptions): MediaHostPool {
  const { threads, bindAddress, clock, log, rtpPorts, rtpIo, codecs, recordingKey, entry } = options;
  const range = { minPort: rtpPorts.min, maxPort: rtpPorts.max };
  const memory = portBookMemory(range, threads, options.reservedPorts);
  const book = new PortBook({ ...range, memory, nowMs: () => clock.monotonic(), random: Math.random });
  const pairs = sparePairs(rtpPorts, threads);
  const spare = pairs > 0 ? { bindAddress, pairs } : undefined;
  const hosts = Array.from({ length: threads }, (_, thread) => {
    const data = { rtpPorts, portBook: { memory, thread }, rtpIo, codecs, spare, recordingKey };
    const onExit = (): void => book.giveBackOf(thread);
    return new WorkerMediaHost({ data, log, clock, onExit, ...(entry !== undefined && { entry }) });
  });
  for (const [started, host] of hosts.entries()) {
    try {
      host.warmUp();
    } catch (cause) {
      throw new MediaThreadsError(started, threads, cause);
    }
  }
  return new MediaHostPool(hosts, book);
}
