/**
 * Digest authentication, client side (RFC 7616, with the algorithms of RFC 8760 for SIP; RFC 2617 and RFC 2069
 * servers included).
 */
import { createHash } from 'node:crypto';
import type { SipCredentials } from './api.ts';
import { randomHex } from './identifiers.ts';
import type { HeaderField } from './message/headers.ts';

/** A Digest challenge that we can answer. */
export interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: Algorithm;
  /** As it came, to be echoed; undefined when it did not. */
  readonly algorithmText: string | undefined;
  readonly qop: 'auth' | 'auth-int' | undefined;
  /** The nonce was too old, the credentials were right (RFC 7616 3.3). */
  readonly stale: boolean;
}

/** What the response of a digest is computed from. */
export interface DigestInput {
  readonly credentials: SipCredentials;
  readonly challenge: Challenge;
  readonly method: string;
  readonly uri: string;
  readonly body: Uint8Array;
  readonly cnonce: string;
  /** How often this nonce was used, this use included. */
  readonly nonceCount: number;
}

interface Algorithm {
  /** Name for node:crypto. */
  readonly hash: 'md5' | 'sha256' | 'sha512-256';
  readonly session: boolean;
}

const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ['md5', { hash: 'md5', session: false }],
  ['md5-sess', { hash: 'md5', session: true }],
  ['sha-256', { hash: 'sha256', session: false }],
  ['sha-256-sess', { hash: 'sha256', session: true }],
  ['sha-512-256', { hash: 'sha512-256', session: false }],
  ['sha-512-256-sess', { hash: 'sha512-256', session: true }],
]);

const CNONCE_BYTES = 8;
/** One `name=value` of a challenge and the comma behind it. */
const PARAMETER = /[ \t]*([!#$%&'*+.^_`|~\w-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))[ \t]*(?:,|$)/y;
const MAX_PARAMETERS = 32;

/**
 * @param value of WWW-Authenticate or Proxy-Authenticate
 * @returns undefined when it is malformed, of another scheme, or asks for what we do not know
 */
export function parseChallenge(value: string): Challenge | undefined {
  const scheme = /^[ \t]*digest[ \t]+/i.exec(value);
  if (scheme === null) return undefined;
  const found = new Map<string, string>();
  PARAMETER.lastIndex = scheme[0].length;
  while (PARAMETER.lastIndex < value.length) {
    const match = PARAMETER.exec(value);
    if (match === null || found.size === MAX_PARAMETERS) return undefined;
    const text = match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? '';
    if (!found.has(match[1]!.toLowerCase())) found.set(match[1]!.toLowerCase(), text);
  }
  const realm = found.get('realm');
  const nonce = found.get('nonce');
  const algorithmText = found.get('algorithm');
  const algorithm = ALGORITHMS.get((algorithmText ?? 'MD5').toLowerCase());
  if (realm === undefined || nonce === undefined || algorithm === undefined) return undefined;
  const offered = found
    .get('qop')
    ?.toLowerCase()
    .split(',')
    .map((word) => word.trim());
  const qop = offered?.includes('auth') ? 'auth' : offered?.includes('auth-int') ? 'auth-int' : undefined;
  if (offered !== undefined && qop === undefined) return undefined;
  return {
    realm,
    nonce,
    opaque: found.get('opaque'),
    algorithm,
    algorithmText,
    qop,
    stale: found.get('stale')?.toLowerCase() === 'true',
  };
}

/** The `response` parameter (RFC 7616 3.4.1; without qop RFC 2069). */
export function digestResponse(input: DigestInput): string {
  const { challenge, credentials } = input;
  const hash = (text: string | Uint8Array): string =>
    createHash(challenge.algorithm.hash).update(text).digest('hex');
  const secret = hash(`${credentials.username}:${challenge.realm}:${credentials.password}`);
  const a1 = challenge.algorithm.session ? hash(`${secret}:${challenge.nonce}:${input.cnonce}`) : secret;
  const bodyPart = challenge.qop === 'auth-int' ? `:${hash(input.body)}` : '';
  const a2 = hash(`${input.method}:${input.uri}${bodyPart}`);
  if (challenge.qop === undefined) return hash(`${a1}:${challenge.nonce}:${a2}`);
  const count = nonceCountText(input.nonceCount);
  return hash(`${a1}:${challenge.nonce}:${count}:${input.cnonce}:${challenge.qop}:${a2}`);
}

/** Value of Authorization or Proxy-Authorization. */
export function authorization(input: DigestInput): string {
  const { challenge } = input;
  const parts = [
    `Digest username=${quoted(input.credentials.username)}`,
    `realm=${quoted(challenge.realm)}`,
    `nonce=${quoted(challenge.nonce)}`,
    `uri=${quoted(input.uri)}`,
    `response="${digestResponse(input)}"`,
  ];
  if (challenge.algorithmText !== undefined) parts.push(`algorithm=${challenge.algorithmText}`);
  if (challenge.qop !== undefined || challenge.algorithm.session) parts.push(`cnonce="${input.cnonce}"`);
  if (challenge.qop !== undefined) {
    parts.push(`qop=${challenge.qop}`, `nc=${nonceCountText(input.nonceCount)}`);
  }
  if (challenge.opaque !== undefined) parts.push(`opaque=${quoted(challenge.opaque)}`);
  return parts.join(', ');
}

interface Answered {
  /** Header that the answer goes into. */
  readonly name: 'Authorization' | 'Proxy-Authorization';
  readonly challenge: Challenge;
  /** Of all of them: with a `-sess` algorithm, it is part of the key that the server keeps (RFC 7616 3.4.2). */
  readonly cnonce: string;
  /** Requests that this nonce was used for. */
  uses: number;
  /** The field of the first of them, itself: without qop, those of later ones may read the same. Undefined before it. */
  first: HeaderField | undefined;
}

/** Realms of one call; a path of more proxies with digest than these is none. */
const MAX_REALMS = 4;

/** Answers the challenges of one call: of its server (401) and of proxies (407), each realm with its own count. */
export class DigestClient {
  readonly #credentials: SipCredentials;
  readonly #answered = new Map<string, Answered>();

  constructor(credentials: SipCredentials) {
    this.#credentials = credentials;
  }

  /**
   * Takes the challenge of a 401 or 407: the first that we can answer, which is the one that the server likes
   * best (RFC 8760 2.4).
   * @param values of WWW-Authenticate (401) or Proxy-Authenticate (407)
   * @param sent what {@link authorize} gave for the request that was refused: others may have been answered, and challenged,
   *   since it left
   * @returns whether another try can do better than the last one; false also when the credentials are wrong
   */
  challenged(status: 401 | 407, values: readonly string[], sent: readonly HeaderField[]): boolean {
    const name = status === 401 ? 'Authorization' : 'Proxy-Authorization';
    for (const value of values) {
      const challenge = parseChallenge(value);
      if (challenge === undefined) continue;
      if (this.#credentials.realm !== undefined && this.#credentials.realm !== challenge.realm) continue;
      const key = `${name} ${challenge.realm}`;
      const last = this.#answered.get(key);
      // A nonce that was good for earlier requests may just be used up; one refused at its first use was not.
      if (last?.first !== undefined && !challenge.stale && sent.includes(last.first)) return false;
      if (last === undefined && this.#answered.size === MAX_REALMS) return false;
      const cnonce = randomHex(CNONCE_BYTES);
      this.#answered.set(key, { name, challenge, cnonce, uses: 0, first: undefined });
      return true;
    }
    return false;
  }

  /** Header fields for the next request; none before the first challenge. */
  authorize(method: string, uri: string, body: Uint8Array): HeaderField[] {
    return [...this.#answered.values()].map((entry) => {
      entry.uses++;
      const value = authorization({
        credentials: this.#credentials,
        challenge: entry.challenge,
        method,
        uri,
        body,
        cnonce: entry.cnonce,
        nonceCount: entry.uses,
      });
      const field: HeaderField = [entry.name, value];
      entry.first ??= field;
      return field;
    });
  }
}

function nonceCountText(count: number): string {
  return count.toString(16).padStart(8, '0');
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
