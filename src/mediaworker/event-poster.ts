import type { MediaEvent } from './protocol.ts';
import type { FromWorker } from './worker-messages.ts';

/** Posts events to the main thread, in order. */
export interface EventPoster {
  post(event: MediaEvent): void;
  /** Posts at once what waits: nothing comes behind it. */
  flush(): void;
}

/** All events of one turn of the thread's loop go in one message: each message costs far more than what is in it. */
export function eventPoster(send: (message: FromWorker) => void): EventPoster {
  let waiting: MediaEvent[] = [];
  const flush = (): void => {
    if (waiting.length === 0) return;
    const events = waiting;
    waiting = [];
    send({ kind: 'events', events });
  };
  return {
    post: (event) => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push(event);
    },
    flush,
  };
}
