import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MediaLeg } from '../call/media-leg.ts';
import { type LiveCall, LiveCalls } from './live-calls.ts';

const REMEMBERED = 10_000;

/** A call of which nothing is asked but its id. */
function call(callId: string): LiveCall {
  return {
    leg: { info: { call_id: callId } } as MediaLeg,
    createdAt: 0,
    documentUrl: undefined,
    script: undefined,
    statusUrl: undefined,
    emit: () => {},
  };
}

test('calls that are over are remembered, the last ten thousand of them', () => {
  const calls = new LiveCalls();
  for (let n = 0; n < 2 * REMEMBERED + 1; n++) {
    calls.add(call(`call-${n}`));
    assert.equal(calls.hasEnded(`call-${n}`), false);
    calls.remove(`call-${n}`);
  }
  assert.equal(calls.size, 0);
  for (const [n, known] of [
    [0, false],
    [REMEMBERED, false],
    [REMEMBERED + 1, true],
    [2 * REMEMBERED, true],
  ] as const)
    assert.equal(calls.hasEnded(`call-${n}`), known, `call ${n}`);
  calls.remove('nobody');
  assert.equal(calls.hasEnded('nobody'), false);
});
