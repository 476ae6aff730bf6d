/** From what the user named (files, folders, URLs, `-`) to texts to check. */
import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

import { MAX_DOCUMENT_BYTES } from '../../swml/parse.ts';
import { fileError, UsageError } from '../errors.ts';

export interface FoundDocument {
  /** As the user would write it. */
  readonly name: string;
  readonly text: string;
  /** The folder that it was found in, as it was named; undefined for what was named itself. */
  readonly folder?: string;
}

/** Where texts come from that are no files. */
export interface OtherSources {
  /** @throws UsageError */
  readonly standardInput: () => Promise<string>;
  /** @returns text and name; @throws UsageError */
  readonly url: (url: string) => Promise<FoundDocument>;
}

const EXTENSIONS = /\.(?:ya?ml|json)$/i;
/** Files of a folder; more are no documents of one application. */
const MAX_FILES = 20_000;
const MAX_FOLDERS_DEEP = 64;

/**
 * The documents at one place. In a folder, at any depth: its YAML and JSON files, but nothing in `node_modules`
 * and in folders and files whose name begins with a dot; links to files are followed, links to folders are not.
 * @throws UsageError saying what cannot be read
 */
export async function findDocuments(place: string, sources: OtherSources): Promise<FoundDocument[]> {
  if (place === '-') return [{ name: 'standard input', text: await sources.standardInput() }];
  if (/^https?:\/\//i.test(place)) return [await sources.url(place)];
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(place)) {
    throw new UsageError(`cannot check ${place}: only http and https URLs can be asked`);
  }
  let isFolder: boolean;
  try {
    isFolder = statSync(place).isDirectory();
  } catch (error) {
    throw fileError('read', place, error);
  }
  if (!isFolder) return [{ name: place, text: readDocument(place) }];
  return filesBelow(place).flatMap((name) => {
    const text = readFound(name);
    return text === undefined ? [] : [{ name, text, folder: place }];
  });
}

/** @throws UsageError for a file that cannot be read, or that no document can be as long as */
function readDocument(file: string): string {
  const { size } = statSync(file);
  if (size > MAX_DOCUMENT_BYTES) {
    throw new UsageError(
      `cannot check ${file}: it has ${size} bytes, a document at most ${MAX_DOCUMENT_BYTES}`,
    );
  }
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw fileError('read', file, error);
  }
}

/** As {@link readDocument}; undefined for a large file of another kind, such as a lock file of packages. */
function readFound(file: string): string | undefined {
  try {
    if (statSync(file).size <= MAX_DOCUMENT_BYTES) return readFileSync(file, 'utf8');
  } catch (error) {
    throw fileError('read', file, error);
  }
  if (!mentionsSections(readFileSync(file, 'utf8'))) return undefined;
  return readDocument(file);
}

/** Whether a text that is perhaps not even YAML was meant to be a document; it may begin with a byte order mark. */
export function mentionsSections(text: string): boolean {
  return /^\ufeff?["']?sections["']?[ \t]*:|[{,]\s*["']?sections["']?\s*:/m.test(text);
}

function filesBelow(folder: string): string[] {
  const files: string[] = [];
  const walk = (place: string, depth: number): void => {
    if (depth > MAX_FOLDERS_DEEP) return;
    for (const entry of entriesOf(place)) {
      const name = path.join(place, entry.name);
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      if (entry.isDirectory()) walk(name, depth + 1);
      else if (EXTENSIONS.test(entry.name) && isFile(entry, name)) files.push(name);
      if (files.length > MAX_FILES) {
        throw new UsageError(`cannot check ${folder}: it holds more than ${MAX_FILES} YAML and JSON files`);
      }
    }
  };
  walk(folder, 1);
  return files;
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw fileError('read', folder, error);
  }
}

/** Whether an entry of a folder is a file, or a link to one. @throws UsageError */
export function isFile(entry: Dirent, name: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isFile();
  try {
    return statSync(name, { throwIfNoEntry: false })?.isFile() === true;
  } catch (error) {
    // One that leads to itself leads to no file, like one that leads nowhere.
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') return false;
    throw fileError('read', name, error);
  }
}
