import { Worker } from 'node:worker_threads';

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
 * By how much a packet of any talker of this process left too late at most, ms, since this was asked last; 0 without
 * talkers.
 */
export async function worstLatenessMs(): Promise<number> {
  if (worker === undefined) return 0;
  return await new Promise((resolve) => {
    const socket = talkerSocket((message) => {
      if (message.type !== 'lateness') return;
      socket.forget();
      resolve(message.worstLateMs);
    });
    socket.send({ type: 'ask-lateness' });
  });
}

function startWorker(): Worker {
  const started = new Worker(new URL('./rtp-talker-worker.ts', import.meta.url));
  started.on('message', (message: FromTalkers) => listeners.get(message.id)?.(message));
  return started;
}
