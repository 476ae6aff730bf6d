import { isToken } from './chars.ts';
import { excerpt, SipSerializeError } from './errors.ts';
import { usualKey } from './header-names.ts';
import type { SipMessage } from './message.ts';
import { UNSAFE_URI } from './uri.ts';
import { hasBareNul } from './values.ts';

const UNSAFE_VALUE = /[\0\r\n]/;

/**
 * The bytes of a message: UTF-8, CRLF, header fields in their order, Content-Length always right: in the
 * place of the one that is there, else last.
 * @throws SipSerializeError on line ends or NUL in any part of the head, and on a method, status, URI or
 *   header name that is none
 */
export function serialize(message: SipMessage): Buffer {
  const { headers, body } = message;
  let head = startLine(message);
  let hasLength = false;
  for (let i = 0; i < headers.size; i++) {
    const name = headers.nameAt(i);
    if (headers.keyAt(i) === 'content-length') {
      if (!hasLength) head += `${name}: ${body.length}\r\n`;
      hasLength = true;
      continue;
    }
    if (usualKey(name) === undefined && !isToken(name)) {
      throw new SipSerializeError(`${excerpt(name)} is no header name: use letters, digits and "-"`);
    }
    const value = headers.valueAt(i);
    if (UNSAFE_VALUE.test(value) && isUnsafe(value)) {
      throw new SipSerializeError(
        `header ${name}: CR, LF or NUL in ${excerpt(value)}; take it out or escape it`,
      );
    }
    head += `${name}: ${value}\r\n`;
  }
  head += hasLength ? '\r\n' : `Content-Length: ${body.length}\r\n\r\n`;
  if (body.length === 0) return Buffer.from(head, 'utf8');
  const headBytes = Buffer.byteLength(head, 'utf8');
  const bytes = Buffer.allocUnsafe(headBytes + body.length);
  bytes.write(head, 0, 'utf8');
  body.copy(bytes, headBytes);
  return bytes;
}

function startLine(message: SipMessage): string {
  if (message.kind === 'request') {
    if (!isToken(message.method)) throw new SipSerializeError(`${excerpt(message.method)} is no method`);
    if (message.uri === '' || UNSAFE_URI.test(message.uri)) {
      throw new SipSerializeError(
        `Request-URI ${excerpt(message.uri)}: space, control character, < > or quote`,
      );
    }
    return `${message.method} ${message.uri} SIP/2.0\r\n`;
  }
  const { status, reason } = message;
  if (!Number.isInteger(status) || status < 100 || status > 699) {
    throw new SipSerializeError(`status ${status} is not 100 to 699`);
  }
  if (UNSAFE_VALUE.test(reason))
    throw new SipSerializeError(`reason phrase ${excerpt(reason)}: CR, LF or NUL`);
  return `SIP/2.0 ${status} ${reason}\r\n`;
}

/** A NUL may stand in a quoted pair; a line end nowhere. */
function isUnsafe(value: string): boolean {
  return value.includes('\r') || value.includes('\n') || hasBareNul(value);
}
