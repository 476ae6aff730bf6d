import { createRequire } from 'node:module';
import { getSystemErrorName } from 'node:util';
import {
  AF_INET,
  CLOCK_REALTIME,
  ERRNO,
  MAP_PRIVATE_ANONYMOUS,
  MAP_SHARED_POPULATE,
  PROT_READ_WRITE,
  SYSCALL,
} from './abi.ts';
import type { Holdings, Mapping } from './holdings.ts';

/** Memory that the kernel reads and writes, too: it stays where it is until the thread ends. */
export interface SharedMemory {
  readonly buffer: ArrayBuffer;
  /** Below 2^53. */
  readonly address: number;
}

/** What of the C library is called here. @throws LibcError for each call that fails, but where it says otherwise */
export interface Libc {
  ioUringSetup(entries: number, params: Uint8Array): number;
  /** @returns requests taken, or minus the errno */
  ioUringEnter(fd: number, submit: number, flags: number): number;
  ioUringRegister(fd: number, opcode: number, argument: Uint8Array, count: number): void;
  /** @returns a descriptor of the given family, a member of AF_… */
  socket(family: number, type: number): number;
  setOption(fd: number, level: number, name: number, value: number): void;
  /** @returns false when the address is in use, which is no failure: whoever looks for a free port expects it */
  bind(fd: number, address: Uint8Array): boolean;
  /** Writes the socket's own address over `address`, a struct sockaddr of its family. */
  socketName(fd: number, address: Uint8Array): void;
  close(fd: number): void;
  /** The system closes it by a request that was queued. */
  leave(fd: number): void;
  /** Writes the system's clock over `time`: seconds in the first two words, nanoseconds in the third. */
  realtime(time: Uint32Array): void;
  /** Where the bytes of a buffer lie: they stay there while somebody has the buffer, unless it is transferred. */
  addressOf(buffer: ArrayBufferLike): number;
  /** Pages of zeros. */
  allocate(bytes: number): SharedMemory;
  /** Memory of a ring. */
  map(fd: number, bytes: number, offset: number): SharedMemory;
  /** Nobody may touch it from now on. */
  unmap(mapping: Mapping): void;
}

export class LibcError extends Error {
  constructor(call: string, errno: number) {
    super(`${call}: ${getSystemErrorName(-errno)}`);
    this.name = 'LibcError';
  }
}

/**
 * By koffi, which needs no compiler.
 * @param holdings is told of what is opened, closed and mapped here
 * @throws Error where koffi has no build for this system
 */
export function loadLibc(holdings?: Holdings): Libc {
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64'))
    throw new Error(`only on Linux for x64 or arm64, this is ${process.platform} for ${process.arch}`);
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const lib = koffi.load(null);
  const setup = lib.func('syscall', 'long', ['long', 'uint32', 'void*']);
  const enter = lib.func('syscall', 'long', [
    'long',
    'int',
    'uint32',
    'uint32',
    'uint32',
    'uint64',
    'uint64',
  ]);
  const register = lib.func('syscall', 'long', ['long', 'int', 'uint32', 'void*', 'uint32']);
  const socket = lib.func('socket', 'int', ['int', 'int', 'int']);
  const setsockopt = lib.func('setsockopt', 'int', ['int', 'int', 'int', 'void*', 'uint32']);
  const bind = lib.func('bind', 'int', ['int', 'void*', 'uint32']);
  const getsockname = lib.func('getsockname', 'int', ['int', 'void*', 'void*']);
  const close = lib.func('close', 'int', ['int']);
  const gettime = lib.func('clock_gettime', 'int', ['int', 'void*']);
  const mmap = lib.func('mmap', 'int64', ['void*', 'size_t', 'int', 'int', 'int', 'int64']);
  const munmap = lib.func('munmap', 'int', ['int64', 'size_t']);
  const word = new Int32Array(1);
  const checked = (call: string, result: number): number => {
    if (result < 0) throw new LibcError(call, koffi.errno());
    return result;
  };
  const opened = (call: string, result: number): number => {
    const fd = checked(call, result);
    holdings?.add(fd);
    return fd;
  };
  const mapped = (bytes: number, flags: number, fd: number, offset: number): SharedMemory => {
    const address = checked('mmap', Number(mmap(null, bytes, PROT_READ_WRITE, flags, fd, offset)));
    return { buffer: koffi.view(BigInt(address), bytes), address };
  };

  return {
    ioUringSetup: (entries, params) => opened('io_uring_setup', setup(SYSCALL.setup, entries, params)),
    ioUringEnter: (fd, submit, flags) => {
      const result: number = enter(SYSCALL.enter, fd, submit, 0, flags, 0, 0);
      return result < 0 ? -koffi.errno() : result;
    },
    ioUringRegister: (fd, opcode, argument, count) => {
      checked('io_uring_register', register(SYSCALL.register, fd, opcode, argument, count));
    },
    socket: (family, type) =>
      opened(family === AF_INET ? 'socket' : 'socket (IPv6)', socket(family, type, 0)),
    setOption: (fd, level, name, value) => {
      word[0] = value;
      checked('setsockopt', setsockopt(fd, level, name, word, word.byteLength));
    },
    bind: (fd, address) => {
      const result: number = bind(fd, address, address.length);
      if (result < 0 && koffi.errno() === ERRNO.EADDRINUSE) return false;
      checked('bind', result);
      return true;
    },
    socketName: (fd, address) => {
      checked('getsockname', getsockname(fd, address, new Uint32Array([address.length])));
    },
    close: (fd) => {
      holdings?.delete(fd);
      checked('close', close(fd));
    },
    leave: (fd) => holdings?.delete(fd),
    realtime: (time) => {
      gettime(CLOCK_REALTIME, time);
    },
    addressOf: (buffer) => Number(koffi.address(buffer)),
    allocate: (bytes) => mapped(bytes, MAP_PRIVATE_ANONYMOUS, -1, 0),
    map: (fd, bytes, offset) => {
      const memory = mapped(bytes, MAP_SHARED_POPULATE, fd, offset);
      holdings?.addMapping({ address: memory.address, bytes });
      return memory;
    },
    unmap: ({ address, bytes }) => {
      checked('munmap', munmap(address, bytes));
    },
  };
}
