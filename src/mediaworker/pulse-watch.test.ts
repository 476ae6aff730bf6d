import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LEAVING, LOOK_MS, PulseWatch, STILL_LOOKS } from './pulse-watch.ts';

/** Looks once for each number of beats, `stepMs` apart. @returns at which look the thread was found to hang, from 0 */
function firstHang(beats: readonly number[], stepMs = LOOK_MS): number {
  const watch = new PulseWatch();
  return beats.findIndex((count, look) => watch.look(count, look * stepMs));
}

test('a thread without a beat for ten looks hangs, and not before', () => {
  assert.equal(firstHang([3, ...Array<number>(STILL_LOOKS + 3).fill(7)]), 1 + STILL_LOOKS);
});

test('one late beat is enough to be alive', () => {
  const late = [...Array<number>(STILL_LOOKS).fill(7), ...Array<number>(STILL_LOOKS).fill(8)];
  assert.equal(firstHang([...late, 9]), -1);
});

test('a thread that is starting may take its time', () => {
  assert.equal(firstHang(Array<number>(100).fill(0)), -1);
});

test('a thread that leaves may take its time, too', () => {
  assert.equal(firstHang([5, ...Array<number>(100).fill(LEAVING)]), -1);
});

test('looks made up for after a standstill of the process count as one', () => {
  assert.equal(firstHang([1, ...Array<number>(25).fill(1)], 1), -1);
});

test('beats that begin anew, of another thread, are beats', () => {
  assert.equal(firstHang([...Array<number>(STILL_LOOKS).fill(40), 1, 2]), -1);
});
