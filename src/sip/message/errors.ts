import type { SipRequest } from './message.ts';
import { reasonPhrase } from './status.ts';

/**
 * A message, header or URI that is not SIP as RFC 3261 has it, or is past {@link SIP_LIMITS}. The only error
 * that the parsers of this folder throw.
 */
export class SipParseError extends Error {
  override readonly name = 'SipParseError';
  /** Status to answer a request with: 400, 414, 505 or 513. */
  readonly status: number;
  /** Reason phrase for the answer: the standard one, so that no hostile text is echoed in it. */
  readonly reason: string;
  /** What the start line says the message is; undefined when it says neither, or when no message was at hand. */
  readonly kind: 'request' | 'response' | undefined;
  /**
   * Enough of a refused request to answer it with `createResponse`: Via, From, To, Call-ID and CSeq as far
   * as they were there, the first of each single one. Undefined when there is nothing to answer: a response,
   * an ACK, a message without Via, or no message at all.
   */
  readonly request: SipRequest | undefined;

  /** @param message what is wrong and where, for the log */
  constructor(
    message: string,
    status = 400,
    about: { readonly kind?: 'request' | 'response'; readonly request?: SipRequest | undefined } = {},
  ) {
    super(message);
    this.status = status;
    this.reason = reasonPhrase(status);
    this.kind = about.kind;
    this.request = about.request;
  }
}

/**
 * A message of ours that must not go out, for some part of it would be read as something else: a line end in
 * a header, a space in a URI. A mistake of the caller, or hostile text that the caller took over.
 */
export class SipSerializeError extends Error {
  override readonly name = 'SipSerializeError';
}

/** What JSON leaves as it is but a terminal may obey. */
const UNPRINTABLE = /[\x7f-\x9f\u2028\u2029]/g;

/** A piece of hostile text for a log line: short, and without control characters. */
export function excerpt(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return JSON.stringify(short).replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
