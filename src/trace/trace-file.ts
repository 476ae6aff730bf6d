import { createWriteStream, type WriteStream } from 'node:fs';
import path from 'node:path';
import { makeFolder } from '../files/make-folder.ts';
import type { Logger } from '../log/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { CallEvent } from './events.ts';
import { eventLine, type TraceHeader } from './format.ts';

/** Longest file; what comes behind is left out, and said to be, bytes. */
const MAX_BYTES = 64 * 1024 * 1024;
/** What may wait for a slow disk; lines beyond are left out, bytes. */
const MAX_WAITING = 4 * 1024 * 1024;

/** A trace that grows on disk while its call goes on. What goes wrong with it is logged, and harms no call. */
export class TraceFile {
  readonly #log: Logger;
  readonly #stream: Promise<WriteStream | undefined>;
  #open: WriteStream | undefined;
  #before: string[] = [];
  #bytes = 0;
  #dropped = 0;
  #over = false;

  constructor(file: string, header: TraceHeader, options: { readonly clock: Clock; readonly log: Logger }) {
    this.#log = options.log;
    this.#put(`${JSON.stringify(header)}\n`);
    this.#stream = options.clock.holdWhile(this.#create(file));
  }

  write(event: CallEvent): void {
    this.#put(eventLine(event));
  }

  /** Resolves when everything is handed to the system. */
  async close(): Promise<void> {
    if (this.#dropped > 0) {
      this.#log.warn(
        { lines: this.#dropped },
        'the trace of the call is not complete: the disk was too slow',
      );
    }
    this.#over = true;
    const stream = await this.#stream;
    if (stream === undefined || stream.destroyed) return;
    await new Promise<void>((resolve) => {
      stream.once('close', resolve);
      stream.end();
    });
  }

  #put(line: string): void {
    if (this.#over) return;
    this.#bytes += line.length;
    if (this.#bytes > MAX_BYTES) {
      this.#over = true;
      this.#log.warn({ limit: MAX_BYTES }, 'the trace of the call has become too long, the rest is left out');
    } else if (this.#open === undefined) {
      this.#before.push(line);
    } else if (this.#open.writableLength > MAX_WAITING) {
      this.#dropped++;
    } else {
      this.#open.write(line);
    }
  }

  async #create(file: string): Promise<WriteStream | undefined> {
    try {
      await makeFolder(path.dirname(file), 0o700);
      const stream = createWriteStream(file, { flags: 'wx', mode: 0o600 });
      await new Promise<void>((resolve, reject) => {
        stream.once('open', () => resolve());
        stream.once('error', reject);
      });
      stream.on('error', (cause) => this.#fail(file, cause));
      for (const line of this.#before) stream.write(line);
      this.#before = [];
      this.#open = stream;
      return stream;
    } catch (cause) {
      this.#fail(file, cause);
      return undefined;
    }
  }

  #fail(file: string, cause: unknown): void {
    this.#over = true;
    this.#before = [];
    this.#log.error({ err: cause, file }, 'the trace of the call cannot be written');
  }
}
