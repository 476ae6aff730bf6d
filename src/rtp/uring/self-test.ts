import { AF_INET, SOCKADDR_IN_SIZE } from '../../io-uring/abi.ts';
import type { Libc } from '../../io-uring/libc.ts';
import type { UringDatagrams } from './uring-datagrams.ts';

/**
 * One datagram to itself: what a kernel says that it can is not all that it takes.
 * @throws Error when it does not arrive as it was sent
 */
export function selfTest(io: UringDatagrams, libc: Libc): void {
  const socket = io.open('127.0.0.1', 0);
  if (socket === undefined) throw new Error('no UDP port of 127.0.0.1 is free');
  const name = new Uint8Array(SOCKADDR_IN_SIZE);
  libc.socketName(socket.fd, name);
  const view = new DataView(name.buffer);
  const port = view.getUint16(2);
  let came = '';
  socket.listener = (bytes, address, from) => {
    came = `${bytes.join(' ')} from ${address}:${from}`;
  };
  // The first look has the request to receive taken, the second the datagram sent and received.
  io.receive();
  socket.send(Uint8Array.of(1, 2, 3), 0, 3, port, '127.0.0.1');
  io.receive();
  io.receive();
  socket.close();
  io.receive();
  const expected = `1 2 3 from 127.0.0.1:${port}`;
  if (view.getUint16(0, true) !== AF_INET || came !== expected)
    throw new Error(`a datagram through io_uring came as "${came}", expected "${expected}"`);
}
