import type { Clock } from '../time/clock.ts';

/**
 * A second signal that soon is the first one delivered twice: the terminal sends Ctrl-C to npm and to us, and
 * npm passes it on. Nobody presses twice that fast.
 */
const SAME_PRESS_MS = 250;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface InterruptHandlers {
  /** First signal: end politely. */
  readonly polite: (signal: NodeJS.Signals) => void;
  /** Second signal: leave at once. */
  readonly atOnce: (signal: NodeJS.Signals) => void;
}

/**
 * Ends a running command by signals: the first one politely, the next one at once.
 * @returns the function that stops listening
 */
export function onInterrupt(
  clock: Clock,
  handlers: InterruptHandlers,
  source: NodeJS.EventEmitter = process,
): () => void {
  let firstAt: number | undefined;
  const listener = (signal: NodeJS.Signals): void => {
    if (firstAt === undefined) {
      firstAt = clock.monotonic();
      handlers.polite(signal);
    } else if (clock.monotonic() - firstAt >= SAME_PRESS_MS) {
      handlers.atOnce(signal);
    }
  };
  for (const signal of SIGNALS) source.on(signal, listener);
  return () => {
    for (const signal of SIGNALS) source.off(signal, listener);
  };
}
