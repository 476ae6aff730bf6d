import { availableParallelism, cpus } from 'node:os';

/** What figures were measured on, in words. */
export function describeMachine(): string {
  return `${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
}
