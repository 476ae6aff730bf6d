import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyMerger, type KeySource } from './key-merger.ts';

/** Which of `presses` (digit, source, ms) count. */
function counted(...presses: readonly (readonly [string, KeySource, number])[]): string {
  const merger = new KeyMerger(8000);
  return presses
    .filter(([digit, source, ms]) => merger.isNew(digit, source, ms * 8))
    .map(([digit]) => digit)
    .join('');
}

test('a press that comes as a tone and as an event counts once, whichever comes first', () => {
  assert.equal(counted(['5', 'rfc4733', 1000], ['5', 'inband', 960]), '5');
  assert.equal(counted(['5', 'inband', 960], ['5', 'rfc4733', 1000]), '5');
  assert.equal(counted(['5', 'inband', 960], ['5', 'rfc4733', 1000], ['5', 'info', 1300]), '5');
});

test('presses of one way are never merged, however quick', () => {
  assert.equal(counted(['5', 'rfc4733', 0], ['5', 'rfc4733', 80], ['5', 'rfc4733', 160]), '555');
});

test('quick presses of one key stay as many when each comes in both ways', () => {
  assert.equal(
    counted(
      ['5', 'rfc4733', 0],
      ['5', 'rfc4733', 100],
      ['5', 'inband', 10],
      ['5', 'inband', 110],
      ['5', 'rfc4733', 200],
      ['5', 'inband', 190],
    ),
    '555',
  );
});

test('what lies far apart, or is another key, is another press', () => {
  assert.equal(counted(['5', 'rfc4733', 0], ['5', 'inband', 400]), '55');
  assert.equal(counted(['5', 'rfc4733', 0], ['6', 'inband', 0]), '56');
});

test('INFO may come a second off; behind that it is another press', () => {
  assert.equal(counted(['9', 'inband', 0], ['9', 'info', 900]), '9');
  assert.equal(counted(['9', 'inband', 0], ['9', 'info', 1100]), '99');
});
