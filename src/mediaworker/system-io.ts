import { loadLibc } from '../io-uring/libc.ts';
import type { Holdings } from '../io-uring/holdings.ts';
import { Reactor } from '../io-uring/reactor.ts';
import { type FileSystem, nodeFileSystem } from '../recording/file-system.ts';
import { uringFiles } from '../recording/uring-files.ts';
import type { DatagramIo } from '../rtp/datagrams.ts';
import { nodeDatagrams } from '../rtp/node-datagrams.ts';
import { selfTest } from '../rtp/uring/self-test.ts';
import { UringDatagrams } from '../rtp/uring/uring-datagrams.ts';
import type { Clock } from '../time/clock.ts';

/** `auto`: io_uring where the system has it, Node's own functions otherwise. */
export type SystemIoSetting = 'auto' | 'node';

/** How a media thread reaches sockets and files. */
export interface SystemIo {
  readonly datagrams: DatagramIo;
  readonly files: FileSystem;
  /** Is called before each tick of the thread's sessions that is followed by {@link afterTurn}. */
  readonly beforeTurn?: () => void;
  /** Is called behind what a tick sends. */
  readonly afterSending?: () => void;
  /** Is called behind each tick of the thread's sessions. */
  readonly afterTurn?: () => void;
  /** Why it is not io_uring although it might have been; one line. */
  readonly refused?: string;
  /** Frees what the end of a thread would leave open. */
  close(): void;
}

const NODE: SystemIo = { datagrams: nodeDatagrams, files: nodeFileSystem, close: () => {} };

/** @param holdings is told of what would outlive the thread */
export function chooseSystemIo(
  setting: SystemIoSetting | undefined,
  clock: Clock,
  holdings?: Holdings,
): SystemIo {
  if (setting === 'node') return NODE;
  try {
    return openUring(clock, holdings);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    return { ...NODE, refused: message.split('\n', 1)[0]! };
  }
}

function openUring(clock: Clock, holdings: Holdings | undefined): SystemIo {
  const libc = loadLibc(holdings);
  const reactor = new Reactor(libc);
  try {
    const datagrams = new UringDatagrams(reactor, () => clock.monotonic());
    selfTest(datagrams, libc);
    const close = (): void => {
      datagrams.close();
      reactor.close();
    };
    const files = uringFiles(reactor, clock);
    return {
      datagrams,
      files,
      beforeTurn: () => files.beginTurn(),
      afterSending: () => datagrams.flush(),
      afterTurn: () => files.flush(),
      close,
    };
  } catch (cause) {
    reactor.close();
    throw cause;
  }
}
