import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIsoTime } from './iso-time.ts';

test('times without a zone are UTC, wherever the machine stands', (t) => {
  const zone = process.env['TZ'];
  t.after(() => {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  });
  process.env['TZ'] = 'America/New_York';
  for (const [text, expected] of [
    ['2026-03-04', Date.UTC(2026, 2, 4)],
    ['2026-03-04T09:30', Date.UTC(2026, 2, 4, 9, 30)],
    ['2026-03-04T09:30:15.250', Date.UTC(2026, 2, 4, 9, 30, 15, 250)],
    ['2026-03-04T09:30:15Z', Date.UTC(2026, 2, 4, 9, 30, 15)],
    ['2026-03-04T09:30:15+01:00', Date.UTC(2026, 2, 4, 8, 30, 15)],
  ] as const) {
    assert.equal(parseIsoTime(text), expected, text);
  }
});

test('a day that there is not is no other day', () => {
  for (const text of ['2026-02-29', '2026-02-30T12:00Z', '2026-04-31', '2026-06-31T23:00:00-05:00']) {
    assert.equal(parseIsoTime(text), undefined, text);
  }
  assert.equal(parseIsoTime('2028-02-29'), Date.UTC(2028, 1, 29));
});

test('what is no ISO 8601 time is none', () => {
  for (const text of ['', '2026', 'Monday 9', '2026-13-01', '04.03.2026', '2026-03-04 09:30']) {
    assert.equal(parseIsoTime(text), undefined, text);
  }
});
