import { excerpt, SipParseError } from './errors.ts';
import { DIGIT, isOf } from './chars.ts';
import { parseParams } from './params.ts';
import { parseDeltaSeconds } from './cseq.ts';

/** Session-Expires (RFC 4028 4). */
export interface SessionExpires {
  /** Session interval, seconds. */
  readonly seconds: number;
  /** Who refreshes; undefined when not yet settled. */
  readonly refresher: 'uac' | 'uas' | undefined;
}

/** The least interval that RFC 4028 section 4 allows, and the value of Min-SE when there is none, seconds. */
export const MIN_SESSION_EXPIRES = 90;

/**
 *     Session-Expires  =  delta-seconds *( SEMI se-params )     ; refresher-param = "refresher=" ("uas" / "uac")
 *
 * @throws SipParseError 400
 */
export function parseSessionExpires(text: string): SessionExpires {
  const { seconds, end } = leadingSeconds(text, 'Session-Expires');
  const refresher = parseParams(text, end, 'Session-Expires').get('refresher')?.toLowerCase();
  if (refresher !== undefined && refresher !== 'uac' && refresher !== 'uas') {
    throw new SipParseError(`Session-Expires: bad refresher ${excerpt(refresher)}`);
  }
  return { seconds, refresher };
}

export function sessionExpiresToString(value: SessionExpires): string {
  return value.refresher === undefined ? `${value.seconds}` : `${value.seconds};refresher=${value.refresher}`;
}

/**
 * Min-SE (RFC 4028 5), seconds.
 * @throws SipParseError 400
 */
export function parseMinSE(text: string): number {
  const { seconds, end } = leadingSeconds(text, 'Min-SE');
  parseParams(text, end, 'Min-SE');
  return seconds;
}

function leadingSeconds(text: string, what: string): { readonly seconds: number; readonly end: number } {
  let end = 0;
  while (end < text.length && isOf(text.charCodeAt(end), DIGIT)) end++;
  const seconds = parseDeltaSeconds(text.slice(0, end));
  if (seconds === undefined) throw new SipParseError(`${what} ${excerpt(text)}: no seconds`);
  return { seconds, end };
}
