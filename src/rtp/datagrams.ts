/**
 * `bytes` must not be kept. IPv4 comes as IPv4, whatever the socket.
 * @param arrivedMs the clock's monotonic reading when it reached the system; default: now
 */
export type OnDatagram = (bytes: Uint8Array, address: string, port: number, arrivedMs?: number) => void;

/** One bound UDP socket. */
export interface DatagramSocket {
  /** Called for each datagram. */
  listener: OnDatagram;
  /**
   * The buffer must stay untouched until the system has taken it, which is a matter of microseconds.
   * `address` must be in numbers. What cannot be sent (host name, other family, port 0) is dropped.
   */
  send(buffer: Uint8Array, offset: number, length: number, port: number, address: string): void;
  /** Hands over what has arrived, for this socket and those that are looked at with it. Default: comes unasked. */
  receive?(): void;
  /**
   * From now on its datagrams may wait for {@link DatagramIo.receive} of this batch; undefined: not any more.
   * @returns whether they will
   */
  joinBatch?(batch: number | undefined): boolean;
  close(): void;
}

/** A way by which datagrams come from and go to the system. */
export interface DatagramIo {
  readonly name: 'node' | 'io_uring';
  /**
   * @returns undefined when the port is in use
   * @throws RtpPortError when the address is not ours, or no socket is to be had
   */
  bind(address: string, port: number): Promise<DatagramSocket | undefined>;
  /**
   * Hands everything that has arrived for the sockets of a batch, or for those in none, to their listeners.
   * Some ways do it unasked.
   */
  receive(batch?: number): void;
  /** Frees all sockets, where the end of the thread would not. */
  close(): void;
}

/** No RTP port could be had; the message names the range and the cure. */
export class RtpPortError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RtpPortError';
  }
}

/** Packets wait here while the thread is busy: about 400 of G.711. */
export const RECEIVE_BUFFER_BYTES = 256 * 1024;
/** How a socket for both families writes an IPv4 address (RFC 4291 2.5.5.2). */
export const MAPPED = '::ffff:';

export function ignoreDatagram(): void {}
