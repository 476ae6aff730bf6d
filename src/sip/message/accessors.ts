/**
 * Structured headers of a message, parsed when first asked for and kept with the headers until these change.
 * After `parseMessage`, `via`, `from`, `to`, `callId` and `cseq` cannot throw; the others throw SipParseError
 * (400) when the header is malformed, unless `checkRequest` has already passed the request.
 */
import { parseAddress } from './address.ts';
import type { Address } from './address.ts';
import { allOf, VISIBLE } from './chars.ts';
import { parseCSeq, parseDeltaSeconds } from './cseq.ts';
import type { CSeq } from './cseq.ts';
import { excerpt, SipParseError } from './errors.ts';
import {
  checkTokens,
  parseContentLength,
  parseMaxForwards,
  parseMediaType,
  parseReason,
  parseRetryAfter,
} from './fields.ts';
import type { MediaType, Reason, RetryAfter } from './fields.ts';
import type { Headers } from './headers.ts';
import { splitFirst } from './lists.ts';
import { parseMinSE, parseSessionExpires } from './session-expires.ts';
import type { SessionExpires } from './session-expires.ts';
import { parseVia } from './via.ts';
import type { Via } from './via.ts';

/** A request, a response, or anything else with headers. */
export interface WithHeaders {
  readonly headers: Headers;
}

const TOP_VIA = 'via';
const NO_ADDRESSES: readonly Address[] = [];

/** The topmost Via. */
export function via(message: WithHeaders): Via {
  return message.headers.parsed(TOP_VIA, parseTopVia);
}

/** Puts another topmost Via in the place of the one that is there. @param value the same as a text */
export function replaceVia(message: WithHeaders, top: Via, value: string): void {
  message.headers.replaceFirstAs('Via', value, TOP_VIA, top);
}

export function from(message: WithHeaders): Address {
  return message.headers.parsed('from', parseFrom);
}

export function to(message: WithHeaders): Address {
  return message.headers.parsed('to', parseTo);
}

/** Compared byte by byte (RFC 3261 20.8). */
export function callId(message: WithHeaders): string {
  return message.headers.parsed('call-id', parseCallId);
}

export function cseq(message: WithHeaders): CSeq {
  return message.headers.parsed('cseq', parseCSeqOf);
}

/** All Contact values, `*` when it is that (RFC 3261 10.2.2), empty when there is none. */
export function contacts(message: WithHeaders): '*' | readonly Address[] {
  return message.headers.parsed('contact', parseContacts);
}

/** The first Contact; undefined when there is none or it is `*`. */
export function contact(message: WithHeaders): Address | undefined {
  const all = contacts(message);
  return all === '*' ? undefined : all[0];
}

/** Route set of a request, in order. */
export function routes(message: WithHeaders): readonly Address[] {
  return addresses(message, 'Route');
}

/** Record-Route, in order of the message. */
export function recordRoutes(message: WithHeaders): readonly Address[] {
  return addresses(message, 'Record-Route');
}

/** Where a REFER points (RFC 3515). */
export function referTo(message: WithHeaders): Address | undefined {
  return optional(message, 'Refer-To', (value) => parseAddress(value, 'Refer-To'));
}

/** Media type of the body; undefined when the header is absent. */
export function contentType(message: WithHeaders): MediaType | undefined {
  return optional(message, 'Content-Type', parseMediaType);
}

/** Bytes, as the header says. The body that a parsed message has is already cut to it. */
export function contentLength(message: WithHeaders): number | undefined {
  return optional(message, 'Content-Length', parseContentLength);
}

/** 0 to 255. */
export function maxForwards(message: WithHeaders): number | undefined {
  return optional(message, 'Max-Forwards', parseMaxForwards);
}

/** Seconds; a malformed value counts as absent. */
export function expires(message: WithHeaders): number | undefined {
  return optional(message, 'Expires', parseDeltaSeconds);
}

export function retryAfter(message: WithHeaders): RetryAfter | undefined {
  return optional(message, 'Retry-After', parseRetryAfter);
}

export function sessionExpires(message: WithHeaders): SessionExpires | undefined {
  return optional(message, 'Session-Expires', parseSessionExpires);
}

/** Seconds. */
export function minSE(message: WithHeaders): number | undefined {
  return optional(message, 'Min-SE', parseMinSE);
}

/** Reason values (RFC 3326), in order. */
export function reasons(message: WithHeaders): readonly Reason[] {
  return message.headers.parsed('reason', (headers) => headers.getAll('Reason').map(parseReason));
}

/** Methods of Allow, case as it came. */
export function allow(message: WithHeaders): readonly string[] {
  return tokens(message, 'Allow');
}

/** Option tags of Supported, lower case. */
export function supportedExtensions(message: WithHeaders): readonly string[] {
  return optionTags(message, 'Supported');
}

/** Option tags of Require, lower case. */
export function requiredExtensions(message: WithHeaders): readonly string[] {
  return optionTags(message, 'Require');
}

function tokens(message: WithHeaders, name: string): readonly string[] {
  return message.headers.parsed(name, (headers) => checkTokens(headers.getAll(name), name));
}

function optionTags(message: WithHeaders, name: string): readonly string[] {
  return message.headers.parsed(name, (headers) =>
    checkTokens(headers.getAll(name), name).map((tag) => tag.toLowerCase()),
  );
}

function addresses(message: WithHeaders, name: string): readonly Address[] {
  if (!message.headers.has(name)) return NO_ADDRESSES;
  return message.headers.parsed(name, (headers) =>
    headers.getAll(name).map((value) => parseAddress(value, name)),
  );
}

function optional<T>(message: WithHeaders, name: string, parse: (value: string) => T): T | undefined {
  const value = message.headers.get(name);
  return value === undefined ? undefined : message.headers.parsed(name, () => parse(value));
}

// Functions of their own: one within its accessor would be made anew each time that this is asked.

function parseTopVia(headers: Headers): Via {
  return parseVia(splitFirst(required(headers, 'Via')).first);
}

function parseFrom(headers: Headers): Address {
  return parseAddress(required(headers, 'From'), 'From');
}

function parseTo(headers: Headers): Address {
  return parseAddress(required(headers, 'To'), 'To');
}

function parseCSeqOf(headers: Headers): CSeq {
  return parseCSeq(required(headers, 'CSeq'));
}

function parseContacts(headers: Headers): '*' | readonly Address[] {
  const values = headers.getAll('Contact');
  if (values.length === 1 && values[0] === '*') return '*';
  return values.map((value) => parseAddress(value, 'Contact'));
}

/** callid = word [ "@" word ]; any other visible characters are taken too, for it is only ever compared. */
function parseCallId(headers: Headers): string {
  const value = required(headers, 'Call-ID');
  if (value === '' || !allOf(value, VISIBLE))
    throw new SipParseError(`Call-ID ${excerpt(value)} is malformed`);
  return value;
}

function required(headers: Headers, name: string): string {
  const value = headers.get(name);
  if (value === undefined) throw new SipParseError(`no ${name} header`);
  return value;
}
