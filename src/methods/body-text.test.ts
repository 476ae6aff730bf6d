import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyText } from './body-text.ts';

const bytes = Buffer.from('\ufeffaé€😀', 'utf8');

test('a body that was cut ends with its last whole character', () => {
  for (const [length, text] of [
    [0, ''],
    [3, '\ufeff'],
    [5, '\ufeffa'],
    [6, '\ufeffaé'],
    [8, '\ufeffaé'],
    [9, '\ufeffaé€'],
    [12, '\ufeffaé€'],
    [13, '\ufeffaé€😀'],
  ] as const) {
    assert.equal(bodyText(bytes.subarray(0, length), true), text, `${length} bytes`);
  }
});

test('of one that was not, whatever is no text is told', () => {
  assert.equal(bodyText(bytes.subarray(0, 5), false), '\ufeffa\ufffd');
});
