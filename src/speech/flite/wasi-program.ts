/** Errors of WASI preview 1 (`errno`). */
const SUCCESS = 0;
const BADF = 8;
const NOSYS = 52;
const SPIPE = 70;

const STDERR = 2;
const ROOT_FOLDER = 3;
const OUTPUT_FILE = 4;
const FILE_TYPE_FOLDER = 3;
const FILE_TYPE_REGULAR = 4;

/** Most that one run may write, bytes: over half an hour of 16 kHz speech. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const MAX_STDERR_BYTES = 4096;

export interface WasiRun {
  /** What the program wrote to the one file that it can open, whatever its name. */
  readonly output: Buffer;
  readonly stderr: string;
  readonly exitCode: number;
}

interface WasiExports {
  readonly memory: WebAssembly.Memory;
  _start(): void;
}

class ProgramExit extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/**
 * Runs a WASI command again and again in one instance, each time from the same pristine memory (constants
 * aside, which no run can change), so that every run is the same as the first and nothing adds up. The program sees no clock, no input and no file system:
 * only its arguments, and one file to write to.
 */
export class WasiProgram {
  readonly #module: WebAssembly.Module;
  #exports: WasiExports | undefined;
  /** Where variables begin in memory; what lies below is constant. */
  readonly #variables: number;
  /** Memory from there on, as it was before the first run. */
  #pristine: Uint8Array | undefined;
  #arguments: readonly Buffer[] = [];
  #written: Buffer[] = [];
  #writtenBytes = 0;
  #stderr = '';

  /** @param variables address in memory below which all is constant */
  constructor(module: WebAssembly.Module, variables: number) {
    this.#module = module;
    this.#variables = variables;
  }

  /**
   * @param args program name first
   * @throws WebAssembly.RuntimeError or RangeError when the program breaks; the next run starts anew
   */
  run(args: readonly string[]): WasiRun {
    this.#prepare();
    // The C side ends each argument with a zero, so it must not hold one.
    this.#arguments = args.map((argument) => Buffer.from(`${argument.replaceAll('\0', ' ')}\0`));
    this.#written = [];
    this.#writtenBytes = 0;
    this.#stderr = '';
    let exitCode = 0;
    try {
      this.#exports?._start();
    } catch (error) {
      // Stack pointer and heap are in an unknown state behind both.
      this.#exports = undefined;
      if (!(error instanceof ProgramExit)) throw error;
      exitCode = error.exitCode;
    }
    const output = Buffer.concat(this.#written);
    this.#written = [];
    return { output, stderr: this.#stderr, exitCode };
  }

  #prepare(): void {
    if (this.#exports !== undefined && this.#pristine !== undefined) {
      const memory = this.#bytes();
      memory.set(this.#pristine, this.#variables);
      memory.fill(0, this.#variables + this.#pristine.length);
      return;
    }
    const instance = new WebAssembly.Instance(this.#module, { wasi_snapshot_preview1: this.#imports() });
    this.#exports = instance.exports as unknown as WasiExports;
    this.#pristine ??= this.#bytes().slice(this.#variables);
  }

  #imports(): WebAssembly.ModuleImports {
    return {
      args_sizes_get: (count: number, size: number) => {
        const view = this.#view();
        view.setUint32(count, this.#arguments.length, true);
        view.setUint32(
          size,
          this.#arguments.reduce((sum, argument) => sum + argument.length, 0),
          true,
        );
        return SUCCESS;
      },
      args_get: (pointers: number, text: number) => {
        let pointer = pointers;
        let at = text;
        for (const argument of this.#arguments) {
          this.#view().setUint32(pointer, at, true);
          this.#bytes().set(argument, at);
          pointer += 4;
          at += argument.length;
        }
        return SUCCESS;
      },
      clock_time_get: (_clock: number, _precision: bigint, time: number) => {
        this.#view().setBigUint64(time, 0n, true);
        return SUCCESS;
      },
      fd_close: () => SUCCESS,
      fd_fdstat_set_flags: () => SUCCESS,
      fd_fdstat_get: (fd: number, stat: number) => {
        if (fd > OUTPUT_FILE) return BADF;
        this.#bytes().fill(0, stat, stat + 24);
        this.#view().setUint8(stat, fd === ROOT_FOLDER ? FILE_TYPE_FOLDER : FILE_TYPE_REGULAR);
        // All rights, own and inherited.
        this.#view().setBigUint64(stat + 8, 0xffff_ffff_ffff_ffffn, true);
        this.#view().setBigUint64(stat + 16, 0xffff_ffff_ffff_ffffn, true);
        return SUCCESS;
      },
      fd_prestat_get: (fd: number, stat: number) => {
        if (fd !== ROOT_FOLDER) return BADF;
        this.#view().setUint8(stat, 0);
        this.#view().setUint32(stat + 4, 1, true);
        return SUCCESS;
      },
      fd_prestat_dir_name: (_fd: number, name: number) => {
        this.#view().setUint8(name, '/'.charCodeAt(0));
        return SUCCESS;
      },
      fd_read: (_fd: number, _vectors: number, _count: number, read: number) => {
        this.#view().setUint32(read, 0, true);
        return SUCCESS;
      },
      fd_seek: () => SPIPE,
      fd_write: (fd: number, vectors: number, count: number, written: number) => {
        const total = this.#write(fd, vectors, count);
        this.#view().setUint32(written, total, true);
        return SUCCESS;
      },
      path_open: (
        _folder: number,
        _lookup: number,
        _path: number,
        _pathLength: number,
        openFlags: number,
        _rights: bigint,
        _inherited: bigint,
        _flags: number,
        opened: number,
      ) => {
        // Only to create: there is nothing to read.
        if ((openFlags & 1) === 0) return NOSYS;
        this.#view().setUint32(opened, OUTPUT_FILE, true);
        return SUCCESS;
      },
      proc_exit: (code: number) => {
        throw new ProgramExit(code);
      },
    };
  }

  #write(fd: number, vectors: number, count: number): number {
    let total = 0;
    for (let index = 0; index < count; index++) {
      const start = this.#view().getUint32(vectors + 8 * index, true);
      const length = this.#view().getUint32(vectors + 8 * index + 4, true);
      const bytes = this.#bytes().subarray(start, start + length);
      total += length;
      if (fd === OUTPUT_FILE) {
        this.#writtenBytes += length;
        if (this.#writtenBytes > MAX_OUTPUT_BYTES)
          throw new RangeError(`over ${MAX_OUTPUT_BYTES} bytes of output`);
        this.#written.push(Buffer.from(bytes));
      } else if (fd === STDERR && this.#stderr.length < MAX_STDERR_BYTES) {
        this.#stderr += Buffer.from(bytes).toString('utf8').slice(0, MAX_STDERR_BYTES);
      }
    }
    return total;
  }

  /** Views are made anew each time: the memory moves when it grows. */
  #view(): DataView {
    return new DataView(this.#memory());
  }

  #bytes(): Uint8Array {
    return new Uint8Array(this.#memory());
  }

  #memory(): ArrayBuffer {
    if (this.#exports === undefined) throw new Error('the program is not running');
    return this.#exports.memory.buffer as ArrayBuffer;
  }
}
