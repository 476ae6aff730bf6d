import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inBoundedTime } from '../../test/support/bounded-time.ts';
import { parseInfoDigit } from './info-digits.ts';

for (const [type, body, expected] of [
  ['application/dtmf-relay', 'Signal=5\r\nDuration=240\r\n', { digit: '5', durationMs: 240 }],
  ['application/dtmf-relay', 'Signal= #\nDuration= 100', { digit: '#', durationMs: 100 }],
  ['Application/DTMF-Relay; charset=utf-8', 'signal=a', { digit: 'A', durationMs: 160 }],
  ['application/dtmf-relay', 'Signal=10', { digit: '*', durationMs: 160 }],
  ['application/dtmf-relay', 'Signal=11', { digit: '#', durationMs: 160 }],
  ['application/dtmf', '7', { digit: '7', durationMs: 160 }],
  ['application/dtmf', ' *\r\n', { digit: '*', durationMs: 160 }],
  ['application/dtmf', '77', undefined],
  ['application/dtmf-relay', 'Duration=160', undefined],
  ['application/dtmf-relay', 'Signal=E', undefined],
  ['application/media_control+xml', '<media_control/>', undefined],
  ['', '', undefined],
] as const) {
  test(`INFO ${type || 'without a type'} '${body.trim()}' is ${expected === undefined ? 'no key' : `key ${expected.digit}`}`, () => {
    assert.deepEqual(parseInfoDigit(type, body), expected);
  });
}

test('a body of empty lines is looked through once', () => {
  inBoundedTime(() => {
    assert.equal(parseInfoDigit('application/dtmf-relay', '\n'.repeat(300_000)), undefined);
  });
});
