import { after } from 'node:test';
import { loadLibc } from '../../io-uring/libc.ts';
import { Reactor } from '../../io-uring/reactor.ts';
import { RealClock } from '../../time/real-clock.ts';
import type { DatagramIo } from '../datagrams.ts';
import { nodeDatagrams } from '../node-datagrams.ts';
import { selfTest } from './self-test.ts';
import { UringDatagrams } from './uring-datagrams.ts';

export interface UringForTests {
  readonly datagrams: DatagramIo;
  readonly reactor: Reactor | undefined;
  /** Why this machine has none; false when it has. */
  readonly refused: string | false;
}

/** io_uring for the tests of one file; looks for datagrams each 2 ms, as the ticker of a media thread would. */
export function openUring(): UringForTests {
  try {
    const clock = new RealClock();
    const libc = loadLibc();
    const reactor = new Reactor(libc);
    const datagrams = new UringDatagrams(reactor, () => clock.monotonic());
    selfTest(datagrams, libc);
    const timer = clock.every(2, () => datagrams.receive());
    after(() => {
      timer.cancel();
      datagrams.close();
      reactor.close();
    });
    return { datagrams, reactor, refused: false };
  } catch (cause) {
    return { datagrams: nodeDatagrams, reactor: undefined, refused: String(cause) };
  }
}
