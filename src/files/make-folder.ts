import { mkdirSync, statSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Creates a folder and what is missing above it; nothing when it is there. In the place of Node's own
 * `recursive: true`, which never comes back below /proc, where a folder is missing and cannot be made
 * (ENOENT both times), and says ENOENT of a file system that is read-only.
 * @param mode of every folder that is made
 * @throws the error of the system that says why it cannot be made
 */
export async function makeFolder(folder: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return;
    if (code !== 'ENOENT' || isTop(folder)) throw error;
    await makeFolder(path.dirname(folder), mode);
    // Another process may have made it meanwhile.
    await mkdir(folder, { mode }).catch((cause: unknown) => {
      if (codeOf(cause) !== 'EEXIST') throw cause;
    });
  }
}

/** As {@link makeFolder}, at once. */
export function makeFolderSync(folder: string, mode = 0o777): void {
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST' && statSync(folder).isDirectory()) return;
    if (code !== 'ENOENT' || isTop(folder)) throw error;
    makeFolderSync(path.dirname(folder), mode);
    try {
      mkdirSync(folder, { mode });
    } catch (cause) {
      if (codeOf(cause) !== 'EEXIST') throw cause;
    }
  }
}

function isTop(folder: string): boolean {
  return path.dirname(folder) === folder;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
