import type { RecordingCursor } from '../../storage/recordings.ts';
import { unprocessable } from './errors.ts';
import { type Query, wholeNumber } from './query.ts';

/** Which page of a list is asked for (spec/rest.md 1.3). */
export interface Page {
  readonly number: number;
  readonly size: number;
  /** Rows behind this one … */
  readonly olderThan?: RecordingCursor;
  /** … or those right before this one. */
  readonly newerThan?: RecordingCursor;
}

export interface Links {
  readonly self: string;
  readonly first: string;
  readonly next?: string;
  readonly prev?: string;
}

const DEFAULT_SIZE = 50;
const MAX_SIZE = 1_000;
const MAX_NUMBER = 1_000_000_000;

/** @throws HttpProblem 422 */
export function parsePage(query: Query): Page {
  const size = wholeNumber(query, 'page_size', { fallback: DEFAULT_SIZE, min: 1, max: MAX_SIZE });
  const number = wholeNumber(query, 'page_number', { fallback: 0, min: 0, max: MAX_NUMBER });
  const token = query['page_token'];
  if (token === undefined || token === '') {
    if (number === 0) return { number, size };
    throw unprocessable({
      code: 'page_token_required',
      title: 'Page token required',
      detail: 'page_number above 0 needs the page_token of that page; follow links.next',
    });
  }
  const cursor = decodeToken(token);
  if (cursor === undefined) {
    throw unprocessable({
      code: 'page_token_is_invalid',
      title: 'Page token is invalid',
      detail: 'page_token is not one that this server gave out; begin again without it',
    });
  }
  const { direction, ...row } = cursor;
  return direction === 'PA' ? { number, size, olderThan: row } : { number, size, newerThan: row };
}

/**
 * Links of a page, relative to the host.
 * @param filters the parameters that select rows; every link carries them
 * @param around first and last row of the page, and whether rows follow behind it
 */
export function pageLinks(
  path: string,
  page: Page,
  filters: Readonly<Record<string, string>>,
  around: {
    readonly first: RecordingCursor | undefined;
    readonly last: RecordingCursor | undefined;
    readonly more: boolean;
  },
): Links {
  const link = (number: number, token: string | undefined): string => {
    const query = new URLSearchParams({ page_number: String(number), page_size: String(page.size) });
    if (token !== undefined) query.set('page_token', token);
    for (const [name, value] of Object.entries(filters)) query.set(name, value);
    return `${path}?${query}`;
  };
  const own = page.olderThan ?? page.newerThan;
  const ownToken = own && encodeToken(page.olderThan === undefined ? 'PB' : 'PA', own);
  // An empty page behind the last row still knows the way back.
  const before = around.first === undefined ? undefined : encodeToken('PB', around.first);
  return {
    self: link(page.number, ownToken),
    first: link(0, undefined),
    ...(around.more && around.last !== undefined
      ? { next: link(page.number + 1, encodeToken('PA', around.last)) }
      : {}),
    ...(page.number > 0 && before !== undefined ? { prev: link(page.number - 1, before) } : {}),
  };
}

/** `PA`: the rows after this one, `PB`: those before it. */
function encodeToken(direction: 'PA' | 'PB', row: RecordingCursor): string {
  return direction + Buffer.from(`${row.createdAt} ${row.id}`).toString('base64url');
}

function decodeToken(token: unknown): (RecordingCursor & { direction: 'PA' | 'PB' }) | undefined {
  if (typeof token !== 'string' || token.length > 200 || !/^P[AB][\w-]+$/.test(token)) return undefined;
  const text = Buffer.from(token.slice(2), 'base64url').toString('utf8');
  const match = /^(\d{1,15}(?:\.\d{1,9})?) ([\w-]{1,100})$/.exec(text);
  if (match === null) return undefined;
  return { direction: token.startsWith('PA') ? 'PA' : 'PB', createdAt: Number(match[1]), id: match[2]! };
}
