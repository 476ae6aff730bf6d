import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { loadTestFile, type TestCase, TestFileError } from '../../testing/files/load.ts';
import { isFile } from '../check/find-documents.ts';
import { fileError, UsageError } from '../errors.ts';

/** Names of test files in folders; a file that is named on the command line may have any. */
export const TEST_FILE_NAME = /\.test\.(?:ya?ml|json)$/i;
const SKIPPED = new Set(['node_modules', '.git']);
const MAX_BYTES = 1024 * 1024;

export interface FoundTests {
  readonly tests: readonly TestCase[];
  /** Files that cannot be used, one message each. */
  readonly broken: readonly string[];
}

/**
 * Test files at the given places, sorted; folders are searched to any depth, links to files are followed.
 * @throws UsageError when a place is not there, cannot be read, or has no test
 */
export function findTestFiles(places: readonly string[]): readonly string[] {
  const files = new Set<string>();
  for (const place of places) {
    const found = filesAt(place);
    if (found.length === 0) {
      throw new UsageError(`no tests in ${place}: the names of test files end in .test.yaml`);
    }
    for (const file of found) files.add(file);
  }
  return [...files];
}

/** Reads test files. */
export function loadTests(files: readonly string[]): FoundTests {
  const tests: TestCase[] = [];
  const broken: string[] = [];
  for (const file of files) {
    try {
      tests.push(...loadTestFile(read(file), file));
    } catch (error) {
      if (!(error instanceof TestFileError || error instanceof UsageError)) throw error;
      broken.push(error.message);
    }
  }
  return { tests, broken };
}

function filesAt(place: string): readonly string[] {
  try {
    if (!statSync(place).isDirectory()) return [place];
  } catch (error) {
    throw fileError('read', place, error);
  }
  return within(place).sort();
}

function within(folder: string): string[] {
  return entriesOf(folder).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : within(name);
    return TEST_FILE_NAME.test(entry.name) && isFile(entry, name) ? [name] : [];
  });
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw fileError('read', folder, error);
  }
}

function read(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > MAX_BYTES) {
      throw new UsageError(`cannot read ${file}: it has ${size} bytes, a test file at most ${MAX_BYTES}`);
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw error instanceof UsageError ? error : fileError('read', file, error);
  }
}
