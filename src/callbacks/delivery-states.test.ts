import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  BACK_OFF_MS,
  type Delivery,
  type DeliveryInput,
  type DeliveryState,
  RETRY_AFTER_MAX_MS,
  step,
  waitBefore,
} from './delivery-states.ts';

const STATES: readonly DeliveryState[] = ['pending', 'sending', 'waiting', 'delivered', 'dead'];
const INPUTS: readonly DeliveryInput[] = [
  { type: 'send' },
  { type: 'accepted', status: 200 },
  { type: 'refused', status: 404, error: 'no' },
  { type: 'failed', status: 503, error: 'later' },
  { type: 'interrupted' },
  { type: 'retry' },
];
/** State that each input leads to; `-` is ignored. Columns as in INPUTS. */
const EXPECTED: Readonly<Record<DeliveryState, string>> = {
  pending: 'sending - - - - -',
  sending: '- delivered dead waiting pending -',
  waiting: 'sending - - - - -',
  delivered: '- - - - - -',
  dead: '- - - - - pending',
};

const CONTEXT = { now: 1_000, random: 0.5, giveUpAfterMs: 24 * 3_600_000 };
const delivery = (state: DeliveryState, attempts = 1): Delivery => ({
  state,
  attempts,
  deadlineAt: CONTEXT.now + CONTEXT.giveUpAfterMs,
});

describe('the states of a delivery', () => {
  test('every state answers every input as the table says', () => {
    for (const state of STATES) {
      const reached = INPUTS.map((input) => step(delivery(state), input, CONTEXT)?.next.state ?? '-');
      assert.equal(reached.join(' '), EXPECTED[state], state);
    }
  });

  test('an attempt is counted when it begins, and transmits', () => {
    assert.deepEqual(step(delivery('waiting', 3), { type: 'send' }, CONTEXT), {
      next: delivery('sending', 4),
      effects: [{ type: 'transmit' }],
    });
  });

  test('an end is announced', () => {
    assert.deepEqual(step(delivery('sending'), { type: 'accepted', status: 204 }, CONTEXT)?.effects, [
      { type: 'announce', state: 'delivered' },
    ]);
    assert.deepEqual(step(delivery('sending'), { type: 'refused', error: 'no' }, CONTEXT)?.effects, [
      { type: 'announce', state: 'dead' },
    ]);
  });

  test('a failure after which the next attempt would come too late is the end', () => {
    const late = { ...CONTEXT, now: delivery('sending').deadlineAt - 900 };
    assert.equal(step(delivery('sending', 1), { type: 'failed', error: 'x' }, late)?.next.state, 'dead');
    const inTime = { ...CONTEXT, now: delivery('sending').deadlineAt - 1_100 };
    assert.equal(step(delivery('sending', 1), { type: 'failed', error: 'x' }, inTime)?.next.state, 'waiting');
  });

  test('a dead letter that is retried has all its time and attempts anew', () => {
    const old = { state: 'dead', attempts: 30, deadlineAt: 0 } as const;
    assert.deepEqual(step(old, { type: 'retry' }, CONTEXT)?.next, delivery('pending', 0));
  });
});

describe('the wait before the next attempt', () => {
  test('grows by the table, 10 % up or down, and stays at its last value', () => {
    for (let attempts = 1; attempts <= 20; attempts++) {
      const base = BACK_OFF_MS[Math.min(attempts, BACK_OFF_MS.length) - 1]!;
      assert.equal(waitBefore(attempts, 0.5), base);
      assert.equal(waitBefore(attempts, 0), base * 0.9);
      assert.ok(waitBefore(attempts, 0.999_999) <= base * 1.1);
    }
  });

  test('is as long as the receiver asks for, an hour at most', () => {
    assert.equal(waitBefore(1, 0.5, 7_000), 7_000);
    assert.equal(waitBefore(3, 0.5, 7_000), 30_000);
    assert.equal(waitBefore(1, 0.5, 1e12), RETRY_AFTER_MAX_MS);
  });
});
