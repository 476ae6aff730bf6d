/**
 * Milliseconds that this thread has computed, for limits on work. Unlike the clock's time it stands still while
 * other programs have the processor, so a limit means the same on a busy machine; virtual time leaves it alone.
 */
export function threadTimeMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
