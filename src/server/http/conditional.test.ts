import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkConditions, rangeApplies } from './conditional.ts';

const ETAG = '"a-1"';
const NOW = 'Fri, 02 Jan 2026 03:04:05 GMT';
const EARLIER = 'Fri, 02 Jan 2026 03:04:04 GMT';
const LATER = 'Fri, 02 Jan 2026 03:04:06 GMT';
const FILE = { etag: ETAG, modifiedMs: Date.parse(NOW) + 400 };

describe('preconditions', () => {
  const cases: readonly [string, Readonly<Record<string, string>>, string][] = [
    ['none: proceed', {}, 'proceed'],
    ['If-None-Match with our tag: not modified', { 'if-none-match': ETAG }, 'not_modified'],
    ['If-None-Match with a list: not modified', { 'if-none-match': `"x", ${ETAG}` }, 'not_modified'],
    [
      'If-None-Match with our tag as a weak one: not modified',
      { 'if-none-match': `W/${ETAG}` },
      'not_modified',
    ],
    ['If-None-Match with *: not modified', { 'if-none-match': '*' }, 'not_modified'],
    ['If-None-Match with another: proceed', { 'if-none-match': '"b"' }, 'proceed'],
    [
      'If-None-Match goes before If-Modified-Since',
      { 'if-none-match': '"b"', 'if-modified-since': LATER },
      'proceed',
    ],
    ['If-Modified-Since of the same second: not modified', { 'if-modified-since': NOW }, 'not_modified'],
    ['If-Modified-Since of before: proceed', { 'if-modified-since': EARLIER }, 'proceed'],
    ['If-Modified-Since that is no date: proceed', { 'if-modified-since': '1' }, 'proceed'],
    [
      'If-Modified-Since in the form of asctime: not modified',
      { 'if-modified-since': 'Fri Jan  2 03:04:05 2026' },
      'not_modified',
    ],
    ['If-Match with our tag: proceed', { 'if-match': `"x", ${ETAG}` }, 'proceed'],
    ['If-Match with *: proceed', { 'if-match': '*' }, 'proceed'],
    ['If-Match with our tag as a weak one: failed', { 'if-match': `W/${ETAG}` }, 'failed'],
    ['If-Match with another: failed', { 'if-match': '"b"' }, 'failed'],
    ['If-Unmodified-Since of before: failed', { 'if-unmodified-since': EARLIER }, 'failed'],
    ['If-Unmodified-Since of the same second: proceed', { 'if-unmodified-since': NOW }, 'proceed'],
    [
      'If-Match goes before If-Unmodified-Since',
      { 'if-match': ETAG, 'if-unmodified-since': EARLIER },
      'proceed',
    ],
  ];
  for (const [title, headers, expected] of cases) {
    test(title, () => assert.equal(checkConditions(headers, FILE), expected));
  }
});

describe('If-Range', () => {
  test('lets a range count for our tag and our date only', () => {
    for (const value of [undefined, ETAG, NOW]) assert.equal(rangeApplies(value, FILE), true, value);
    for (const value of ['"b"', `W/${ETAG}`, EARLIER, LATER, 'x', '']) {
      assert.equal(rangeApplies(value, FILE), false, value);
    }
  });
});
