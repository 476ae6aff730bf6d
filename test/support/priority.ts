/** Whoever speaks to a server under test must not wait for the processor behind it. */
import { constants, setPriority } from 'node:os';

/** The calling thread goes before all that tests and servers compute, where the system allows it. */
export function preferThisThread(): void {
  prefer(0);
}

/** Likewise a process that has just been started, and all threads that it starts. */
export function preferProcess(pid: number): void {
  prefer(pid);
}

function prefer(pid: number): void {
  try {
    // Linux: of a thread alone. Elsewhere it would be of the whole process.
    if (process.platform === 'linux') setPriority(pid, constants.priority.PRIORITY_HIGHEST);
  } catch {
    // Not root, or gone already: then it is late now and then.
  }
}
