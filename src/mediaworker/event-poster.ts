import type { MediaEvent } from './protocol.ts';
import type { FromWorker } from './worker-messages.ts';

/**
 * Posts events to the main thread: each at once, but for packets of copies, of which all that are made within one
 * tick go together. The order stays.
 */
export function eventPoster(post: (message: FromWorker) => void): (event: MediaEvent) => void {
  let packets: MediaEvent[] = [];
  const flush = (): void => {
    if (packets.length === 0) return;
    const events = packets;
    packets = [];
    post({ kind: 'events', events });
  };
  return (event) => {
    if (event.type !== 'copied') {
      flush();
      post({ kind: 'event', event });
      return;
    }
    // A tick of all sessions is one callback of a timer, behind which microtasks run.
    if (packets.length === 0) queueMicrotask(flush);
    packets.push(event);
  };
}
