import { allOf, DIGIT, isOf, isToken, skipSpace } from './chars.ts';
import { excerpt, SipParseError } from './errors.ts';

export interface CSeq {
  /** 0 to 2³¹ − 1. */
  readonly number: number;
  readonly method: string;
}

/** RFC 3261 8.1.1.5: the sequence number must be less than 2**31. */
const LIMIT = 2 ** 31;

/**
 *     CSeq  =  "CSeq" HCOLON 1*DIGIT LWS Method
 *
 * @throws SipParseError 400
 */
export function parseCSeq(text: string): CSeq {
  let i = 0;
  while (i < text.length && isOf(text.charCodeAt(i), DIGIT)) i++;
  const methodAt = skipSpace(text, i);
  const method = text.slice(methodAt);
  if (i === 0 || methodAt === i || !isToken(method))
    throw new SipParseError(`CSeq ${excerpt(text)} is malformed`);
  const number = Number(text.slice(0, i));
  if (!(number < LIMIT)) throw new SipParseError(`CSeq ${excerpt(text)}: number not below 2^31`);
  return { number, method };
}

export function cseqToString(cseq: CSeq): string {
  return `${cseq.number} ${cseq.method}`;
}

/**
 * Seconds of Expires, Min-Expires, Retry-After …: past 2³² − 1, the greatest that RFC 3261 25.1 names, it is
 * that. Undefined when it is no number at all.
 */
export function parseDeltaSeconds(text: string): number | undefined {
  if (text === '' || !allOf(text, DIGIT)) return undefined;
  return Math.min(Number(text), 2 ** 32 - 1);
}
