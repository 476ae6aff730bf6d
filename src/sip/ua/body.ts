import { contentType } from '../message/accessors.ts';
import { SipParseError } from '../message/errors.ts';
import { type MediaType, parseMediaType } from '../message/fields.ts';
import type { HeaderField } from '../message/headers.ts';
import type { SipMessage } from '../message/message.ts';

const SDP = 'application/sdp';
/** Parts of a multipart body that are looked at, and how deep they may nest. */
const MAX_PARTS = 16;
const MAX_DEPTH = 3;
/** RFC 2046 5.1.1 */
const MAX_BOUNDARY = 70;

/** Content-Type of a session description of ours. */
export const SDP_HEADER: HeaderField = ['Content-Type', SDP];

/**
 * The session description of a message: its body, or the first part of that type in a multipart body
 * (RFC 5621 3). Undefined when there is none, also when the body is of another type or cannot be read.
 */
export function sessionDescription(message: SipMessage): string | undefined {
  if (message.body.length === 0) return undefined;
  try {
    const media = contentType(message);
    if (media === undefined) return undefined;
    if (media.type === SDP) return message.body.toString('utf8');
    return findPart(media.type, media.params.get('boundary'), message.body, 0);
  } catch (error) {
    if (error instanceof SipParseError) return undefined;
    throw error;
  }
}

function findPart(
  type: string,
  boundary: string | undefined,
  body: Buffer,
  depth: number,
): string | undefined {
  if (!type.startsWith('multipart/') || depth === MAX_DEPTH) return undefined;
  if (boundary === undefined || boundary === '' || boundary.length > MAX_BOUNDARY) return undefined;
  for (const part of partsOf(body, boundary)) {
    const headEnd = part.startsWith('\r\n') ? 0 : part.indexOf('\r\n\r\n');
    if (headEnd < 0) continue;
    const content = part.slice(headEnd === 0 ? 2 : headEnd + 4);
    const media = mediaTypeOf(part.slice(0, headEnd));
    if (media === undefined) continue;
    if (media.type === SDP) return Buffer.from(content, 'latin1').toString('utf8');
    const inner = findPart(
      media.type,
      media.params.get('boundary'),
      Buffer.from(content, 'latin1'),
      depth + 1,
    );
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** Of a part, by its headers, which may be folded; undefined when it cannot be read: no matter of the other parts. */
function mediaTypeOf(head: string): MediaType | undefined {
  const value = /^content-type[ \t]*:(.*(?:\r\n[ \t].*)*)/im.exec(head)?.[1];
  try {
    return parseMediaType(value?.replaceAll('\r\n', ' ').trim() ?? 'text/plain');
  } catch (error) {
    if (error instanceof SipParseError) return undefined;
    throw error;
  }
}

/** Parts with their headers, one byte a character; a part begins behind the line end of its delimiter. */
function partsOf(body: Buffer, boundary: string): string[] {
  const text = `\r\n${body.toString('latin1')}`;
  const pieces = text.split(`\r\n--${boundary}`, MAX_PARTS + 1).slice(1);
  const parts: string[] = [];
  for (const piece of pieces) {
    if (piece.startsWith('--')) break;
    const lineEnd = piece.indexOf('\r\n');
    if (lineEnd >= 0) parts.push(piece.slice(lineEnd + 2));
  }
  return parts;
}
