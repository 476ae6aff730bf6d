/** Programs started by tests. None outlives the test process, however that ends. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

const running = new Set<ChildProcess>();
let watching = false;

/** As `spawn`, but the child is killed when this process exits, also when the test runner ends it. */
export function spawnProgram(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  watchExit();
  const child = spawn(command, args, options);
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

function watchExit(): void {
  if (watching) return;
  watching = true;
  process.once('exit', () => {
    for (const child of running) child.kill('SIGKILL');
  });
  // The test runner ends a file that takes too long by SIGTERM, which by itself runs no exit handlers.
  process.once('SIGTERM', () => process.exit(143));
}
