import type { Clock } from '../time/clock.ts';

/**
 * A signal so soon behind another is that one delivered twice: the terminal sends Ctrl-C to npm and to us, and
 * npm passes it on, each time. Nobody presses twice that fast.
 */
const SAME_PRESS_MS = 250;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface InterruptHandlers {
  /** First signal: end politely. */
  readonly polite: (signal: NodeJS.Signals) => void;
  /** Each further signal: leave at once. */
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
  let pressedAt: number | undefined;
  const listener = (signal: NodeJS.Signals): void => {
    const now = clock.monotonic();
    if (pressedAt !== undefined && now - pressedAt < SAME_PRESS_MS) return;
    const isFirst = pressedAt === undefined;
    pressedAt = now;
    if (isFirst) handlers.polite(signal);
    else handlers.atOnce(signal);
  };
  for (const signal of SIGNALS) source.on(signal, listener);
  return () => {
    for (const signal of SIGNALS) source.off(signal, listener);
  };
}
