import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CALM, type LoadSample, type OverloadState, stepOverload } from './overload.ts';

const IDLE: LoadSample = { utilization: 0.4, late: 0 };
const BUSY: LoadSample = { utilization: 0.97, late: 0 };
const LATE: LoadSample = { utilization: 0.5, late: 0.06 };

const after = (seconds: readonly (readonly LoadSample[])[], from: OverloadState = CALM): boolean =>
  seconds.reduce((state, second) => stepOverload(state, second), from).overloaded;
const times = (count: number, ...samples: readonly LoadSample[]) =>
  Array.from({ length: count }, () => samples);

describe('overload', () => {
  test('one thread that is never idle for five seconds in a row is enough', () => {
    assert.equal(after(times(4, IDLE, BUSY, IDLE)), false);
    assert.equal(after(times(5, IDLE, BUSY, IDLE)), true);
  });

  test('frames that come late are a sign as well, whatever the threads do', () => {
    assert.equal(after(times(5, IDLE, LATE)), true);
    assert.equal(after(times(5, IDLE, { utilization: 0.5, late: 0.04 })), false);
  });

  test('a busy thread is allowed fewer of them', () => {
    assert.equal(after(times(5, IDLE, { utilization: 0.9, late: 0.02 })), true);
    assert.equal(after(times(5, IDLE, { utilization: 0.9, late: 0.005 })), false);
    assert.equal(after(times(5, IDLE, { utilization: 0.75, late: 0.02 })), false);
  });

  test('a stall of a few seconds refuses nobody, however often it comes', () => {
    const seconds = Array.from({ length: 50 }, (_, second) => [second % 5 < 4 ? BUSY : IDLE]);
    assert.equal(after(seconds), false);
  });

  test('it is over only after five good seconds in a row', () => {
    const strained = times(5, BUSY);
    assert.equal(after([...strained, ...times(4, IDLE)]), true);
    assert.equal(after([...strained, ...times(4, IDLE), [BUSY], ...times(4, IDLE)]), true);
    assert.equal(after([...strained, ...times(5, IDLE)]), false);
  });

  test('no threads are no overload', () => {
    assert.equal(after(times(10)), false);
  });
});
