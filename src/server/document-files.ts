import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Logger } from '../log/logger.ts';
import { checkDocument } from '../methods/check.ts';
import type { SwmlDocument } from '../swml/document.ts';
import { formatDiagnostic } from '../swml/errors.ts';
import { MAX_DOCUMENT_BYTES } from '../swml/parse.ts';
import type { Clock } from '../time/clock.ts';
import { DocumentError, mistakesIn } from './document-error.ts';

interface ReadFile {
  readonly modifiedMs: number;
  /** Of the inode: another file in its place may have the same length and, out of an archive, the same date. */
  readonly changedMs: number;
  readonly size: number;
  readonly document: SwmlDocument;
  /** When it was looked at again, on the clock's monotonic scale, ms: the last few times. */
  readonly looksMs: number[];
  /** Why the file cannot be used since, as it was told last. */
  told: string | undefined;
}

/** A file is looked at for each call, but only so often in so many ms: where calls are many, not for most of them. */
const MAX_LOOKS = 4;
const LOOKS_WITHIN_MS = 100;

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'this is a folder, a file is needed',
  EACCES: 'no permission',
};

/** Documents in files, each read again when it has changed. */
export class DocumentFiles {
  readonly #clock: Clock;
  readonly #files = new Map<string, ReadFile>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * While a document is being edited under a running server, calls go on with the last good state of it.
   * @throws DocumentError when there is none
   */
  async get(path: string, log: Logger): Promise<SwmlDocument> {
    const known = this.#files.get(path);
    const now = this.#clock.monotonic();
    if (known !== undefined && !mayLook(known, now)) return known.document;
    try {
      // Not by a thread of the pool: the caller would wait for its turn there.
      const { mtimeMs: modifiedMs, ctimeMs: changedMs, size } = statSync(path);
      if (known?.modifiedMs === modifiedMs && known.changedMs === changedMs && known.size === size) {
        known.told = undefined;
        return known.document;
      }
      const document = await this.#read(path, size, log);
      this.#files.set(path, { modifiedMs, changedMs, size, document, looksMs: [now], told: undefined });
      return document;
    } catch (cause) {
      const error =
        cause instanceof DocumentError
          ? cause
          : new DocumentError(`the document ${path} cannot be read: ${whyNot(cause)}`, { cause });
      if (known === undefined) throw error;
      // Not at error for each of the calls that come meanwhile, which may be many.
      const level = known.told === error.reason ? 'debug' : 'error';
      known.told = error.reason;
      log[level](
        { reason: error.reason },
        'the changed document is not usable, going on with the one before',
      );
      return known.document;
    }
  }

  async #read(path: string, size: number, log: Logger): Promise<SwmlDocument> {
    if (size > MAX_DOCUMENT_BYTES) {
      throw new DocumentError(`${path}: ${size} bytes, at most ${MAX_DOCUMENT_BYTES}`);
    }
    const text = await this.#clock.holdWhile(readFile(path, 'utf8'));
    const { document, diagnostics } = checkDocument(text, { file: path });
    if (document === undefined) throw mistakesIn(text, diagnostics);
    for (const diagnostic of diagnostics) log.warn({}, formatDiagnostic(diagnostic));
    return document;
  }
}

/** Takes note of the look when it may be. */
function mayLook({ looksMs }: ReadFile, now: number): boolean {
  if (looksMs.length === MAX_LOOKS) {
    if (now - looksMs[0]! < LOOKS_WITHIN_MS) return false;
    looksMs.shift();
  }
  looksMs.push(now);
  return true;
}

function whyNot(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  return PROBLEMS[code ?? ''] ?? message;
}
