const POLL_MS = 10;
const PATIENCE_MS = 60_000;

/** Resolves when `condition` holds. @throws Error when it does not within a minute */
export async function until(condition: () => boolean, what = 'the condition'): Promise<void> {
  const giveUp = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > giveUp)
      throw new Error(`${what} did not come true within ${PATIENCE_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
