/** A WebSocket server that takes taps and streams, plain or with TLS, and keeps all that comes. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

import { CERTIFICATE, PRIVATE_KEY } from '../../src/net/web-socket-fixtures.ts';

export interface StreamMessage {
  readonly event: string;
  readonly start?: Readonly<Record<string, unknown>>;
  readonly media?: { readonly track: string; readonly payload: string };
  readonly mark?: { readonly name: string };
  readonly dtmf?: { readonly digit: string; readonly duration?: number };
}

/** One connection, with what came over it. */
export interface MediaConnection {
  readonly path: string;
  readonly socket: WebSocket;
  readonly messages: readonly StreamMessage[];
  readonly binary: readonly Buffer[];
}

export class MediaServer {
  readonly connections: MediaConnection[] = [];
  readonly #https: Server | undefined;
  readonly #server: WebSocketServer;

  private constructor(https: Server | undefined, server: WebSocketServer, onMessage: OnMessage) {
    this.#https = https;
    this.#server = server;
    server.on('connection', (socket, { url = '' }) => {
      const messages: StreamMessage[] = [];
      const binary: Buffer[] = [];
      const connection = { path: url, socket, messages, binary };
      this.connections.push(connection);
      socket.on('message', (data: Buffer, isBinary) => {
        if (isBinary) {
          binary.push(data);
          return;
        }
        const message = JSON.parse(String(data)) as StreamMessage;
        messages.push(message);
        onMessage(connection, message);
      });
      socket.on('error', () => {});
    });
  }

  /** The certificate it shows with TLS: {@link CERTIFICATE}. */
  static async start(options: {
    readonly tls: boolean;
    readonly onMessage?: OnMessage;
  }): Promise<MediaServer> {
    const https = options.tls ? createServer({ cert: CERTIFICATE, key: PRIVATE_KEY }) : undefined;
    const server = new WebSocketServer(
      https === undefined ? { host: '127.0.0.1', port: 0 } : { server: https },
    );
    https?.listen(0, '127.0.0.1');
    await once(https ?? server, 'listening');
    return new MediaServer(https, server, options.onMessage ?? (() => {}));
  }

  /** Without a path. */
  get url(): string {
    const { port } = (this.#https ?? this.#server).address() as AddressInfo;
    return `${this.#https === undefined ? 'ws' : 'wss'}://127.0.0.1:${port}`;
  }

  close(): void {
    for (const { socket } of this.connections) socket.terminate();
    this.#server.close();
    this.#https?.close();
  }
}

type OnMessage = (connection: MediaConnection, message: StreamMessage) => void;
