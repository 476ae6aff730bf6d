import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeOrderedId } from './time-ordered-id.ts';

test('is a UUID of version 7 whose first 48 bits are the time', () => {
  const id = timeOrderedId(0x017f22e279b0 + 0.9);
  assert.match(id, /^017f22e2-79b0-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('of one instant all differ; of later ones all are behind', () => {
  const ids = Array.from({ length: 1000 }, () => timeOrderedId(1000));
  assert.equal(new Set(ids).size, 1000);
  assert.ok(ids.every((id) => id < timeOrderedId(1001)));
});
