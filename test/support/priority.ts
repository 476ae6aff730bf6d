/** Whoever speaks to a server under test must not wait for the processor behind it, nor that server behind what tests compute. */
import { existsSync, readdirSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';

/** Before all that tests compute, and behind those who speak. */
const BEFORE_TESTS = -10;

/** The calling thread goes before all that tests and servers compute, where the system allows it. */
export function preferThisThread(): void {
  prefer(0, constants.priority.PRIORITY_HIGHEST);
}

/** Likewise a process that has just been started, and all threads that it starts. */
export function preferProcess(pid: number): void {
  prefer(pid, constants.priority.PRIORITY_HIGHEST);
}

/**
 * A server that is ready goes before tests and before servers that are being started: what these take for a second or two
 * would make it stand still in the middle of a call, of which its recordings then tell. Its threads keep their order.
 */
export function preferServer(pid: number): void {
  if (process.platform !== 'linux') return;
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return;
  for (const thread of readdirSync(tasks))
    prefer(Number(thread), BEFORE_TESTS, constants.priority.PRIORITY_NORMAL);
}

/** @param from those of another priority keep it: who gives way goes on doing so; default all */
function prefer(id: number, priority: number, from?: number): void {
  try {
    // Linux: of a thread alone. Elsewhere it would be of the whole process.
    if (process.platform === 'linux' && (from === undefined || getPriority(id) === from))
      setPriority(id, priority);
  } catch {
    // Not root, or gone already: then it is late now and then.
  }
}
