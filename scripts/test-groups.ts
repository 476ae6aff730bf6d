/**
 * Test files that can share a process: hundreds of processes that load the same modules take a third of the time of all
 * unit tests.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** Of one process; more would leave less to run side by side at the end. */
const GROUP_FILES = 10;
/** Where nothing but functions and objects is tested, not programs. */
const UNITS = /^(src\/(?!cli\/commands\/|server\/server\.test)|test\/(language|support|codecs|bench)\/)/;
/** Hooks of the file as a whole would hold for the whole process … */
const HOOKS = /^(before|after|beforeEach|afterEach)\(/m;
/** … and so do these: what the process has, and what it takes. */
const PROCESS =
  /\bprocess\.(env|argv|chdir|exit|exitCode|on|emit|memoryUsage|cpuUsage|getActiveResourcesInfo)\b|\b(stdout|stderr)\.write *=|\bmock\.|\bglobalThis\b|\bregisterHooks\b|\bsetFlagsFromString\b/;

/** Whether a test file, by its path from the root and its text, can share its process with others. */
export function canShare(file: string, text: string): boolean {
  return UNITS.test(file) && !HOOKS.test(text) && !PROCESS.test(text);
}

/**
 * Writes a module for each group, which imports its files.
 * @param files from the root @param folder for the modules, emptied first
 * @returns what is to be run, from the root: the modules behind the files that stay alone
 */
export function grouped(root: string, files: readonly string[], folder: string): string[] {
  const shared = files.filter((file) => canShare(file, readFileSync(path.join(root, file), 'utf8')));
  const alone = files.filter((file) => !shared.includes(file));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const groups: string[] = [];
  for (let at = 0; at < shared.length; at += GROUP_FILES) {
    const module = path.join(folder, `${groups.length}.mjs`);
    const imports = shared
      .slice(at, at + GROUP_FILES)
      .map((file) => `import ${JSON.stringify(pathToFileURL(path.join(root, file)).href)};\n`);
    writeFileSync(module, imports.join(''));
    groups.push(path.relative(root, module));
  }
  return [...alone, ...groups];
}
