import { createHmac, timingSafeEqual } from 'node:crypto';
import { urlToSign, withoutFragment } from './http-url.ts';

/** Header with the lowercase hex HMAC-SHA1 (spec/callbacks.md 6.1). */
export const SHA1_HEADER = 'X-Signalwire-Signature';
/** Header with the lowercase hex HMAC-SHA256; call requests only. */
export const SHA256_HEADER = 'X-Signalwire-SHA256-Signature';

/**
 * Signature headers of a request of a call: HMAC over the URL and the body, one behind the other.
 * @param key signing key of the project, used as UTF-8 text
 * @param url as configured, without userinfo and fragment
 * @param body as sent; empty for GET
 */
export function signatureHeaders(
  key: string,
  url: string,
  body: string | Uint8Array,
): Readonly<Record<string, string>> {
  return {
    [SHA1_HEADER]: hmacHex('sha1', key, url, body),
    [SHA256_HEADER]: hmacHex('sha256', key, url, body),
  };
}

/**
 * Signature header of a request of a message, which bears the older one alone, over the URL with its userinfo.
 * @param configured URL as it was configured
 * @param sent URL that is asked, without userinfo and fragment; another one behind a redirect
 */
export function messageSignatureHeaders(
  key: string,
  configured: string,
  sent: string,
  body: string | Uint8Array,
): Readonly<Record<string, string>> {
  const url = urlToSign(configured) === sent ? withoutFragment(configured) : sent;
  return { [SHA1_HEADER]: hmacHex('sha1', key, url, body) };
}

/** Whether `signature` (hex, either algorithm by its length) is right; compares in constant time. */
export function isSignatureValid(
  key: string,
  url: string,
  body: string | Uint8Array,
  signature: string,
): boolean {
  const expected = Buffer.from(hmacHex(signature.length === 64 ? 'sha256' : 'sha1', key, url, body));
  const given = Buffer.from(signature.toLowerCase());
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function hmacHex(algorithm: 'sha1' | 'sha256', key: string, url: string, body: string | Uint8Array): string {
  return createHmac(algorithm, key).update(url).update(body).digest('hex');
}
