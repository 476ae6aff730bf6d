import type { PortBook } from '../rtp/port-book.ts';
import type { MediaCommand, MediaEvent, MediaHost } from './protocol.ts';
import type { ThreadMemory, WorkerLoad, WorkerMediaHost } from './worker-host.ts';

/** Sessions that may be bridged to each other, all on one worker. */
interface Group {
  readonly name: string;
  readonly host: WorkerMediaHost;
  /** Those that are open or opening. */
  sessions: number;
}

type Ports = Pick<PortBook, 'hasFree'>;

/** Several media workers as one host: a new session goes to the one with the fewest, or beside another one. */
export class MediaHostPool implements MediaHost {
  readonly #hosts: readonly WorkerMediaHost[];
  readonly #ports: Ports | undefined;
  /** By session. */
  readonly #placed = new Map<string, Group>();
  /** By name: the id of the session that others want to be beside, be it open yet or not. */
  readonly #groups = new Map<string, Group>();

  /** @param hosts at least one; @param ports that they share; undefined: there are always more */
  constructor(hosts: readonly WorkerMediaHost[], ports?: Ports) {
    if (hosts.length === 0) throw new TypeError('a media pool needs at least one worker');
    this.#hosts = hosts;
    this.#ports = ports;
  }

  /** Whether one more session finds RTP ports. */
  get hasPorts(): boolean {
    return this.#able().length > 0;
  }

  /** Events of calls wait for time in this thread. */
  get isBehind(): boolean {
    return this.#hosts.some((host) => host.isBehind);
  }

  /** What each thread did since the last call. */
  takeLoads(): readonly WorkerLoad[] {
    return this.#hosts.map((host) => host.takeLoad());
  }

  /** Of each thread. */
  memory(): Promise<readonly ThreadMemory[]> {
    return Promise.all(this.#hosts.map((host) => host.memory()));
  }

  send(command: MediaCommand, urgent?: boolean): void {
    this.#placed.get(command.sessionId)?.host.send(command, urgent);
  }

  subscribe(sessionId: string, listener: (event: MediaEvent) => void, beside?: string): void {
    const group = this.#join(beside === undefined ? sessionId : (this.#placed.get(beside)?.name ?? beside));
    this.#placed.set(sessionId, group);
    group.host.subscribe(sessionId, (event) => {
      if (event.type === 'closed' || event.type === 'openFailed') this.#leave(sessionId, group);
      listener(event);
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.close()));
  }

  /** Those that have ports for one more. */
  #able(): readonly WorkerMediaHost[] {
    if (this.#ports === undefined || this.#ports.hasFree) return this.#hosts;
    return this.#hosts.filter((host) => host.sparePorts > 0);
  }

  #join(name: string): Group {
    let group = this.#groups.get(name);
    if (group === undefined) {
      const able = this.#able();
      const host = (able.length > 0 ? able : this.#hosts).reduce((least, other) =>
        other.load < least.load ? other : least,
      );
      group = { name, host, sessions: 0 };
      this.#groups.set(name, group);
    }
    group.sessions++;
    return group;
  }

  #leave(sessionId: string, group: Group): void {
    this.#placed.delete(sessionId);
    group.sessions--;
    if (group.sessions === 0) this.#groups.delete(group.name);
  }
}
