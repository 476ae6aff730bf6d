import type { Clock } from '../time/clock.ts';
import { PacedWork } from '../time/paced-work.ts';
import type { MediaEvent } from './protocol.ts';
import type { FromWorker } from './worker-messages.ts';

/** Messages between two threads follow each other no faster, ms: within the tick of a media thread. */
export const MESSAGE_PACE_MS = 4;

/** Posts events to the main thread, in order. */
export interface EventPoster {
  post(event: MediaEvent): void;
  /** Posts at once what waits: nothing comes behind it. */
  flush(): void;
}

/** Events that come soon after one another go in one message: each message costs far more than what is in it. */
export function eventPoster(send: (message: FromWorker) => void, clock: Clock): EventPoster {
  let waiting: MediaEvent[] = [];
  const flush = (): void => {
    if (waiting.length === 0) return;
    const events = waiting;
    waiting = [];
    send({ kind: 'events', events });
  };
  const messages = new PacedWork(clock, MESSAGE_PACE_MS, flush);
  return {
    post: (event) => {
      waiting.push(event);
      messages.ask();
    },
    flush: () => messages.run(),
  };
}
