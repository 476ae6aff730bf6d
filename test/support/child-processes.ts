/** Programs started by tests, and their folders. None outlives the test process, however that ends. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const running = new Set<ChildProcess>();
const folders: string[] = [];
let watching = false;

/** As `spawn`, but the child is killed when this process exits, also when the test runner ends it. */
export function spawnProgram(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  watchExit();
  const child = spawn(command, args, options);
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/**
 * A new folder for the files of a program. Whoever has it removes it when the program is over; one that is still there
 * when this process exits goes then.
 */
export function temporaryFolder(prefix: string): string {
  watchExit();
  const folder = mkdtempSync(path.join(tmpdir(), prefix));
  folders.push(folder);
  return folder;
}

function watchExit(): void {
  if (watching) return;
  watching = true;
  process.once('exit', () => {
    for (const child of running) child.kill('SIGKILL');
    for (const folder of folders) remove(folder);
  });
  // The test runner ends a file that takes too long by SIGTERM, which by itself runs no exit handlers.
  // Signals may come again, as npm passes them on, and must not end that.
  process.on('SIGTERM', () => process.exit(143));
  // Nor does Ctrl-C; measurements listen to it already, and end what they began.
  if (process.listenerCount('SIGINT') === 0) process.on('SIGINT', () => process.exit(130));
}

function remove(folder: string): void {
  try {
    // A program that has just been killed may still be at its last file.
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  } catch {
    // Nobody is left who could be told.
  }
}
