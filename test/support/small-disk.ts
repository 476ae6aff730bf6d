/** A server whose recordings lie on a disk of their own: small, and changed by the test while the server runs (Linux, root). */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { ServerProcess } from './server-process.ts';

/**
 * For `ServerOptions.launcher`: the server sees a file system in memory at its folder of recordings. It is
 * mounted in a name space of the server's own, and so goes with it.
 * @param options of mount, for example `size=64k`
 */
export function withSmallDisk(options: string): (dataFolder: string) => readonly string[] {
  const script = 'mkdir -p "$1" && mount -t tmpfs -o "$2" recordings "$1" && shift 2 && exec "$@"';
  return (dataFolder) => ['unshare', '--mount', 'sh', '-c', script, 'sh', recordingsIn(dataFolder), options];
}

/** Mounts the disk of a running server anew, for example with `size=8m` or `rw`. */
export function remountDisk(server: ServerProcess, options: string): void {
  const args = ['--target', String(server.pid), '--mount', 'mount', '-o', `remount,${options}`];
  execFileSync('nsenter', [...args, recordingsIn(server.dataFolder)], { stdio: 'pipe' });
}

/**
 * For `test(title, { skip: skipWithoutMounts() }, …)`: false where mounting is allowed, else the reason.
 * @throws Error instead of a reason, when `CI` is `true`
 */
export function skipWithoutMounts(): string | false {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-mount-'));
  const tried = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'trial', folder], { stdio: 'pipe' });
  rmdirSync(folder);
  if (tried.status === 0) return false;
  const reason = 'needs the right to mount a file system: run it as root on Linux';
  if (process.env['CI'] === 'true') throw new Error(`${reason} (CI=true: nothing is skipped)`);
  return reason;
}

const recordingsIn = (dataFolder: string): string => path.join(dataFolder, 'recordings');
