import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshnessOf, validatorsOf } from './freshness.ts';

const NOW = Date.parse('Sat, 28 Nov 2026 12:00:00 GMT');
const DAY = 86_400_000;

for (const [name, headers, expected] of [
  ['nothing said: neither fresh nor to be asked about', {}, [false, 0, DAY]],
  ['an ETag alone: asked about each time', { etag: '"a"' }, [true, 0, DAY]],
  ['max-age', { 'cache-control': 'public, max-age=60' }, [true, 60_000, DAY]],
  ['max-age, less its age', { 'cache-control': 'max-age=60', age: '20' }, [true, 40_000, DAY]],
  ['older than its max-age, without an ETag', { 'cache-control': 'max-age=60', age: '90' }, [false, 0, DAY]],
  [
    'max-age goes before Expires',
    { 'cache-control': 'Max-Age="5"', expires: 'Sat, 28 Nov 2026 13:00:00 GMT' },
    [true, 5000, DAY],
  ],
  ['Expires', { expires: 'Sat, 28 Nov 2026 12:01:00 GMT' }, [true, 60_000, DAY]],
  ['an Expires that is no date', { expires: '0', etag: '"a"' }, [true, 0, DAY]],
  ['an Expires that is a number of seconds', { expires: '3600', etag: '"a"' }, [true, 0, DAY]],
  [
    'Expires of a server whose clock is ahead of ours',
    { date: 'Sat, 28 Nov 2026 12:10:00 GMT', expires: 'Sat, 28 Nov 2026 12:11:00 GMT' },
    [true, 60_000, DAY],
  ],
  [
    'Expires of what others have kept for a while, which counts once',
    { date: 'Sat, 28 Nov 2026 11:59:20 GMT', expires: 'Sat, 28 Nov 2026 12:01:00 GMT', age: '40' },
    [true, 60_000, DAY],
  ],
  ['no-store', { 'cache-control': 'no-store, max-age=60' }, [false, 60_000, DAY]],
  ['no-cache', { 'cache-control': 'no-cache, max-age=60', etag: '"a"' }, [true, 0, 0]],
  ['must-revalidate', { 'cache-control': 'max-age=60, must-revalidate' }, [true, 60_000, 0]],
  ['stale-if-error', { 'cache-control': 'max-age=1, stale-if-error=30' }, [true, 1000, 30_000]],
  ['Vary: *', { 'cache-control': 'max-age=60', vary: '*' }, [false, 60_000, DAY]],
  ['a year at most', { 'cache-control': 'max-age=999999999999' }, [true, 31_536_000_000, DAY]],
  ['what is no number', { 'cache-control': 'max-age=soon', etag: '"a"' }, [true, 0, DAY]],
] as const) {
  test(`freshness: ${name}`, () => {
    const { storable, freshMs, staleMs } = freshnessOf(headers, NOW);
    assert.deepEqual([storable, freshMs, staleMs], expected);
  });
}

test('freshness: behind a temporary redirect there is none, and no asking by a date', () => {
  const dated = { 'cache-control': 'max-age=60', 'last-modified': 'Sat, 28 Nov 2026 12:00:00 GMT' };
  assert.deepEqual(freshnessOf(dated, NOW, true), { storable: false, freshMs: 0, staleMs: DAY });
  assert.deepEqual(freshnessOf({ ...dated, etag: '"a"' }, NOW, true), {
    storable: true,
    freshMs: 0,
    staleMs: DAY,
  });
});

test('an ETag is asked with before a date', () => {
  assert.deepEqual(validatorsOf({ etag: 'W/"x"', 'last-modified': 'then' }), { 'if-none-match': 'W/"x"' });
  assert.deepEqual(validatorsOf({ 'last-modified': 'then' }), { 'if-modified-since': 'then' });
  assert.equal(validatorsOf({}), undefined);
});
