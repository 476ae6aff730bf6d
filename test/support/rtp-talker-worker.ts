/**
 * The sockets of all {@link RtpTalker}s of a process, on a thread of their own: what is sent leaves on time,
 * whatever the tests compute meanwhile. A speaker who stalls for half a second would prove nothing about a
 * recording.
 */
import { createSocket, type Socket } from 'node:dgram';
import { parentPort } from 'node:worker_threads';

export type ToTalkers =
  | { readonly id: number; readonly type: 'open'; readonly host: string }
  | {
      readonly id: number;
      readonly type: 'talk';
      /** Datagrams of each slot of `slotMs`. */
      readonly slots: readonly (readonly Uint8Array[])[];
      readonly slotMs: number;
      readonly remote: { readonly host: string; readonly port: number };
    }
  | { readonly id: number; readonly type: 'close' };

export type FromTalkers =
  | { readonly id: number; readonly type: 'open'; readonly port: number }
  | { readonly id: number; readonly type: 'heard'; readonly datagram: Uint8Array }
  | { readonly id: number; readonly type: 'talked'; readonly sent: number }
  | { readonly id: number; readonly type: 'closed' };

const sockets = new Map<number, Socket>();
const post = (message: FromTalkers): void => parentPort!.postMessage(message);

parentPort!.on('message', (message: ToTalkers) => {
  const { id } = message;
  if (message.type === 'open') open(id, message.host);
  else if (message.type === 'talk') void talk(message);
  else {
    sockets.get(id)?.close(() => post({ id, type: 'closed' }));
    sockets.delete(id);
  }
});

function open(id: number, host: string): void {
  const socket = createSocket('udp4');
  sockets.set(id, socket);
  socket.on('message', (datagram) => post({ id, type: 'heard', datagram: Uint8Array.from(datagram) }));
  socket.bind(0, host, () => post({ id, type: 'open', port: socket.address().port }));
}

async function talk({ id, slots, slotMs, remote }: Extract<ToTalkers, { type: 'talk' }>): Promise<void> {
  const startedAt = performance.now();
  let sent = 0;
  for (const [index, datagrams] of slots.entries()) {
    await until(startedAt + index * slotMs);
    const socket = sockets.get(id);
    if (socket === undefined) break;
    for (const datagram of datagrams) socket.send(datagram, remote.port, remote.host);
    sent += datagrams.length;
  }
  if (sockets.has(id)) await until(startedAt + slots.length * slotMs);
  post({ id, type: 'talked', sent });
}

async function until(at: number): Promise<void> {
  const wait = at - performance.now();
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
}
