/**
 * RTCP packets on the wire (RFC 3550 6.4 to 6.6). A datagram is a compound of packets, each a whole number
 * of 32-bit words, of which the first is a sender or receiver report.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |V=2|P|   RC    |  PT=SR=200    |  length in words, less one    |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                         SSRC of sender                        |
 * +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 * |   SR only: NTP time (64), RTP timestamp (32),                 |
 * |   packets sent (32), payload octets sent (32)                 |
 * +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 * |   RC times: SSRC of the source                                |
 * | fraction lost |       cumulative number of packets lost       |
 * |           extended highest sequence number received           |
 * |                      interarrival jitter                      |
 * |                         last SR (LSR)                         |
 * |                   delay since last SR (DLSR)                  |
 * +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 */
import { readUint32, writeUint32 } from './packet.ts';

/** Reception of one source, as its receiver reports it. */
export interface ReportBlock {
  readonly ssrc: number;
  /** Share lost since the last report, in 256ths. */
  readonly fractionLost: number;
  /** −2²³ to 2²³ − 1. */
  readonly cumulativeLost: number;
  readonly extendedHighest: number;
  /** In timestamp units. */
  readonly jitter: number;
  /** Middle 32 bits of the NTP time in the last SR of the source; 0: none came. */
  readonly lastSenderReport: number;
  /** Since that SR came, in 65536ths of a second. */
  readonly delaySinceLastSenderReport: number;
}

export interface SenderInfo {
  /** Wall-clock time, ms since the Unix epoch. */
  readonly wallMs: number;
  /** The RTP timestamp of that instant. */
  readonly timestamp: number;
  readonly packets: number;
  /** Payload bytes. */
  readonly octets: number;
}

export interface RtcpReport {
  readonly ssrc: number;
  /** Undefined: a receiver report, of one who sent nothing since the last two reports. */
  readonly sender?: SenderInfo | undefined;
  /** At most 31. */
  readonly blocks: readonly ReportBlock[];
  /** Canonical name (RFC 3550 6.5.1), at most 255 bytes of UTF-8. */
  readonly cname: string;
  /** Adds a BYE: the sender leaves. */
  readonly bye?: boolean;
}

/** What was read of a compound; packets of other types are passed over. */
export interface RtcpCompound {
  readonly reports: readonly {
    readonly ssrc: number;
    readonly sender?: SenderInfo & { readonly ntpMiddle: number };
    readonly blocks: readonly ReportBlock[];
  }[];
  readonly cnames: readonly { readonly ssrc: number; readonly cname: string }[];
  /** Sources that left. */
  readonly byes: readonly number[];
}

/**
 * The rule that a datagram breaks (RFC 3550 A.2). `first`: it does not begin with a report. `length`: the
 * lengths of the packets do not add up, or one is too short for its contents.
 */
export type RtcpParseError = 'version' | 'first' | 'padding' | 'length';

/** Room enough for a report with one block, a CNAME of any length and BYE. */
export const MAX_RTCP_LENGTH = 512;

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const SOURCE_DESCRIPTION = 202;
const BYE = 203;
const CNAME_ITEM = 1;
const SENDER_INFO_LENGTH = 20;
const BLOCK_LENGTH = 24;
/** Seconds from 1900, where NTP begins, to 1970. */
const NTP_OFFSET = 2_208_988_800;

/** Middle 32 bits of the 64-bit NTP time (RFC 3550 6.4.1): 65536ths of a second. */
export function ntpMiddle(wallMs: number): number {
  return Math.floor(((wallMs / 1000 + NTP_OFFSET) % 65_536) * 65_536) >>> 0;
}

const utf8 = new TextEncoder();

/**
 * Writes a report with its source description, and BYE if asked for.
 * @returns bytes written; {@link MAX_RTCP_LENGTH} suffices for one block
 * @throws RangeError when the canonical name is longer than 255 bytes or `target` too short
 */
export function writeRtcp(target: Uint8Array, report: RtcpReport): number {
  const name = utf8.encode(report.cname);
  const { sender, blocks } = report;
  const first = 8 + (sender === undefined ? 0 : SENDER_INFO_LENGTH) + blocks.length * BLOCK_LENGTH;
  // Chunk: SSRC, item head, name, and at least one zero byte up to a whole word (RFC 3550 6.5).
  const description = 4 + 4 + Math.ceil((2 + name.length + 1) / 4) * 4;
  const total = first + description + (report.bye === true ? 8 : 0);
  if (name.length > 255) throw new RangeError('the canonical name is longer than 255 bytes');
  if (blocks.length > 31) throw new RangeError('a report holds at most 31 blocks');
  if (total > target.length) throw new RangeError(`the report needs ${total} bytes`);

  writeHead(target, 0, blocks.length, sender === undefined ? RECEIVER_REPORT : SENDER_REPORT, first);
  writeUint32(target, 4, report.ssrc);
  let at = 8;
  if (sender !== undefined) {
    const seconds = Math.floor(sender.wallMs / 1000);
    writeUint32(target, at, seconds + NTP_OFFSET);
    writeUint32(target, at + 4, Math.floor((sender.wallMs / 1000 - seconds) * 2 ** 32));
    writeUint32(target, at + 8, sender.timestamp);
    writeUint32(target, at + 12, sender.packets);
    writeUint32(target, at + 16, sender.octets);
    at += SENDER_INFO_LENGTH;
  }
  for (const block of blocks) {
    writeUint32(target, at, block.ssrc);
    writeUint32(target, at + 4, (block.fractionLost << 24) | (block.cumulativeLost & 0xffffff));
    writeUint32(target, at + 8, block.extendedHighest);
    writeUint32(target, at + 12, block.jitter);
    writeUint32(target, at + 16, block.lastSenderReport);
    writeUint32(target, at + 20, block.delaySinceLastSenderReport);
    at += BLOCK_LENGTH;
  }

  writeHead(target, at, 1, SOURCE_DESCRIPTION, description);
  writeUint32(target, at + 4, report.ssrc);
  target.fill(0, at + 8, at + description);
  target[at + 8] = CNAME_ITEM;
  target[at + 9] = name.length;
  target.set(name, at + 10);
  at += description;

  if (report.bye === true) {
    writeHead(target, at, 1, BYE, 8);
    writeUint32(target, at + 4, report.ssrc);
  }
  return total;
}

/** Reads a datagram. Never throws: a rule that it breaks is returned by name. */
export function parseRtcp(bytes: Uint8Array): RtcpCompound | RtcpParseError {
  const reports: RtcpCompound['reports'][number][] = [];
  const cnames: RtcpCompound['cnames'][number][] = [];
  const byes: number[] = [];
  if (bytes.length < 8) return 'length';
  for (let at = 0; at < bytes.length; ) {
    if (at + 4 > bytes.length) return 'length';
    if (bytes[at]! >> 6 !== 2) return 'version';
    const type = bytes[at + 1]!;
    if (at === 0 && type !== SENDER_REPORT && type !== RECEIVER_REPORT) return 'first';
    const next = at + 4 * (((bytes[at + 2]! << 8) | bytes[at + 3]!) + 1);
    if (next > bytes.length) return 'length';
    let end = next;
    if ((bytes[at]! & 0x20) !== 0) {
      // Only the last packet of a compound may be padded (RFC 3550 6.4.1).
      const padding = bytes[next - 1]!;
      if (next !== bytes.length || padding === 0 || padding % 4 !== 0 || padding > next - at - 4)
        return 'padding';
      end -= padding;
    }
    const count = bytes[at]! & 0x1f;
    const body = bytes.subarray(at + 4, end);
    if (type === SENDER_REPORT || type === RECEIVER_REPORT) {
      const report = readReport(body, count, type === SENDER_REPORT);
      if (report === undefined) return 'length';
      reports.push(report);
    } else if (type === SOURCE_DESCRIPTION) {
      if (!readDescription(body, count, cnames)) return 'length';
    } else if (type === BYE) {
      if (body.length < 4 * count) return 'length';
      for (let i = 0; i < count; i++) byes.push(readUint32(body, 4 * i));
    }
    at = next;
  }
  return { reports, cnames, byes };
}

function writeHead(target: Uint8Array, at: number, count: number, type: number, length: number): void {
  const words = length / 4 - 1;
  target[at] = 0x80 | count;
  target[at + 1] = type;
  target[at + 2] = words >>> 8;
  target[at + 3] = words;
}

function readReport(
  body: Uint8Array,
  count: number,
  hasSender: boolean,
): RtcpCompound['reports'][number] | undefined {
  const start = hasSender ? 4 + SENDER_INFO_LENGTH : 4;
  if (body.length < start + count * BLOCK_LENGTH) return undefined;
  const blocks = Array.from({ length: count }, (_, index): ReportBlock => {
    const at = start + index * BLOCK_LENGTH;
    return {
      ssrc: readUint32(body, at),
      fractionLost: body[at + 4]!,
      // Signed 24 bits: more may come than was expected, when packets are duplicated.
      cumulativeLost: (readUint32(body, at + 4) << 8) >> 8,
      extendedHighest: readUint32(body, at + 8),
      jitter: readUint32(body, at + 12),
      lastSenderReport: readUint32(body, at + 16),
      delaySinceLastSenderReport: readUint32(body, at + 20),
    };
  });
  const ssrc = readUint32(body, 0);
  if (!hasSender) return { ssrc, blocks };
  const seconds = readUint32(body, 4);
  const fraction = readUint32(body, 8);
  const sender = {
    // NTP's 32 bits of seconds wrap in 2036: small ones are of the era that begins then (RFC 4330 3).
    wallMs: (seconds + (seconds < 2 ** 31 ? 2 ** 32 : 0) - NTP_OFFSET + fraction / 2 ** 32) * 1000,
    ntpMiddle: ((seconds << 16) | (fraction >>> 16)) >>> 0,
    timestamp: readUint32(body, 12),
    packets: readUint32(body, 16),
    octets: readUint32(body, 20),
  };
  return { ssrc, sender, blocks };
}

/** Chunks of an SSRC and items, the list of items closed by zeros to a whole word (RFC 3550 6.5). */
function readDescription(
  body: Uint8Array,
  count: number,
  cnames: { ssrc: number; cname: string }[],
): boolean {
  let at = 0;
  for (let chunk = 0; chunk < count; chunk++) {
    if (at + 8 > body.length) return false;
    const ssrc = readUint32(body, at);
    at += 4;
    while (at < body.length && body[at] !== 0) {
      const length = body[at + 1];
      if (length === undefined || at + 2 + length > body.length) return false;
      if (body[at] === CNAME_ITEM) {
        cnames.push({ ssrc, cname: new TextDecoder().decode(body.subarray(at + 2, at + 2 + length)) });
      }
      at += 2 + length;
    }
    if (at >= body.length) return false;
    at = (at | 3) + 1;
  }
  return true;
}
