/** Compact forms: RFC 3261 7.3.3 and the extensions that registered one. */
const COMPACT: Readonly<Record<string, string>> = {
  a: 'accept-contact',
  b: 'referred-by',
  c: 'content-type',
  d: 'request-disposition',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  j: 'reject-contact',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  n: 'identity-info',
  o: 'event',
  r: 'refer-to',
  s: 'subject',
  t: 'to',
  u: 'allow-events',
  v: 'via',
  x: 'session-expires',
  y: 'identity',
};

/**
 * Header fields whose grammar is a comma-separated list. All others are one value whatever commas they hold:
 * Date, Authorization and its kin, Subject, User-Agent, From, To, and every header that we do not know.
 */
const LISTS: ReadonlySet<string> = new Set([
  'accept',
  'accept-contact',
  'accept-encoding',
  'accept-language',
  'accept-resource-priority',
  'alert-info',
  'allow',
  'allow-events',
  'call-info',
  'contact',
  'content-encoding',
  'content-language',
  'diversion',
  'error-info',
  'feature-caps',
  'history-info',
  'in-reply-to',
  'p-asserted-identity',
  'p-associated-uri',
  'p-preferred-identity',
  'path',
  'proxy-require',
  'reason',
  'record-route',
  'recv-info',
  'reject-contact',
  'request-disposition',
  'require',
  'resource-priority',
  'route',
  'security-client',
  'security-server',
  'security-verify',
  'service-route',
  'supported',
  'unsupported',
  'user-to-user',
  'via',
  'warning',
]);

/** Names as they are usually written, so that the common ones need no lower-casing. */
const USUAL = [
  'Via',
  'From',
  'To',
  'Call-ID',
  'Call-Id',
  'CSeq',
  'Cseq',
  'Contact',
  'Max-Forwards',
  'Content-Type',
  'Content-Length',
  'Content-Disposition',
  'Route',
  'Record-Route',
  'Allow',
  'Supported',
  'Require',
  'Proxy-Require',
  'Unsupported',
  'Accept',
  'Accept-Encoding',
  'Accept-Language',
  'User-Agent',
  'Server',
  'Authorization',
  'Proxy-Authorization',
  'WWW-Authenticate',
  'Proxy-Authenticate',
  'Expires',
  'Session-Expires',
  'Min-SE',
  'Allow-Events',
  'Event',
  'Date',
  'Subject',
  'Timestamp',
  'Retry-After',
  'Reason',
  'Warning',
  'Refer-To',
  'Referred-By',
  'P-Asserted-Identity',
  'P-Preferred-Identity',
  'Remote-Party-ID',
  'Privacy',
  'Diversion',
  'History-Info',
  'RSeq',
  'RAck',
] as const;

const KNOWN = new Map<string, string>();
for (const name of USUAL) {
  KNOWN.set(name, name.toLowerCase());
  KNOWN.set(name.toLowerCase(), name.toLowerCase());
}
for (const [short, long] of Object.entries(COMPACT)) {
  KNOWN.set(short, long);
  KNOWN.set(short.toUpperCase(), long);
}

/** The one key of a header field name: lower case, compact form written out (`i`, `Call-ID` → `call-id`). */
export function headerKey(name: string): string {
  return KNOWN.get(name) ?? name.toLowerCase();
}

/** `headerKey` of a name in one of its usual spellings, which needs no check; undefined for any other. */
export function usualKey(name: string): string | undefined {
  return KNOWN.get(name);
}

/** @param key of {@link headerKey} */
export function isListHeader(key: string): boolean {
  return LISTS.has(key);
}
