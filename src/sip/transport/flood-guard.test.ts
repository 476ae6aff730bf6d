import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FloodGuard } from './flood-guard.ts';

test('A source has its burst at once, then so many a second; another source has its own', () => {
  const guard = new FloodGuard({ burst: 3, perSecond: 2, maxSources: 10 });
  const taken = (source: string, now: number): number => {
    let count = 0;
    while (guard.take(source, now)) count++;
    return count;
  };
  assert.equal(taken('a', 0), 3);
  assert.equal(taken('b', 0), 3);
  assert.equal(taken('a', 400), 0);
  assert.equal(taken('a', 1000), 2);
  assert.equal(taken('a', 100_000), 3, 'never more than the burst');
});

test('Forged sources do not fill the memory', () => {
  const guard = new FloodGuard({ burst: 1, perSecond: 1, maxSources: 100 });
  for (let i = 0; i < 10_000; i++) guard.take(`source ${i}`, i);
  assert.equal(guard.size, 100);
});
