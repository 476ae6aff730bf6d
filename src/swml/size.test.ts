import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inBoundedTime } from '../../test/support/bounded-time.ts';
import type { JsonValue } from './json.ts';
import { sizeOf } from './size.ts';

test('texts and names count by their characters, other values by what they are written with', () => {
  assert.deepEqual(sizeOf('abc'), { characters: 3, depth: 0 });
  assert.deepEqual(sizeOf(undefined), { characters: 0, depth: 0 });
  assert.deepEqual(sizeOf({ ab: 'cde', n: [1, null, true] }), { characters: 46, depth: 2 });
});

test('what stands in several places counts at each, and is looked at once', () => {
  let value: JsonValue = ['ab'];
  for (let turn = 0; turn < 60; turn++) value = [value, value];
  inBoundedTime(() => {
    const { characters, depth } = sizeOf(value);
    assert.ok(characters > 2 ** 60);
    assert.equal(depth, 61);
  });
});

test('a value may lie deeper than calls can go', () => {
  let value: JsonValue = [];
  for (let turn = 1; turn < 100_000; turn++) value = [value];
  assert.equal(sizeOf(value).depth, 100_000);
});
