import {
  type SdpAttribute,
  type SdpConnection,
  type SdpMedia,
  type SdpOrigin,
  SdpParseError,
  type SessionDescription,
} from './description.ts';

/** Bounds of what is read; a description beyond them is refused. */
export const SDP_LIMITS = { bytes: 16_384, lines: 1000, media: 32, formats: 64 } as const;

const CR = 0x0d;
const LF = 0x0a;
/** Anything but single spaces between words. */
const UNUSUAL_SPACE = /[^\S ]| {2}|^ | $/;

interface Line {
  readonly number: number;
  readonly type: string;
  readonly value: string;
}

interface MediaDraft {
  type: string;
  port: number;
  protocol: string;
  formats: readonly string[];
  connection?: SdpConnection;
  attributes: SdpAttribute[];
}

const UNKNOWN_ORIGIN: SdpOrigin = {
  username: '-',
  sessionId: '0',
  sessionVersion: '0',
  addressType: 'IP4',
  address: '0.0.0.0',
};

/**
 * Reads a session description (RFC 8866 5). Lines may end in LF alone, `s=` and `t=` may be missing and
 * lines of unknown type are passed over, since phones send all of that.
 * @throws SdpParseError naming the line
 */
export function parseSdp(text: string): SessionDescription {
  let origin = UNKNOWN_ORIGIN;
  let sessionName = '-';
  let connection: SdpConnection | undefined;
  const attributes: SdpAttribute[] = [];
  const media: MediaDraft[] = [];
  let versionSeen = false;

  let current: MediaDraft | undefined;
  for (const line of linesOf(text)) {
    switch (line.type) {
      case 'v':
        if (line.value.trim() !== '0')
          throw new SdpParseError(line.number, `version '${line.value}', expected 0`);
        versionSeen = true;
        break;
      case 'o':
        origin = parseOrigin(line);
        break;
      case 's':
        sessionName = line.value;
        break;
      case 'c': {
        const parsed = parseConnection(line);
        if (current !== undefined) current.connection = parsed;
        else connection = parsed;
        break;
      }
      case 'm':
        if (media.length === SDP_LIMITS.media) {
          throw new SdpParseError(line.number, `more than ${SDP_LIMITS.media} media lines`);
        }
        current = parseMedia(line);
        media.push(current);
        break;
      case 'a':
        (current?.attributes ?? attributes).push(parseAttribute(line.value));
        break;
      default:
        // b=, t=, k=, i= and what is yet to be invented have no bearing on a call's audio.
        break;
    }
  }
  if (!versionSeen) throw new SdpParseError(1, "no 'v=0' line");
  return { origin, sessionName, ...(connection !== undefined && { connection }), attributes, media };
}

/** Lines with something in them, each behind its number. */
function linesOf(text: string): Line[] {
  if (text.length > SDP_LIMITS.bytes) throw new SdpParseError(1, `longer than ${SDP_LIMITS.bytes} bytes`);
  const lines: Line[] = [];
  let number = 0;
  for (let start = 0; start <= text.length; ) {
    if (++number > SDP_LIMITS.lines) throw new SdpParseError(1, `more than ${SDP_LIMITS.lines} lines`);
    const end = lineEndAt(text, start);
    const line = text.slice(start, end);
    if (/^[a-zA-Z]=/.test(line)) lines.push({ number, type: line[0]!, value: line.slice(2) });
    else if (line.trim() !== '')
      throw new SdpParseError(number, `expected 'type=value', found '${line.slice(0, 40)}'`);
    start = end + (text.charCodeAt(end) === CR && text.charCodeAt(end + 1) === LF ? 2 : 1);
  }
  return lines;
}

/** Index of the CR or LF that ends the line, or the end of the text. */
function lineEndAt(text: string, start: number): number {
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === LF || code === CR) return i;
  }
  return text.length;
}

/** What stands between white space. */
function wordsOf(text: string): string[] {
  return UNUSUAL_SPACE.test(text) ? text.trim().split(/\s+/) : text.split(' ');
}

function parseOrigin(line: Line): SdpOrigin {
  const [username, sessionId, sessionVersion, net, addressType, address] = wordsOf(line.value);
  if (address === undefined || net !== 'IN' || (addressType !== 'IP4' && addressType !== 'IP6')) {
    throw new SdpParseError(line.number, `'o=' needs user, id, version, IN, IP4 or IP6 and an address`);
  }
  return {
    username: username!,
    sessionId: sessionId!,
    sessionVersion: sessionVersion!,
    addressType,
    address,
  };
}

function parseConnection(line: Line): SdpConnection {
  const [net, addressType, address] = wordsOf(line.value);
  if (address === undefined || net !== 'IN' || (addressType !== 'IP4' && addressType !== 'IP6')) {
    throw new SdpParseError(line.number, `'c=' needs IN, IP4 or IP6 and an address`);
  }
  return { addressType, address: address.split('/')[0]! };
}

function parseMedia(line: Line): MediaDraft {
  // Each part ends at white space alone, so that no text can be cut in many ways.
  const match = /^(\S+)\s+(\d{1,5})(?:\/\d+)?\s+(\S+)(?:\s+(.*))?$/s.exec(line.value.trim());
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) {
    throw new SdpParseError(line.number, `'m=' needs a type, a port, a protocol and formats`);
  }
  const formats = wordsOf(match[4] ?? '').filter((format) => format !== '');
  if (formats.length > SDP_LIMITS.formats) {
    throw new SdpParseError(line.number, `more than ${SDP_LIMITS.formats} formats`);
  }
  return { type: match[1]!.toLowerCase(), port, protocol: match[3]!, formats, attributes: [] };
}

function parseAttribute(value: string): SdpAttribute {
  const colon = value.indexOf(':');
  return colon < 0
    ? { name: value.trim() }
    : { name: value.slice(0, colon).trim(), value: value.slice(colon + 1).trim() };
}

/** The `c=` that holds for a stream: its own, else the session's (RFC 8866 5.7). */
export function connectionOf(description: SessionDescription, media: SdpMedia): SdpConnection | undefined {
  return media.connection ?? description.connection;
}
