/**
 * The sockets of all {@link RtpTalker}s of a process, on a thread of their own: what is sent leaves on time,
 * whatever the tests compute meanwhile. A speaker who stalls for half a second would prove nothing about a
 * recording.
 */
import { createSocket, type Socket } from 'node:dgram';
import { parentPort } from 'node:worker_threads';

import { absoluteMs } from './absolute-time.ts';
import { preferThisThread } from './priority.ts';

export type ToTalkers =
  | { readonly id: number; readonly type: 'open'; readonly host: string }
  | {
      readonly id: number;
      readonly type: 'talk';
      /** All datagrams, one behind the other: thousands of arrays would keep this thread from talking when they come. */
      readonly bytes: Uint8Array<ArrayBuffer>;
      /** The end of each datagram in `bytes`. */
      readonly ends: Uint32Array<ArrayBuffer>;
      /** Of each slot of `slotMs`, how many datagrams have left at its end. */
      readonly slots: Uint32Array<ArrayBuffer>;
      readonly slotMs: number;
      readonly remote: { readonly host: string; readonly port: number };
    }
  | { readonly id: number; readonly type: 'close' }
  /** The thread does nothing for so long. */
  | { readonly id: number; readonly type: 'stall'; readonly ms: number }
  /** Answered by `lateness`. `since`: {@link absoluteMs}. */
  | { readonly id: number; readonly type: 'ask-lateness'; readonly since: number };

export type FromTalkers =
  | { readonly id: number; readonly type: 'open'; readonly port: number }
  | { readonly id: number; readonly type: 'heard'; readonly datagram: Uint8Array }
  | { readonly id: number; readonly type: 'talked'; readonly sent: number }
  /** `worstLateMs`: by how much a slot was late at most. */
  | { readonly id: number; readonly type: 'closed'; readonly worstLateMs: number }
  /** By how much a slot of any talker has been late at most since the time that was asked for, ms. */
  | { readonly id: number; readonly type: 'lateness'; readonly worstLateMs: number };

preferThisThread();
const sockets = new Map<number, Socket>();
const worstLateMs = new Map<number, number>();
/** Slots that were late by more than a timer may be. */
const late: { readonly at: number; readonly lateMs: number }[] = [];
const WORTH_NOTING_MS = 20;
const post = (message: FromTalkers): void => parentPort!.postMessage(message);

parentPort!.on('message', (message: ToTalkers) => {
  const { id } = message;
  if (message.type === 'open') open(id, message.host);
  else if (message.type === 'talk') void talk(message);
  else if (message.type === 'stall') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, message.ms);
  else if (message.type === 'ask-lateness') {
    const since = late.filter(({ at }) => at >= message.since).map(({ lateMs }) => lateMs);
    post({ id, type: 'lateness', worstLateMs: Math.max(0, ...since) });
  } else {
    sockets.get(id)?.close(() => post({ id, type: 'closed', worstLateMs: worstLateMs.get(id) ?? 0 }));
    sockets.delete(id);
  }
});

function open(id: number, host: string): void {
  const socket = createSocket('udp4');
  sockets.set(id, socket);
  socket.on('message', (datagram) => post({ id, type: 'heard', datagram: Uint8Array.from(datagram) }));
  socket.bind(0, host, () => post({ id, type: 'open', port: socket.address().port }));
}

async function talk(task: Extract<ToTalkers, { type: 'talk' }>): Promise<void> {
  const { id, bytes, ends, slots, slotMs, remote } = task;
  const startedAt = performance.now();
  let sent = 0;
  for (const [index, sentAtEnd] of slots.entries()) {
    const dueAt = startedAt + index * slotMs;
    await until(dueAt);
    const socket = sockets.get(id);
    if (socket === undefined) break;
    const lateMs = performance.now() - dueAt;
    worstLateMs.set(id, Math.max(worstLateMs.get(id) ?? 0, lateMs));
    if (lateMs > WORTH_NOTING_MS) late.push({ at: absoluteMs(), lateMs });
    for (; sent < sentAtEnd; sent++) {
      const from = sent === 0 ? 0 : ends[sent - 1]!;
      socket.send(bytes.subarray(from, ends[sent]), remote.port, remote.host);
    }
  }
  if (sockets.has(id)) await until(startedAt + slots.length * slotMs);
  post({ id, type: 'talked', sent });
}

async function until(at: number): Promise<void> {
  const wait = at - performance.now();
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
}
