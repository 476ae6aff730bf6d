/** The receivers of the soak's callbacks: one that answers at once, one that refuses at first, one that is slow. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { HOST } from '../talker.ts';
import type { ReceiverName } from './kinds.ts';

/** The last callback of a recording. */
export interface RecordingEnd {
  /** Number of its caller. */
  readonly caller: number;
  readonly state: 'finished' | 'no_input' | 'error';
  readonly url: string | undefined;
  readonly endedBy: string | undefined;
  readonly error: string | undefined;
}

/** Share of first attempts that are refused with 500. */
const REFUSED = 0.3;
const SLOW_MS = { least: 100, most: 900 };

const NAMES: readonly ReceiverName[] = ['steady', 'flaky', 'slow'];

export class Receivers {
  /** Callbacks that were accepted, and those that were refused. */
  accepted = 0;
  refused = 0;
  readonly #ended: (end: RecordingEnd) => void;
  readonly #servers = new Map<ReceiverName, Server>();

  /** @param ended told of every recording that is over, at least once */
  private constructor(ended: (end: RecordingEnd) => void) {
    this.#ended = ended;
  }

  static async start(ended: (end: RecordingEnd) => void): Promise<Receivers> {
    const receivers = new Receivers(ended);
    for (const name of NAMES) {
      const server = createServer((request, response) => {
        receivers.#take(name, request, response).catch(() => response.destroy());
      });
      server.listen(0, HOST);
      await once(server, 'listening');
      receivers.#servers.set(name, server);
    }
    return receivers;
  }

  urlOf(name: ReceiverName): string {
    const { port } = this.#servers.get(name)!.address() as AddressInfo;
    return `http://${HOST}:${port}/`;
  }

  async stop(): Promise<void> {
    for (const server of this.#servers.values()) {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  }

  async #take(name: ReceiverName, request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const piece of request.setEncoding('utf8')) text += piece;
    const first = request.headers['x-openswml-attempt'] === '1';
    if (name === 'flaky' && first && Math.random() < REFUSED) {
      this.refused++;
      response.writeHead(500).end();
      return;
    }
    if (name === 'slow') {
      const ms = SLOW_MS.least + Math.random() * (SLOW_MS.most - SLOW_MS.least);
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
    this.accepted++;
    response.writeHead(200).end();
    const { params } = JSON.parse(text) as { params: Readonly<Record<string, string>> };
    const { state = '' } = params;
    if (state !== 'finished' && state !== 'no_input' && state !== 'error') return;
    const caller = Number(new URL(request.url ?? '/', this.urlOf(name)).searchParams.get('caller'));
    const { url, ended_by: endedBy, error } = params;
    this.#ended({ caller, state, url, endedBy, error });
  }
}
