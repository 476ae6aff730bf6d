/**
 * Programs from outside that some tests need. A test whose program is missing is skipped and says which and
 * why; with `CI=true` it fails instead, so that a build server cannot quietly test less.
 */
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** Name of the program, and the Debian package that brings it. */
const PACKAGES = {
  sipp: 'sip-tester',
  baresip: 'baresip-core',
  ffmpeg: 'ffmpeg',
  ffprobe: 'ffmpeg',
  sox: 'sox',
  curl: 'curl',
  chromium: 'chromium',
} as const;

export type ProgramName = keyof typeof PACKAGES;

/** Path of the program, looked for in PATH, or undefined. */
export function findProgram(name: ProgramName, searchPath = process.env['PATH'] ?? ''): string | undefined {
  for (const folder of searchPath.split(path.delimiter)) {
    if (folder === '') continue;
    const candidate = path.join(folder, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/**
 * Path of a program that a running test depends on.
 * @throws Error naming the package to install
 */
export function programPath(name: ProgramName): string {
  const found = findProgram(name);
  if (found === undefined) throw new Error(missingText([name]));
  return found;
}

/**
 * For `test(title, { skip: skipWithout('sipp') }, …)`: false when everything is there, else the reason.
 * @throws Error instead of a reason, when `CI` is `true`
 */
export function skipWithout(...names: readonly ProgramName[]): string | false {
  const missing = names.filter((name) => findProgram(name) === undefined);
  if (missing.length === 0) return false;
  if (process.env['CI'] === 'true') throw new Error(`${missingText(missing)} (CI=true: nothing is skipped)`);
  return missingText(missing);
}

function missingText(names: readonly ProgramName[]): string {
  const packages = [...new Set(names.map((name) => PACKAGES[name]))].join(' ');
  return `needs ${names.join(' and ')}: apt-get install ${packages}`;
}
