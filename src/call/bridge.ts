import type { Bridge } from './leg.ts';
import type { MediaClient } from './media-client.ts';

/** One side of a bridge. */
export interface BridgeEnd {
  readonly media: MediaClient;
  /** Aborts when its call is over. */
  readonly signal: AbortSignal;
}

/** Joins the audio of two calls, both on one media thread, until the first of them is over. `isTalk` as in {@link Bridge}. */
export function startBridge(one: BridgeEnd, other: BridgeEnd, isTalk: boolean): Bridge {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    for (const { signal } of [one, other]) signal.removeEventListener('abort', end);
    one.media.send({ type: 'unbridge' });
    resolve();
  };
  for (const { signal } of [one, other]) signal.addEventListener('abort', end, { once: true });
  one.media.send({ type: 'bridge', peerId: other.media.sessionId });
  return { over, isTalk, end };
}
