/** Time on one scale for all threads, ms since 1970; it does not jump. */
export function absoluteMs(): number {
  return performance.timeOrigin + performance.now();
}
