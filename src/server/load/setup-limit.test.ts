import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VirtualClock } from '../../time/virtual-clock.ts';
import { SetupGate } from './setup-gate.ts';
import { NO_SETUP_LIMIT, type SetupLimit, type SetupSecond, stepSetupLimit } from './setup-limit.ts';

const second = (change: Partial<SetupSecond> = {}): SetupSecond => ({
  utilization: 0.5,
  taken: 100,
  refused: 0,
  ...change,
});
const BUSY = second({ utilization: 0.99 });
const after = (from: SetupLimit, seconds: readonly SetupSecond[]): SetupLimit =>
  seconds.reduce(stepSetupLimit, from);
const LIMITED = after(NO_SETUP_LIMIT, [BUSY, BUSY, BUSY]);

describe('the limit of set-ups', () => {
  test('two seconds without idle time limit nothing, the third does: to three quarters of what was taken', () => {
    assert.equal(after(NO_SETUP_LIMIT, [BUSY, BUSY]).perSecond, undefined);
    const uneven = [80, 100, 120].map((taken) => second({ utilization: 0.95, taken }));
    assert.equal(after(NO_SETUP_LIMIT, uneven).perSecond, 75);
    const stalls = Array.from({ length: 60 }, (_, at) => (at % 3 < 2 ? BUSY : second()));
    assert.equal(after(NO_SETUP_LIMIT, stalls).perSecond, undefined);
  });

  test('a strain in which nobody asks sets none', () => {
    const alone = Array.from({ length: 20 }, () => second({ utilization: 1, taken: 0 }));
    assert.equal(after(NO_SETUP_LIMIT, alone).perSecond, undefined);
  });

  test('each further such second lowers it by a tenth, whoever came, and never below one', () => {
    const few = second({ utilization: 1, taken: 3, refused: 0 });
    assert.equal(after(LIMITED, [few]).perSecond, 67.5);
    assert.equal(
      after(
        LIMITED,
        Array.from({ length: 90 }, () => few),
      ).perSecond,
      1,
    );
  });

  test('from the least it comes back to hundreds in less than twenty seconds', () => {
    const least = after(
      LIMITED,
      Array.from({ length: 90 }, () => BUSY),
    );
    const asked = Array.from({ length: 18 }, () => second({ taken: 1, refused: 500 }));
    assert.ok(after(least, asked).perSecond! > 300);
  });

  test('it is lifted when nobody has been turned away for ten seconds in a row', () => {
    const calm = Array.from({ length: 9 }, () => second());
    assert.notEqual(after(LIMITED, calm).perSecond, undefined);
    assert.notEqual(after(LIMITED, [...calm, second({ refused: 1 }), ...calm]).perSecond, undefined);
    assert.equal(after(LIMITED, [...calm, second()]).perSecond, undefined);
  });
});

/**
 * A main thread that is at work 1.5 ms for each call that it takes and 0.3 ms for each that it refuses, asked for
 * `perSecond` calls evenly; those it has no time for wait.
 */
async function under(gate: SetupGate, clock: VirtualClock, perSecond: number, seconds: number) {
  let taken = 0;
  let waiting = 0;
  let strained = 0;
  let inARow = 0;
  let longest = 0;
  for (let at = 0; at < seconds; at++) {
    let busyMs = 0;
    for (let ms = 0; ms < 1000; ms++) {
      waiting += perSecond / 1000;
      while (waiting >= 1 && busyMs <= ms) {
        const open = gate.ask();
        waiting--;
        taken += open ? 1 : 0;
        busyMs += open ? 1.5 : 0.3;
      }
      await clock.advance(1);
    }
    const isStrained = busyMs >= 950;
    strained += isStrained ? 1 : 0;
    inARow = isStrained ? inARow + 1 : 0;
    longest = Math.max(longest, inARow);
    gate.step(1, Math.min(1, busyMs / 1000));
  }
  return { taken, strained, longest, waiting };
}

describe('the gate of set-ups', () => {
  test('takes all there is time for', async () => {
    const clock = new VirtualClock();
    assert.ok(
      (await under(new SetupGate(clock), clock, 600, 20)).taken >= 11_999,
      'but for one that still waits',
    );
  });

  test('with a third more than it can, those who wait are told, and it stays near what it can', async () => {
    const clock = new VirtualClock();
    const gate = new SetupGate(clock);
    const first = await under(gate, clock, 850, 10);
    assert.ok(first.longest <= 6 && first.waiting < 20, `${first.longest} s strained, ${first.waiting} wait`);
    // Of 850 calls a second, 579 can be taken when the others are refused: (950 − 850 × 0.3) / 1.2.
    const { taken, strained, longest } = await under(gate, clock, 850, 60);
    assert.ok(taken / 60 > 520 && taken / 60 < 590, `${taken / 60} a second`);
    assert.ok(
      strained < 20 && longest <= 3,
      `${strained} of 60 seconds without idle time, ${longest} in a row`,
    );
  });

  test('calls that are let in come as evenly as those that ask', async () => {
    const clock = new VirtualClock();
    const gate = new SetupGate(clock);
    await under(gate, clock, 850, 30);
    const quarters = [0, 0, 0, 0];
    for (let call = 0; call < 850; call++) {
      if (gate.ask()) quarters[Math.floor((call * 4) / 850)]! += 1;
      await clock.advance(1000 / 850);
    }
    assert.ok(Math.max(...quarters) - Math.min(...quarters) < 12, quarters.join(' '));
  });

  test('a tick that comes late tells of more than a second, and counts as one', async () => {
    const clock = new VirtualClock();
    const gate = new SetupGate(clock);
    for (let tick = 0; tick < 3; tick++) {
      for (let call = 0; call < 400; call++) gate.ask();
      gate.step(4, 1);
    }
    assert.equal(gate.perSecond, 75);
  });

  test('when the crowd is gone, all are let in again', async () => {
    const clock = new VirtualClock();
    const gate = new SetupGate(clock);
    await under(gate, clock, 850, 20);
    assert.notEqual(gate.perSecond, undefined);
    await under(gate, clock, 100, 11);
    assert.equal(gate.perSecond, undefined);
    assert.ok((await under(gate, clock, 100, 10)).taken >= 999);
  });
});
