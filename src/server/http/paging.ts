import type {
  RecordingCursor,
  RecordingFilter,
  RecordingRow,
  RecordingStore,
} from '../../storage/recordings.ts';
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

/** How an API calls the parameters of paging. */
export interface PageNames {
  readonly number: string;
  readonly size: string;
  readonly token: string;
}

const NAMES: PageNames = { number: 'page_number', size: 'page_size', token: 'page_token' };

/** @throws HttpProblem 422 */
export function parsePage(query: Query, names: PageNames = NAMES): Page {
  const size = wholeNumber(query, names.size, { fallback: DEFAULT_SIZE, min: 1, max: MAX_SIZE });
  const number = wholeNumber(query, names.number, { fallback: 0, min: 0, max: MAX_NUMBER });
  const token = query[names.token];
  if (token === undefined || token === '') {
    if (number === 0) return { number, size };
    throw unprocessable({
      code: 'page_token_required',
      title: 'Page token required',
      detail: `${names.number} above 0 needs the ${names.token} of that page; follow the links`,
    });
  }
  const cursor = decodeToken(token);
  if (cursor === undefined) {
    throw unprocessable({
      code: 'page_token_is_invalid',
      title: 'Page token is invalid',
      detail: `${names.token} is not one that this server gave out; begin again without it`,
    });
  }
  const { direction, ...row } = cursor;
  return direction === 'PA' ? { number, size, olderThan: row } : { number, size, newerThan: row };
}

/** The rows of a page, newest first, and whether others follow behind them. @throws StorageError */
export function readPage(
  recordings: RecordingStore,
  filter: RecordingFilter,
  page: Page,
): { readonly rows: readonly RecordingRow[]; readonly more: boolean } {
  const { olderThan, newerThan, size } = page;
  const backwards = newerThan !== undefined;
  // One row more than the page holds tells whether another page follows.
  const found = recordings.list({ ...filter, olderThan, newerThan, limit: size + (backwards ? 0 : 1) });
  const rows = found.slice(0, size);
  if (!backwards) return { rows, more: found.length > size };
  const last = rows.at(-1);
  const more = last !== undefined && recordings.list({ ...filter, olderThan: last, limit: 1 }).length > 0;
  return { rows, more };
}

/**
 * Links of a page, relative to the host.
 * @param filters the parameters that select rows; every link carries them
 * @param content what the page holds
 */
export function pageLinks(
  path: string,
  page: Page,
  filters: Readonly<Record<string, string>>,
  content: ReturnType<typeof readPage>,
  names: PageNames = NAMES,
): Links {
  const link = (number: number, token: string | undefined): string => {
    const query = new URLSearchParams({ [names.number]: String(number), [names.size]: String(page.size) });
    if (token !== undefined) query.set(names.token, token);
    for (const [name, value] of Object.entries(filters)) query.set(name, value);
    return `${path}?${query}`;
  };
  const own = page.olderThan ?? page.newerThan;
  const ownToken = own && encodeToken(page.olderThan === undefined ? 'PB' : 'PA', own);
  const [first, last] = [content.rows[0], content.rows.at(-1)];
  return {
    self: link(page.number, ownToken),
    first: link(0, undefined),
    ...(content.more && last !== undefined ? { next: link(page.number + 1, encodeToken('PA', last)) } : {}),
    ...(page.number > 0 && first !== undefined
      ? { prev: link(page.number - 1, encodeToken('PB', first)) }
      : {}),
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
