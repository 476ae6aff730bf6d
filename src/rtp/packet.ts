/**
 * RTP packets on the wire (RFC 3550 5.1).
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                           timestamp                           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |           synchronization source (SSRC) identifier            |
 * +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 * |            contributing source (CSRC) identifiers (0 to 15)   |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |  X: defined by profile (16)   |   length in 32-bit words (16) |
 * |                       header extension …                      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |   payload …                   |  P: padding …, its length (8) |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */

/**
 * What the parser made of a datagram: `ok`, or the rule that it breaks. `short`: it ends within the header,
 * the CSRC list or the extension. `version`: not 2. `padding`: the padding is longer than what is left, or 0.
 */
export type RtpParseCode = 'ok' | 'short' | 'version' | 'padding';

/** Length of the fixed header, bytes. */
export const RTP_HEADER_LENGTH = 12;

const VERSION = 2;
const PADDING_BIT = 0x20;
const EXTENSION_BIT = 0x10;
const MARKER_BIT = 0x80;

/**
 * The fields of one packet. The receive path keeps one of these and lets {@link parseRtp} overwrite it for
 * each packet; after a code other than `ok` its contents mean nothing. Offsets are bytes from the start of
 * the datagram.
 */
export class RtpHeader {
  marker = false;
  /** 0 to 127. */
  payloadType = 0;
  /** 0 to 65535. */
  sequence = 0;
  /** 0 to 2³² − 1, in units of the codec's clock. */
  timestamp = 0;
  /** 0 to 2³² − 1. */
  ssrc = 0;
  /** 0 to 15; the identifiers lie at byte 12, four bytes each. */
  csrcCount = 0;
  /** The 16 bits "defined by profile" of the header extension, or −1 when there is none. */
  extensionProfile = -1;
  extensionOffset = 0;
  /** Without its 4-byte head. */
  extensionLength = 0;
  payloadOffset = 0;
  /** Without padding. */
  payloadLength = 0;
  /** Bytes of padding behind the payload, its count included. */
  paddingLength = 0;
}

/** Reads the datagram `bytes` into `header`. Allocates nothing and never throws. */
export function parseRtp(bytes: Uint8Array, header: RtpHeader): RtpParseCode {
  const length = bytes.length;
  if (length < RTP_HEADER_LENGTH) return 'short';
  const first = bytes[0]!;
  if (first >> 6 !== VERSION) return 'version';
  const second = bytes[1]!;
  header.marker = (second & MARKER_BIT) !== 0;
  header.payloadType = second & 0x7f;
  header.sequence = (bytes[2]! << 8) | bytes[3]!;
  header.timestamp = readUint32(bytes, 4);
  header.ssrc = readUint32(bytes, 8);
  header.csrcCount = first & 0x0f;

  let offset = RTP_HEADER_LENGTH + 4 * header.csrcCount;
  header.extensionProfile = -1;
  header.extensionOffset = offset;
  header.extensionLength = 0;
  if ((first & EXTENSION_BIT) !== 0) {
    if (offset + 4 > length) return 'short';
    header.extensionProfile = (bytes[offset]! << 8) | bytes[offset + 1]!;
    header.extensionLength = 4 * ((bytes[offset + 2]! << 8) | bytes[offset + 3]!);
    header.extensionOffset = offset + 4;
    offset = header.extensionOffset + header.extensionLength;
  }
  if (offset > length) return 'short';

  header.paddingLength = 0;
  if ((first & PADDING_BIT) !== 0) {
    const padding = bytes[length - 1]!;
    if (padding === 0 || offset + padding > length) return 'padding';
    header.paddingLength = padding;
  }
  header.payloadOffset = offset;
  header.payloadLength = length - offset - header.paddingLength;
  return 'ok';
}

/**
 * Writes the fixed header (no CSRC, extension or padding) to the first {@link RTP_HEADER_LENGTH} bytes of
 * `target`. `sequence` and `timestamp` are taken modulo 2¹⁶ and 2³², so a sender may simply count up.
 */
export function writeRtpHeader(
  target: Uint8Array,
  payloadType: number,
  marker: boolean,
  sequence: number,
  timestamp: number,
  ssrc: number,
): void {
  target[0] = VERSION << 6;
  target[1] = (marker ? MARKER_BIT : 0) | (payloadType & 0x7f);
  target[2] = sequence >>> 8;
  target[3] = sequence;
  writeUint32(target, 4, timestamp);
  writeUint32(target, 8, ssrc);
}

/**
 * Whether a datagram on a port that carries both is RTCP: its second byte is then 192 to 223, which RTP
 * reaches only with payload types 64 to 95, and those are kept free for this (RFC 5761 4).
 */
export function isRtcp(bytes: Uint8Array): boolean {
  if (bytes.length < 2) return false;
  const second = bytes[1]!;
  return second >= 192 && second <= 223;
}

/** Big-endian unsigned 32 bits at `offset`. */
export function readUint32(bytes: Uint8Array, offset: number): number {
  return (
    ((bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!) >>>
    0
  );
}

/** Writes the low 32 bits of `value`, big-endian. */
export function writeUint32(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value >>> 24;
  target[offset + 1] = value >>> 16;
  target[offset + 2] = value >>> 8;
  target[offset + 3] = value;
}
