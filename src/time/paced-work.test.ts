import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacedWork } from './paced-work.ts';
import { VirtualClock } from './virtual-clock.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('work is done at the end of the turn that asks for it, once for all who ask', async () => {
  let done = 0;
  const work = new PacedWork(new VirtualClock(), 10, () => done++);
  work.ask();
  work.ask();
  assert.equal(done, 0);
  await turn();
  assert.equal(done, 1);
  await turn();
  assert.equal(done, 1);
});

test('soon after the last time it waits until its pace allows it, for all who ask meanwhile', async () => {
  const clock = new VirtualClock();
  const at: number[] = [];
  const work = new PacedWork(clock, 10, () => at.push(clock.monotonic() - began));
  const began = clock.monotonic();
  work.ask();
  await turn();
  await clock.advance(4);
  work.ask();
  await clock.advance(3);
  work.ask();
  await clock.advance(20);
  work.ask();
  await turn();
  assert.deepEqual(at, [0, 10, 27]);
});

test('who cannot wait has it done at once, and nobody who had asked has it done again', async () => {
  let done = 0;
  const clock = new VirtualClock();
  const work = new PacedWork(clock, 10, () => done++);
  work.run();
  work.ask();
  work.run();
  assert.equal(done, 2);
  await turn();
  await clock.advance(20);
  assert.equal(done, 2);
});
