/**
 * Numbers and layouts of io_uring and of sockets on 64-bit little-endian Linux, as its headers have them
 * (include/uapi/linux/io_uring.h, include/uapi/linux/in.h, in6.h; the same on x86-64 and arm64). Offsets in bytes.
 */

export const SYSCALL = { setup: 425, enter: 426, register: 427 } as const;

export const SETUP = {
  cqSize: 1 << 3,
  submitAll: 1 << 7,
  taskrunFlag: 1 << 9,
  singleIssuer: 1 << 12,
  deferTaskrun: 1 << 13,
} as const;
export const FEATURE_SINGLE_MMAP = 1;
/** In the flags of the submission queue: completions wait for an `enter` to be posted. */
export const SQ_TASKRUN = 1 << 2;
/** In the same: so do completions for which there was no room. */
export const SQ_CQ_OVERFLOW = 1 << 1;
export const ENTER_GETEVENTS = 1;
export const REGISTER_PBUF_RING = 22;

/** struct io_uring_params */
export const PARAMS = {
  size: 120,
  cqEntries: 4,
  flags: 8,
  features: 20,
  sqOffsets: 40,
  cqOffsets: 80,
} as const;
/** struct io_sqring_offsets */
export const SQ_OFFSETS = { head: 0, tail: 4, flags: 16, array: 24 } as const;
/** struct io_cqring_offsets */
export const CQ_OFFSETS = { head: 0, tail: 4, cqes: 20 } as const;
export const MMAP_RING = 0;
export const MMAP_SQES = 0x1000_0000;

/** struct io_uring_sqe, in words of 32 bits */
export const SQE = {
  words: 16,
  /** opcode | flags << 8 | ioprio << 16 */
  head: 0,
  fd: 1,
  offsetLow: 2,
  offsetHigh: 3,
  addressLow: 4,
  addressHigh: 5,
  length: 6,
  operationFlags: 7,
  userDataLow: 8,
  userDataHigh: 9,
  /** Group of provided buffers, in the lower half. */
  bufferGroup: 10,
} as const;
export const SQE_BUFFER_SELECT = 1 << 5;
export const SQE_SKIP_SUCCESS = 1 << 6;
export const OPERATION = { sendmsg: 9, recvmsg: 10, asyncCancel: 14, close: 19, write: 23 } as const;
export const RECV_MULTISHOT = 1 << 1;

/** struct io_uring_cqe, in words of 32 bits */
export const CQE = { words: 4, userDataLow: 0, userDataHigh: 1, result: 2, flags: 3 } as const;
export const CQE_BUFFER = 1;
export const CQE_MORE = 2;

/** struct io_uring_buf_reg and struct io_uring_buf */
export const BUFFER_REGISTRATION = { size: 40, address: 0, entries: 8, group: 12 } as const;
export const BUFFER_ENTRY = { size: 16, address: 0, length: 8, id: 12, ringTail: 14 } as const;
/** struct io_uring_recvmsg_out; behind it the address, control data and payload */
export const RECVMSG_OUT = { size: 16, payloadLength: 8, flags: 12 } as const;

/** struct msghdr and struct iovec */
export const MSGHDR = {
  size: 56,
  name: 0,
  nameLength: 8,
  iov: 16,
  iovLength: 24,
  controlLength: 40,
} as const;
export const IOVEC = { size: 16, base: 0, length: 8 } as const;
export const MSG = { truncated: 0x20, dontWait: 0x40, noSignal: 0x4000 } as const;

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_DGRAM_CLOEXEC = 2 | 0o2_000_000;
export const SOL_SOCKET = 1;
export const SO_RCVBUF = 8;
export const SO_TIMESTAMPNS = 35;
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;
/** struct sockaddr_in and struct sockaddr_in6 */
export const SOCKADDR_IN_SIZE = 16;
export const SOCKADDR_IN6_SIZE = 28;

export const ERRNO = { EINTR: 4, EAGAIN: 11, EADDRINUSE: 98, ENOBUFS: 105 } as const;

export const CLOCK_REALTIME = 0;

export const PROT_READ_WRITE = 3;
export const MAP_SHARED_POPULATE = 0x1 | 0x8000;
export const MAP_PRIVATE_ANONYMOUS = 0x2 | 0x20;
