import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { step, type StrategyEffect, type StrategyInput, strategyOf } from './strategy.ts';

/** Effects of inputs one behind the other, a line for each input. */
function run(groups: number[][], ...inputs: StrategyInput[]): string[] {
  let state = strategyOf(groups);
  return inputs.map((input) => {
    const after = step(state, input);
    state = after.state;
    return after.effects.map(text).join(' ');
  });
}

function text(effect: StrategyEffect): string {
  return effect.kind === 'fail' ? `fail:${effect.reason}` : `${effect.kind}:${effect.call}`;
}

const start = { kind: 'start' } as const;
const answered = (call: number) => ({ kind: 'answered', call }) as const;
const confirmed = (call: number) => ({ kind: 'confirmed', call }) as const;
const lost = (call: number, reason: 'busy' | 'no_answer' | 'decline' = 'busy') =>
  ({ kind: 'lost', call, reason }) as const;

test('serial: one after the other until one is confirmed', () => {
  assert.deepEqual(run([[0], [1], [2]], start, lost(0), answered(1), confirmed(1)), [
    'dial:0',
    'dial:1',
    'confirm:1',
    'bridge:1',
  ]);
});

test('parallel: all at once; the first to be confirmed wins, the rest are cancelled', () => {
  assert.deepEqual(run([[0, 1, 2]], start, answered(1), answered(2), lost(0), confirmed(2), confirmed(1)), [
    'dial:0 dial:1 dial:2',
    'confirm:1',
    'confirm:2',
    '',
    'cancel:1 bridge:2',
    '',
  ]);
});

test('serial_parallel: a group is given up when the last of it is lost', () => {
  assert.deepEqual(
    run([[0, 1], [2]], start, lost(1), answered(0), lost(0, 'decline'), lost(2, 'no_answer')),
    ['dial:0 dial:1', '', 'confirm:0', 'dial:2', 'fail:no_answer'],
  );
});

test('with nobody to call, all has failed at once; empty groups are passed over', () => {
  assert.deepEqual(run([], start), ['fail:error']);
  assert.deepEqual(run([[], [0], []], start, lost(0)), ['dial:0', 'fail:busy']);
});

test('what means nothing changes nothing', () => {
  assert.deepEqual(
    run([[0], [1]], answered(0), start, start, confirmed(0), answered(1), lost(1), answered(9), lost(0)),
    ['', 'dial:0', '', '', '', '', '', 'dial:1'],
  );
});

test('whatever happens: each call is dialled once at most, one wins at most, and the end is told once', () => {
  const input = fc.oneof(
    fc.record({ kind: fc.constantFrom('answered' as const, 'confirmed' as const), call: fc.nat(8) }),
    fc.record({ kind: fc.constant('lost' as const), call: fc.nat(8), reason: fc.constant('busy' as const) }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.nat(3), { maxLength: 4 }),
      fc.array(input, { maxLength: 60 }),
      (sizes, inputs) => {
        let next = 0;
        const groups = sizes.map((size) => Array.from({ length: size }, () => next++));
        const effects = run(groups, start, ...inputs).flatMap((line) => line.split(' ').filter(Boolean));
        const ends = effects.filter((effect) => /^(?:fail|bridge)/.test(effect));
        assert.ok(ends.length <= 1);
        if (ends.length === 1) assert.equal(effects.at(-1), ends[0], 'nothing happens behind the end');
        const dialled = effects.filter((effect) => effect.startsWith('dial'));
        assert.equal(new Set(dialled).size, dialled.length);
        if (ends[0]?.startsWith('fail')) assert.equal(dialled.length, next, 'all were tried');
      },
    ),
  );
});
