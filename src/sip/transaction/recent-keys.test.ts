import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../time/virtual-clock.ts';
import { RecentKeys } from './recent-keys.ts';

test('a key is known for as long as was asked for, and forgotten before twice that time', async () => {
  const clock = new VirtualClock();
  const keys = new RecentKeys<number>(clock, 1000, 10);
  for (const delayMs of [0, 100, 500, 999]) {
    await clock.advance(delayMs);
    keys.set('a', delayMs);
    await clock.advance(1000);
    assert.equal(keys.get('a'), delayMs);
    await clock.advance(1000);
    assert.equal(keys.get('a'), undefined);
  }
});

test('however many keys come, no more than twice the room are kept, and the latest of them', () => {
  const keys = new RecentKeys<number>(new VirtualClock(), 1000, 10);
  for (let n = 0; n < 1000; n++) keys.set(`k${n}`, n);
  const known = Array.from({ length: 1000 }, (_, n) => n).filter((n) => keys.get(`k${n}`) === n);
  assert.ok(known.length >= 10 && known.length <= 20, `${known.length} known`);
  assert.deepEqual(
    known,
    Array.from({ length: known.length }, (_, n) => 1000 - known.length + n),
  );
});
