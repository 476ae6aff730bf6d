/** Time on one scale for all threads of a process, ms from an arbitrary moment. */
export function absoluteMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
