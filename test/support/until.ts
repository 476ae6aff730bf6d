const POLL_MS = 2;
const PATIENCE_MS = 60_000;

/**
 * Resolves when `condition` holds, in real time: for real sockets, files and threads.
 * @param failure what is wrong where it does not within a minute
 * @throws Error then
 */
export async function until(condition: () => boolean, failure = 'it has not happened'): Promise<void> {
  const giveUp = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > giveUp) throw new Error(`${failure}, within ${PATIENCE_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
