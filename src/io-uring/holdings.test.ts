import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Holdings } from './holdings.ts';

test('what a thread holds is known to who has the memory, and is taken once', () => {
  const memory = Holdings.memory();
  const thread = new Holdings(memory);
  for (const fd of [63, 3, 1_048_575, 31, 32, 3, 40]) thread.add(fd);
  thread.delete(40);
  thread.delete(41);
  thread.addMapping({ address: 0x7fff_dead_b000, bytes: 4096 });
  thread.addMapping({ address: 0x7fff_beef_0000, bytes: 8192 });
  const watcher = new Holdings(memory);
  assert.deepEqual(watcher.takeDescriptors(), [3, 31, 32, 63, 1_048_575]);
  assert.deepEqual(watcher.takeMappings(), [
    { address: 0x7fff_dead_b000, bytes: 4096 },
    { address: 0x7fff_beef_0000, bytes: 8192 },
  ]);
  assert.deepEqual([watcher.takeDescriptors(), watcher.takeMappings()], [[], []]);
});

test('more than there is room for disturbs nothing', () => {
  const holdings = new Holdings(Holdings.memory());
  holdings.add(2 ** 20);
  holdings.delete(2 ** 20);
  for (let index = 0; index < 100; index++) holdings.addMapping({ address: 4096 * (index + 1), bytes: 4096 });
  assert.deepEqual(holdings.takeDescriptors(), []);
  assert.deepEqual(holdings.takeMappings().at(-1), { address: 4096 * 64, bytes: 4096 });
});
