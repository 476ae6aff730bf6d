import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep } from '../time/clock.ts';
import { StandstillError, VirtualTime } from './call-time.ts';

test('what fails in a timer is told to whoever waits, and time goes on for the next one', async () => {
  const time = new VirtualTime(0, 60_000);
  time.clock.after(10, () => {
    throw new Error('a listener failed');
  });
  await assert.rejects(time.wait(sleep(time.clock, 20)), (error) => {
    assert.ok(error instanceof StandstillError);
    assert.match(error.message, /a listener failed/);
    return true;
  });
  await time.wait(sleep(time.clock, 20));
  assert.equal(time.clock.monotonic(), 30);
});
