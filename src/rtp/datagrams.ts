/**
 * `bytes` must not be kept. IPv4 comes as IPv4, whatever the socket.
 * @param arrivedMs the clock's monotonic reading when it reached the system; default: now
 */
export type OnDatagram = (bytes: Uint8Array, address: string, port: number, arrivedMs?: number) => void;

/** Sockets whose datagrams may wait, so that what is known of a stream is fetched once for several of them. */
export interface Batch {
  /** They are looked at by {@link DatagramIo.receive} of this number. */
  readonly look: number;
  /**
   * RTP packets of one payload type may wait still longer: they are put aside until it is their turn as well, or
   * until any other datagram comes. A turn is 0 to 255. Default: all are handed over when they are looked at.
   */
  readonly aside?: { readonly turn: number; readonly payloadType: number } | undefined;
}

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
   * From now on its datagrams may wait for those of its batch; undefined: not any more.
   * @returns whether they will
   */
  joinBatch?(batch: Batch | undefined): boolean;
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
   * Hands what has arrived for the sockets of a batch, or for those in none, to their listeners.
   * Some ways do it unasked.
   * @param look of the batches; @param turn of those that put packets aside
   */
  receive(look?: number, turn?: number): void;
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
