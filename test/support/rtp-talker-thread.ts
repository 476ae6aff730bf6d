import { Worker } from 'node:worker_threads';

import { absoluteMs } from './absolute-time.ts';
import type { FromTalkers, ToTalkers } from './rtp-talker-worker.ts';

type Body<M> = M extends { readonly id: number } ? Omit<M, 'id'> : never;

let worker: Worker | undefined;
let nextId = 1;
const listeners = new Map<number, (message: FromTalkers) => void>();

/** One socket on the talkers' thread. */
export interface TalkerSocket {
  /** @param transfer buffers of the message that move to the thread */
  send(message: Body<ToTalkers>, transfer?: readonly ArrayBuffer[]): void;
  /** After this nothing is heard any more; the thread keeps the process alive only while sockets are open. */
  forget(): void;
}

export function talkerSocket(listener: (message: FromTalkers) => void): TalkerSocket {
  const id = nextId++;
  worker ??= startWorker();
  listeners.set(id, listener);
  worker.ref();
  return {
    send: (message, transfer = []) => worker!.postMessage({ ...message, id }, [...transfer]),
    forget: () => {
      listeners.delete(id);
      if (listeners.size === 0) worker!.unref();
    },
  };
}

/**
 * By how much a packet of any talker of this process left too late at most, ms; 0 where that is not worth noting.
 * @param since {@link absoluteMs}
 */
export async function worstLatenessMs(since: number): Promise<number> {
  if (worker === undefined) return 0;
  return await new Promise((resolve) => {
    const socket = talkerSocket((message) => {
      if (message.type !== 'lateness') return;
      socket.forget();
      resolve(message.worstLateMs);
    });
    socket.send({ type: 'ask-lateness', since });
  });
}

/** Lets all talkers of this process wait, as a machine that stands still does. Resolves when they go on. */
export async function keepTalkersBusy(ms: number): Promise<void> {
  const before = absoluteMs();
  if (worker === undefined) throw new Error('nobody talks');
  await new Promise<void>((resolve) => {
    const socket = talkerSocket((message) => {
      if (message.type !== 'lateness') return;
      socket.forget();
      resolve();
    });
    socket.send({ type: 'stall', ms });
    socket.send({ type: 'ask-lateness', since: before });
  });
}

function startWorker(): Worker {
  const started = new Worker(new URL('./rtp-talker-worker.ts', import.meta.url));
  started.on('message', (message: FromTalkers) => listeners.get(message.id)?.(message));
  return started;
}
