import { createSocket, type Socket } from 'node:dgram';
import { isIP, isIPv6 } from 'node:net';
import {
  type DatagramIo,
  type DatagramSocket,
  ignoreDatagram,
  MAPPED,
  RECEIVE_BUFFER_BYTES,
  RtpPortError,
} from './datagrams.ts';

type LookupNumber = (
  hostname: string,
  options: unknown,
  callback: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
) => void;

/** Datagrams by Node's own `dgram`: everywhere, at the price of a few microseconds each. */
export const nodeDatagrams: DatagramIo = {
  name: 'node',
  bind,
  receive: () => {},
  close: () => {},
};

function bind(address: string, port: number): Promise<DatagramSocket | undefined> {
  const family = isIPv6(address) ? 6 : 4;
  const lookup = numericLookup(family);
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: `udp${family}`, recvBufferSize: RECEIVE_BUFFER_BYTES, lookup });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(new RtpPortError(`RTP cannot be bound to ${address}: ${error.message}`, { cause: error }));
    });
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      // Of a connectionless socket: an ICMP answer to something sent, which is no reason to stop.
      socket.on('error', () => {});
      resolve(new NodeDatagramSocket(socket, family === 6));
    });
  });
}

/** Addresses are numbers here; Node would ask the resolver for each packet and answer a tick later. */
function numericLookup(family: 4 | 6): LookupNumber {
  return (hostname, _options, callback) => callback(null, hostname, family);
}

class NodeDatagramSocket implements DatagramSocket {
  readonly #socket: Socket;
  readonly #isIPv6: boolean;
  listener: DatagramSocket['listener'] = ignoreDatagram;
  #closed = false;
  /** The address that was sent to last, and how the socket writes it; empty when it cannot be sent to. */
  #address = '';
  #native = '';

  constructor(socket: Socket, isIPv6: boolean) {
    this.#socket = socket;
    this.#isIPv6 = isIPv6;
    socket.on('message', (bytes, { address, port }) => {
      const isMapped = isIPv6 && address.startsWith(MAPPED);
      this.listener(bytes, isMapped ? address.slice(MAPPED.length) : address, port);
    });
  }

  send(buffer: Uint8Array, offset: number, length: number, port: number, address: string): void {
    if (address !== this.#address) {
      this.#address = address;
      this.#native = this.#nativeOf(address);
    }
    // dgram throws on a port out of range, and what the peer's SDP says must not end a session.
    if (this.#closed || this.#native === '' || port < 1 || port > 65_535) return;
    // Without a callback a failed send (no route, full queue) is an error event, which is ignored: RTP is lossy.
    this.#socket.send(buffer, offset, length, port, this.#native);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.listener = ignoreDatagram;
    this.#socket.close();
  }

  #nativeOf(address: string): string {
    const family = isIP(address);
    if (family === 4) return this.#isIPv6 ? MAPPED + address : address;
    return family === 6 && this.#isIPv6 ? address : '';
  }
}
