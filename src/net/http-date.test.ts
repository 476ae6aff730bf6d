import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHttpDate } from './http-date.ts';

test('dates of headers are UTC in each of their forms, wherever the machine stands', (t) => {
  const zone = process.env['TZ'];
  t.after(() => {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  });
  for (const place of ['UTC', 'America/New_York', 'Asia/Kolkata']) {
    process.env['TZ'] = place;
    for (const text of [
      'Sun, 06 Nov 1994 08:49:37 GMT',
      'Sunday, 06-Nov-94 08:49:37 GMT',
      'Sun Nov  6 08:49:37 1994',
      ' Sun, 06 Nov 1994 08:49:37 ',
      'Sun, 06 Nov 1994 09:49:37 +0100',
    ]) {
      assert.equal(parseHttpDate(text), Date.UTC(1994, 10, 6, 8, 49, 37), `${text} in ${place}`);
    }
  }
});

test('what is no date of a header is none, though it can be read as one', () => {
  for (const text of [undefined, '', '0', '-1', '3600', '86400', '2026-11-28', 'soon', 'Sunday, soon']) {
    assert.equal(parseHttpDate(text), undefined, String(text));
  }
});
