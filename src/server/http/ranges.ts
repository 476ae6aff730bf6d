import type { ByteRange } from '../../recording/byte-source.ts';

/** `whole`: no range, or one that we need not honour; `unsatisfiable`: 416. */
export type RangeResult =
  | { readonly type: 'whole' }
  | { readonly type: 'unsatisfiable' }
  | ({ readonly type: 'part' } & ByteRange);

const WHOLE: RangeResult = { type: 'whole' };
/** More ranges than this are no player but an attack (RFC 9110 17.15). */
const MAX_RANGES = 16;
const SPEC = /^(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))$/;

/**
 * Reads a `Range` header against a file of `size` bytes (RFC 9110 14.1.2, 14.2). What is malformed, or in
 * another unit, is ignored as the RFC allows. Several ranges are answered as one when they touch or overlap;
 * otherwise the whole file is sent, which the RFC allows too and every client understands.
 */
export function parseRange(header: string | undefined, size: number): RangeResult {
  if (header === undefined) return WHOLE;
  const match = /^bytes=(.+)$/i.exec(header.trim());
  const specs = match?.[1]?.split(',').map((spec) => spec.trim()) ?? [];
  const given = specs.filter((spec) => spec !== '');
  if (given.length === 0 || given.length > MAX_RANGES) return WHOLE;
  const ranges: ByteRange[] = [];
  for (const spec of given) {
    const range = parseSpec(spec, size);
    if (range === 'malformed') return WHOLE;
    if (range !== 'unsatisfiable') ranges.push(range);
  }
  if (ranges.length === 0) return { type: 'unsatisfiable' };
  const joined = join(ranges);
  return joined === undefined ? WHOLE : { type: 'part', ...joined };
}

function parseSpec(spec: string, size: number): ByteRange | 'malformed' | 'unsatisfiable' {
  const match = SPEC.exec(spec);
  if (match === null) return 'malformed';
  const [, first, last, suffix] = match;
  if (suffix !== undefined) {
    const length = Math.min(Number(suffix), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 };
  }
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < start) return 'malformed';
  return start >= size ? 'unsatisfiable' : { start, end };
}

/** One range for all of them, when no gap lies between. */
function join(ranges: readonly ByteRange[]): ByteRange | undefined {
  const [first, ...others] = ranges.toSorted((a, b) => a.start - b.start);
  let joined = first;
  for (const range of others) {
    if (joined === undefined || range.start > joined.end + 1) return undefined;
    joined = { start: joined.start, end: Math.max(joined.end, range.end) };
  }
  return joined;
}
