/** The sockets of all callers of a process: of one io_uring where the system has it, as those of the server. */
import { chooseSystemIo, type SystemIo } from '../src/mediaworker/system-io.ts';
import type { DatagramSocket } from '../src/rtp/datagrams.ts';
import type { Clock } from '../src/time/clock.ts';
import { HOST } from './talker.ts';

export interface Line {
  readonly socket: DatagramSocket;
  readonly port: number;
}

/** Those that the system gives itself: above the ports of the server under test. */
const FIRST_PORT = 32_768;
const LAST_PORT = 60_998;
const MAX_TRIES = 1000;

/** Nothing comes and nothing leaves but by {@link work}, where the system has io_uring. */
export class Lines {
  readonly #io: SystemIo;

  constructor(clock: Clock) {
    this.#io = chooseSystemIo('auto', clock);
    const { refused } = this.#io;
    // Figures of so heavy a generator are others.
    if (refused !== undefined)
      console.error(`bench: callers go without io_uring, which is dearer: ${refused}`);
  }

  /** @throws Error when no port is free */
  async open(): Promise<Line> {
    for (let tried = 0; tried < MAX_TRIES; tried++) {
      const port = FIRST_PORT + 2 * Math.floor(Math.random() * ((LAST_PORT - FIRST_PORT) / 2 + 1));
      const socket = await this.#io.datagrams.bind(HOST, port);
      if (socket !== undefined) return { socket, port };
    }
    throw new Error(`no port is free on ${HOST} from ${FIRST_PORT} to ${LAST_PORT}`);
  }

  /** Has what was sent leave, and hands over what has come. */
  work(): void {
    this.#io.afterSending?.();
    this.#io.datagrams.receive();
  }
}
