import { contacts, contentType, cseq, maxForwards, recordRoutes, referTo, routes } from './accessors.ts';
import { checkTokens, parseMediaType, parseTokenWithParams } from './fields.ts';
import type { MediaType } from './fields.ts';
import { excerpt, SipParseError } from './errors.ts';
import type { HeaderField } from './headers.ts';
import type { SipRequest } from './message.ts';
import { reasonPhrase } from './status.ts';

/** What a user agent can do; goes into its Allow, Supported and Accept too. */
export interface SipCapabilities {
  /** Methods that are accepted; ACK is always. */
  readonly methods: readonly string[];
  /** Option tags of the extensions that are understood. */
  readonly extensions: readonly string[];
  /** URI schemes of a Request-URI, lower case. */
  readonly schemes: readonly string[];
  /** Media types of bodies, `type/subtype`, lower case. */
  readonly contentTypes: readonly string[];
}

/** How to answer a request that is not accepted. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly HeaderField[];
  /** What is wrong, for the log. */
  readonly detail: string;
}

/** Methods with an RFC. One of these that we do not take gets 405, any other 501 (RFC 3261 8.2.1, 21.5.2). */
const KNOWN_METHODS: ReadonlySet<string> = new Set([
  'ACK',
  'BYE',
  'CANCEL',
  'INFO',
  'INVITE',
  'MESSAGE',
  'NOTIFY',
  'OPTIONS',
  'PRACK',
  'PUBLISH',
  'REFER',
  'REGISTER',
  'SUBSCRIBE',
  'UPDATE',
]);

/** The body of every answer to an INVITE. */
const ANSWER_TYPE = 'application/sdp';

/**
 * Whether a user agent server may go on with a request that `parseMessage` has read, in the order of RFC 3261
 * 8.2: syntax of the headers that a user agent uses (400), method (405 with Allow, 501), scheme of the
 * Request-URI (416), Require (420 with Unsupported), body (415 with Accept or Accept-Encoding), Accept of an
 * INVITE (406). Max-Forwards 0 is no matter here: only a proxy refuses it. After `undefined`, the accessors
 * for Contact, Route, Record-Route, Refer-To, Max-Forwards and Content-Type cannot throw.
 *
 * An ACK is only checked for its syntax, and must be dropped, not answered, when it is refused.
 */
export function checkRequest(request: SipRequest, capabilities: SipCapabilities): Refusal | undefined {
  try {
    return (
      checkSyntax(request) ??
      (request.method === 'ACK'
        ? undefined
        : (checkMethod(request, capabilities) ??
          checkScheme(request, capabilities) ??
          checkRequire(request, capabilities) ??
          checkBody(request, capabilities) ??
          checkAccept(request)))
    );
  } catch (error) {
    if (error instanceof SipParseError) return refusal(error.status, error.message);
    throw error;
  }
}

function checkSyntax(request: SipRequest): Refusal | undefined {
  const { method } = cseq(request);
  if (method !== request.method) {
    return refusal(400, `CSeq names ${method}, the request is ${request.method}`);
  }
  if (contacts(request) === '*' && request.method !== 'REGISTER') {
    return refusal(400, `Contact "*" in ${request.method}`);
  }
  routes(request);
  recordRoutes(request);
  referTo(request);
  maxForwards(request);
  if (contentType(request) === undefined && request.body.length > 0) {
    return refusal(400, 'a body without Content-Type');
  }
  return undefined;
}

function checkMethod(request: SipRequest, { methods }: SipCapabilities): Refusal | undefined {
  if (methods.includes(request.method)) return undefined;
  return refusal(KNOWN_METHODS.has(request.method) ? 405 : 501, `method ${request.method}`, [
    ['Allow', methods.join(', ')],
  ]);
}

function checkScheme(request: SipRequest, { schemes }: SipCapabilities): Refusal | undefined {
  const scheme = request.uri.slice(0, request.uri.indexOf(':')).toLowerCase();
  return schemes.includes(scheme) ? undefined : refusal(416, `scheme ${excerpt(scheme)} of the Request-URI`);
}

/** RFC 3261 8.2.2.3; a CANCEL's Require is ignored. Proxy-Require is not for us. */
function checkRequire(request: SipRequest, { extensions }: SipCapabilities): Refusal | undefined {
  if (request.method === 'CANCEL' || !request.headers.has('Require')) return undefined;
  const known = new Set(extensions.map((tag) => tag.toLowerCase()));
  const unknown = checkTokens(request.headers.getAll('Require'), 'Require').filter(
    (tag) => !known.has(tag.toLowerCase()),
  );
  if (unknown.length === 0) return undefined;
  return refusal(420, `Require ${unknown.join(', ')}`, [['Unsupported', unknown.join(', ')]]);
}

/** RFC 3261 8.2.3; a body whose handling is optional is ignored instead (20.11). */
function checkBody(request: SipRequest, { contentTypes }: SipCapabilities): Refusal | undefined {
  if (request.body.length === 0) return undefined;
  const disposition = request.headers.get('Content-Disposition');
  if (disposition !== undefined) {
    const handling = parseTokenWithParams(disposition, 'Content-Disposition').params.get('handling');
    if (handling?.toLowerCase() === 'optional') return undefined;
  }
  const encodings = request.headers.getAll('Content-Encoding');
  if (encodings.some((encoding) => encoding.toLowerCase() !== 'identity')) {
    return refusal(415, `Content-Encoding ${excerpt(encodings.join(', '))}`, [
      ['Accept-Encoding', 'identity'],
    ]);
  }
  const type = contentType(request)?.type;
  if (type !== undefined && contentTypes.includes(type)) return undefined;
  // A multipart of any other subtype is to be taken for a mixed one (RFC 2046 5.1.3).
  if (type?.startsWith('multipart/') && contentTypes.includes('multipart/mixed')) return undefined;
  return refusal(415, `Content-Type ${type}`, [['Accept', contentTypes.join(', ')]]);
}

/** Whether the caller can read the session description of an answer (RFC 3261 20.1, 21.4.7). */
function checkAccept(request: SipRequest): Refusal | undefined {
  if (request.method !== 'INVITE' || !request.headers.has('Accept')) return undefined;
  const ranges = request.headers.getAll('Accept').map((range) => parseMediaType(range, 'Accept'));
  if (ranges.some((range) => covers(range, ANSWER_TYPE))) return undefined;
  return refusal(406, `Accept without ${ANSWER_TYPE}`);
}

function covers(range: MediaType, type: string): boolean {
  if (Number(range.params.get('q') ?? 1) === 0) return false;
  if (range.type === '*/*' || range.type === type) return true;
  return range.type.endsWith('/*') && type.startsWith(range.type.slice(0, -1));
}

function refusal(status: number, detail: string, headers: readonly HeaderField[] = []): Refusal {
  return { status, reason: reasonPhrase(status), headers, detail };
}
