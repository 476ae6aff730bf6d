/** Processor time and memory of a process, its threads and its children (Linux: proc(5)). */
import { readdirSync, readFileSync } from 'node:fs';

export interface Usage {
  readonly atMs: number;
  /** User and system time so far. */
  readonly cpuMs: number;
  readonly residentBytes: number;
}

/** USER_HZ is 100 wherever Node runs on Linux. */
const MS_PER_TICK = 10;

export function usageOf(pid: number): Usage {
  let cpuMs = 0;
  let residentBytes = 0;
  for (const member of familyOf(pid)) {
    cpuMs += cpuMsOf(member);
    const status = readFileSync(`/proc/${member}/status`, 'utf8');
    residentBytes += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  }
  return { atMs: performance.now(), cpuMs, residentBytes };
}

/** Share of one core between two readings, %. */
export function cpuPercent(before: Usage, after: Usage): number {
  return ((after.cpuMs - before.cpuMs) / (after.atMs - before.atMs)) * 100;
}

function cpuMsOf(pid: number): number {
  // The name in parentheses may hold anything; the fields behind it are plain.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/** The process and its descendants. */
function familyOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(familyOf)];
}
