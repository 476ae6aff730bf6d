/** The floor: a process that receives the packets of N calls and does nothing with them. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

import type { FromReceiver } from './messages.ts';

const { calls } = JSON.parse(process.argv[2] ?? '{}') as { readonly calls: number };
const ports: number[] = [];
for (let call = 0; call < calls; call++) {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 256 * 1024 });
  socket.on('message', () => {});
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  ports.push(socket.address().port);
}
process.on('disconnect', () => process.exit(0));
process.send?.({ kind: 'listening', ports } satisfies FromReceiver);
