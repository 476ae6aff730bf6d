import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sipTimers } from './timers.ts';

test('The defaults are those of RFC 3261 table 4 and RFC 6026 for an unreliable transport', () => {
  const { unreliable } = sipTimers();
  assert.deepEqual(unreliable, {
    A: 500,
    B: 32_000,
    D: 32_000,
    E: 500,
    F: 32_000,
    G: 500,
    H: 32_000,
    I: 5000,
    J: 32_000,
    K: 5000,
    L: 32_000,
    M: 32_000,
    Trying: 200,
  });
});

test('On a reliable transport nothing is retransmitted and nobody waits for late copies', () => {
  const { reliable } = sipTimers();
  for (const timer of ['A', 'E', 'G'] as const) assert.equal(reliable[timer], undefined);
  for (const timer of ['D', 'I', 'J', 'K'] as const) assert.equal(reliable[timer], 0);
  for (const timer of ['B', 'F', 'H', 'L', 'M'] as const) assert.equal(reliable[timer], 32_000);
});

test('All timers follow T1 and T4', () => {
  const { unreliable } = sipTimers({ t1: 10, t2: 40, t4: 50 });
  assert.equal(unreliable.A, 10);
  assert.equal(unreliable.B, 640);
  assert.equal(unreliable.J, 640);
  assert.equal(unreliable.K, 50);
});

test('A timer that is not a positive number of milliseconds is refused by name', () => {
  assert.throws(() => sipTimers({ t1: 0 }), /SIP timer t1 must be a positive number of milliseconds, not 0/);
  assert.throws(() => sipTimers({ t4: Number.NaN }), /SIP timer t4/);
});
