import type { FileSystem } from './file-system.ts';

/** A change of a file, in the order in which they were made. */
export type FileChange =
  | { readonly type: 'write'; readonly file: string; readonly position: number; readonly bytes: Uint8Array }
  | { readonly type: 'truncate'; readonly file: string; readonly length: number }
  | { readonly type: 'rename'; readonly file: string; readonly to: string };

/** A disk in memory that keeps a note of every change, so that it can be put back to any state on the way. */
export class MemoryFiles implements FileSystem {
  readonly changes: FileChange[] = [];
  readonly #files = new Map<string, Buffer>();
  readonly #open = new Map<number, string>();
  #next = 3;

  /** A disk as it is after these changes. */
  static after(changes: readonly FileChange[]): MemoryFiles {
    const files = new MemoryFiles();
    for (const change of changes) files.#apply(change);
    return files;
  }

  get names(): string[] {
    return [...this.#files.keys()];
  }

  content(file: string): Buffer {
    const found = this.#files.get(file);
    if (found === undefined) throw new Error(`there is no ${file}`);
    return found;
  }

  put(file: string, content: Uint8Array): void {
    this.#files.set(file, Buffer.from(content));
  }

  async create(file: string): Promise<number> {
    if (this.#files.has(file)) throw Object.assign(new Error(`EEXIST: ${file}`), { code: 'EEXIST' });
    this.put(file, new Uint8Array(0));
    return this.open(file);
  }

  async open(file: string): Promise<number> {
    this.content(file);
    this.#open.set(this.#next, file);
    return this.#next++;
  }

  async write(fd: number, bytes: Uint8Array, position: number): Promise<number> {
    this.#apply({ type: 'write', file: this.#name(fd), position, bytes: bytes.slice() });
    return bytes.length;
  }

  async read(fd: number, bytes: Uint8Array, position: number): Promise<number> {
    const found = this.content(this.#name(fd)).subarray(position, position + bytes.length);
    bytes.set(found);
    return found.length;
  }

  async truncate(fd: number, length: number): Promise<void> {
    this.#apply({ type: 'truncate', file: this.#name(fd), length });
  }

  async sync(): Promise<void> {}

  async close(fd: number): Promise<void> {
    this.#open.delete(fd);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#apply({ type: 'rename', file: from, to });
  }

  async remove(file: string): Promise<void> {
    this.#files.delete(file);
  }

  async size(file: string): Promise<number | undefined> {
    return this.#files.get(file)?.length;
  }

  #name(fd: number): string {
    const name = this.#open.get(fd);
    if (name === undefined) throw Object.assign(new Error('EBADF'), { code: 'EBADF' });
    return name;
  }

  #apply(change: FileChange): void {
    this.changes.push(change);
    const old = this.#files.get(change.file) ?? Buffer.alloc(0);
    switch (change.type) {
      case 'write': {
        const content = Buffer.alloc(Math.max(old.length, change.position + change.bytes.length));
        content.set(old);
        content.set(change.bytes, change.position);
        this.#files.set(change.file, content);
        return;
      }
      case 'truncate':
        this.#files.set(
          change.file,
          Buffer.concat([old, Buffer.alloc(change.length)]).subarray(0, change.length),
        );
        return;
      case 'rename':
        this.#files.delete(change.file);
        this.#files.set(change.to, old);
    }
  }
}
