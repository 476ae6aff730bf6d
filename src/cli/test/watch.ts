import { type FSWatcher, statSync, watch } from 'node:fs';
import path from 'node:path';
import type { Clock, Timer } from '../../time/clock.ts';

/** Editors write a file in several steps. */
const QUIET_MS = 100;
const IGNORED = /(?:^|[\\/])(?:node_modules|\.git)(?:[\\/]|$)/;
const RELEVANT = /\.(?:ya?ml|json|wav|mp3)$/i;

/**
 * Watches the folders of the given places, to any depth.
 * @param ignore a folder whose changes are our own
 * @returns the function that ends it
 */
export function watchPlaces(
  places: readonly string[],
  ignore: string | undefined,
  clock: Clock,
  onChange: () => void,
): () => void {
  const own = ignore === undefined ? undefined : path.resolve(ignore);
  let timer: Timer | undefined;
  const changed = (folder: string, name: string | null): void => {
    if (name === null || IGNORED.test(name) || !RELEVANT.test(name)) return;
    if (own !== undefined && path.resolve(folder, name).startsWith(own + path.sep)) return;
    timer?.cancel();
    timer = clock.after(QUIET_MS, onChange);
  };
  const folders = new Set(
    places.map((place) => (statSync(place).isDirectory() ? place : path.dirname(place))),
  );
  const watchers: FSWatcher[] = [...folders].map((folder) =>
    watch(folder, { recursive: true }, (_event, name) => changed(folder, name)),
  );
  return () => {
    timer?.cancel();
    for (const watcher of watchers) watcher.close();
  };
}
