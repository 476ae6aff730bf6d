import { allOf, DIGIT, isOf, isToken, skipSpace, sliceTrimmed, TOKEN } from './chars.ts';
import { parseDeltaSeconds } from './cseq.ts';
import { excerpt, SipParseError } from './errors.ts';
import { paramsToString, parseParams, quote } from './params.ts';
import type { Params } from './params.ts';

/** Content-Type, or one range of Accept (`*` stands for any). */
export interface MediaType {
  /** `type/subtype`, lower case. */
  readonly type: string;
  readonly params: Params;
}

/** One value of Reason (RFC 3326). */
export interface Reason {
  /** `SIP`, `Q.850` … as it came. */
  readonly protocol: string;
  readonly cause: number | undefined;
  readonly text: string | undefined;
  readonly params: Params;
}

/** RFC 3261 20.33. */
export interface RetryAfter {
  /** 0 to 2³² − 1. */
  readonly seconds: number;
  readonly comment: string | undefined;
  /** How long the callee will be reachable from then on, seconds. */
  readonly duration: number | undefined;
}

/** One value with parameters that is named by a token: Event, Accept-Encoding, Content-Disposition … */
export interface TokenWithParams {
  /** Lower case. */
  readonly token: string;
  readonly params: Params;
}

/**
 *     media-type  =  m-type SLASH m-subtype *( SEMI m-parameter )
 *
 * @throws SipParseError 400
 */
export function parseMediaType(text: string, what = 'Content-Type'): MediaType {
  const semicolon = text.indexOf(';');
  const end = semicolon < 0 ? text.length : semicolon;
  const slash = text.indexOf('/');
  const type = slash < 0 || slash > end ? '' : sliceTrimmed(text, 0, slash);
  const subtype = sliceTrimmed(text, slash + 1, end);
  if (!isToken(type) || !isToken(subtype)) {
    throw new SipParseError(`${what} ${excerpt(text)} is no media type`);
  }
  return { type: `${type}/${subtype}`.toLowerCase(), params: parseParams(text, end, what) };
}

export function mediaTypeToString(media: MediaType): string {
  return media.type + paramsToString(media.params);
}

/**
 * A token and its parameters.
 * @throws SipParseError 400
 */
export function parseTokenWithParams(text: string, what: string): TokenWithParams {
  let i = 0;
  while (i < text.length && isOf(text.charCodeAt(i), TOKEN)) i++;
  if (i === 0) throw new SipParseError(`${what} ${excerpt(text)}: no token`);
  return { token: text.slice(0, i).toLowerCase(), params: parseParams(text, i, what) };
}

/**
 *     Reason  =  protocol *( SEMI reason-params )       ; protocol-cause = "cause" EQUAL 1*DIGIT
 *
 * @param text one value, not a list
 * @throws SipParseError 400
 */
export function parseReason(text: string): Reason {
  let i = 0;
  while (i < text.length && isOf(text.charCodeAt(i), TOKEN)) i++;
  if (i === 0) throw new SipParseError(`Reason ${excerpt(text)}: no protocol`);
  const params = parseParams(text, i, 'Reason');
  const cause = params.get('cause');
  if (cause !== undefined && (cause === '' || cause.length > 9 || !allOf(cause, DIGIT))) {
    throw new SipParseError(`Reason: bad cause ${excerpt(cause)}`);
  }
  return {
    protocol: text.slice(0, i),
    cause: cause === undefined ? undefined : Number(cause),
    text: params.get('text'),
    params,
  };
}

/** A Reason value, for BYE and CANCEL. */
export function reasonToString(protocol: string, cause: number, text?: string): string {
  return (
    protocol +
    paramsToString(new Map([['cause', String(cause)]])) +
    (text === undefined ? '' : `;text=${quote(text)}`)
  );
}

/**
 *     Retry-After  =  delta-seconds [ comment ] *( SEMI retry-param )
 *
 * @throws SipParseError 400
 */
export function parseRetryAfter(text: string): RetryAfter {
  let i = 0;
  while (i < text.length && isOf(text.charCodeAt(i), DIGIT)) i++;
  const seconds = parseDeltaSeconds(text.slice(0, i));
  if (seconds === undefined) throw new SipParseError(`Retry-After ${excerpt(text)}: no seconds`);
  i = skipSpace(text, i);
  let comment: string | undefined;
  if (text.charCodeAt(i) === 0x28 /* ( */) {
    const close = commentEnd(text, i);
    comment = text.slice(i + 1, close).replace(/\\([\s\S])/g, '$1');
    i = close + 1;
  }
  const params = parseParams(text, i, 'Retry-After');
  return { seconds, comment, duration: parseDeltaSeconds(params.get('duration') ?? '') };
}

/**
 * Max-Forwards: 0 to 255 (RFC 3261 20.22).
 * @throws SipParseError 400
 */
export function parseMaxForwards(text: string): number {
  const value = text !== '' && allOf(text, DIGIT) ? Number(text) : Number.NaN;
  if (!(value <= 255)) throw new SipParseError(`Max-Forwards ${excerpt(text)} is not 0 to 255`);
  return value;
}

/**
 * Content-Length in bytes. One that no message may reach is returned all the same: the caller tells "more
 * than is there" from "more than we take".
 * @throws SipParseError 400 when it is not 1*DIGIT
 */
export function parseContentLength(text: string): number {
  if (text === '' || !allOf(text, DIGIT))
    throw new SipParseError(`Content-Length ${excerpt(text)} is no length`);
  return Number(text);
}

/**
 * Option tags, methods and other lists of tokens.
 * @throws SipParseError 400
 */
export function checkTokens(values: readonly string[], what: string): readonly string[] {
  for (const value of values) {
    if (!isToken(value)) throw new SipParseError(`${what}: ${excerpt(value)} is no token`);
  }
  return values;
}

/** Index of the parenthesis that closes the comment at `open`; comments nest. */
function commentEnd(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5c) i++;
    else if (code === 0x28) depth++;
    else if (code === 0x29 && --depth === 0) return i;
  }
  throw new SipParseError(`comment ${excerpt(text.slice(open))} without end`);
}
