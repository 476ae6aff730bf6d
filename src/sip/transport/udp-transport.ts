import { isIPv6 } from 'node:net';
import type { SipListener } from '../api.ts';
import type { Flow } from './flow.ts';
import type { DatagramSocket, Network, NetworkAddress } from './network.ts';

/** One UDP socket: what comes in goes to `receive` with the flow back to its source. */
export class UdpTransport {
  readonly local: NetworkAddress;
  readonly #socket: DatagramSocket;
  readonly #host: string;

  private constructor(socket: DatagramSocket, host: string) {
    this.#socket = socket;
    this.#host = host;
    this.local = socket.local;
  }

  /** @throws Error with the system's `code` when the address cannot be bound */
  static async open(
    network: Network,
    listener: SipListener,
    receive: (data: Buffer, flow: Flow) => void,
    failed: (error: Error) => void,
  ): Promise<UdpTransport> {
    let transport: UdpTransport | undefined;
    const socket = await network.bindDatagram(listener.host, listener.port, {
      message: (data, address, port) => {
        if (transport !== undefined) receive(data, new UdpFlow(transport.#socket, { address, port }));
      },
      error: failed,
    });
    transport = new UdpTransport(socket, listener.host);
    return transport;
  }

  /** Whether this socket can send to `address`; one that is bound to `::` reaches IPv4 too. */
  reaches(address: string): boolean {
    return this.#host === '::' || isIPv6(address) === isIPv6(this.local.address);
  }

  flowTo(address: string, port: number): Flow {
    return new UdpFlow(this.#socket, { address, port });
  }

  close(): Promise<void> {
    return this.#socket.close();
  }
}

class UdpFlow implements Flow {
  readonly protocol = 'udp';
  readonly reliable = false;
  readonly closed = false;
  readonly remote: NetworkAddress;
  readonly #socket: DatagramSocket;

  constructor(socket: DatagramSocket, remote: NetworkAddress) {
    this.#socket = socket;
    this.remote = remote;
  }

  get local(): NetworkAddress {
    return this.#socket.local;
  }

  send(data: Uint8Array, failed: (error: Error) => void): void {
    this.#socket.send(data, this.remote.address, this.remote.port, failed);
  }

  unanswered(): void {}

  retain(): void {}

  release(): void {}
}
