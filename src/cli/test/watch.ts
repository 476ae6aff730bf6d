import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import path from 'node:path';
import type { Clock, Timer } from '../../time/clock.ts';
import { UsageError } from '../errors.ts';

/** Editors write a file in several steps. */
const QUIET_MS = 100;
const IGNORED = new Set(['node_modules', '.git']);
const RELEVANT = /\.(?:ya?ml|json|wav|mp3|mp4|m4a|ogg|opus|flac|aiff?|aifc|au)$/i;
/** Folders that are watched; those beyond are not. */
const MAX_FOLDERS = 2000;
/** Linux has no more watches, or no more programs that have some, for this user. */
const LIMITS: Readonly<Record<string, string>> = {
  ENOSPC: 'fs.inotify.max_user_watches',
  EMFILE: 'fs.inotify.max_user_instances',
};

export interface Watch {
  /** Watches the folders of these files, too, to any depth, and the files themselves whatever their names end in. */
  follow(files: Iterable<string>): void;
  stop(): void;
}

/**
 * Watches the folders of the given places, to any depth.
 * @param ignore a folder whose changes are our own
 * @param tell told once, with the cure, where the system lets no more of them be watched
 * @throws UsageError where it lets none
 */
export function watchPlaces(
  places: readonly string[],
  ignore: string | undefined,
  clock: Clock,
  onChange: () => void,
  tell: (message: string) => void,
): Watch {
  const own = ignore === undefined ? undefined : path.resolve(ignore);
  let timer: Timer | undefined;
  const soon = (): void => {
    timer?.cancel();
    timer = clock.after(QUIET_MS, onChange);
  };
  // Each folder by itself: Node's own recursive watching loses a file on Linux when another takes its place.
  const watched = new Map<string, FSWatcher>();
  const named = new Set<string>();
  /** And those within it. */
  const forget = (folder: string): void => {
    for (const [place, watcher] of watched) {
      if (place !== folder && !place.startsWith(`${folder}${path.sep}`)) continue;
      watcher.close();
      watched.delete(place);
    }
  };
  let limit: string | undefined;
  const follow = (folder: string): void => {
    const known = path.resolve(folder);
    if (known === own || watched.has(known) || watched.size >= MAX_FOLDERS) return;
    let watcher: FSWatcher;
    try {
      watcher = watch(known);
    } catch (cause) {
      const setting = LIMITS[(cause as NodeJS.ErrnoException).code ?? ''];
      // Otherwise it went before it could be watched.
      if (setting === undefined || limit !== undefined) return;
      limit = `the system lets no more folders be watched: raise ${setting} (sysctl)`;
      if (watched.size > 0) tell(limit);
      return;
    }
    watched.set(known, watcher);
    watcher.on('error', () => forget(known));
    watcher.on('change', (event, name) => {
      const file = path.join(known, String(name));
      if (RELEVANT.test(file) || named.has(file)) soon();
      else if (event === 'rename' && file !== own && isFolder(file) && !IGNORED.has(String(name))) {
        // Perhaps another one than was there: what is watched is the folder, not its name.
        forget(file);
        follow(file);
        soon();
      } else if (event === 'rename' && !isFolder(known)) forget(known);
    });
    for (const inner of foldersIn(known)) follow(inner);
  };
  for (const place of places) follow(isFolder(place) ? place : path.dirname(place));
  if (limit !== undefined && watched.size === 0) throw new UsageError(limit);
  return {
    follow: (files) => {
      for (const file of files) {
        named.add(path.resolve(file));
        follow(path.dirname(file));
      }
    },
    stop: () => {
      timer?.cancel();
      for (const watcher of watched.values()) watcher.close();
    },
  };
}

/** What cannot be looked at (a link that leads to itself, or to where this user may not go) is none to watch. */
function isFolder(place: string): boolean {
  try {
    return statSync(place).isDirectory();
  } catch {
    return false;
  }
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !IGNORED.has(entry.name))
      .map((entry) => path.join(folder, entry.name));
  } catch {
    return [];
  }
}
