import assert from 'node:assert/strict';
import test from 'node:test';

import { assertHeardAgain } from './tone-assertions.ts';
import type { FoundTone } from './tone-finder.ts';

/** Tones one behind the other, as frequency and length. */
function tones(...list: readonly (readonly [frequencyHz: number, ms: number])[]): FoundTone[] {
  let at = 0;
  return list.map(([frequencyHz, ms]) => {
    const startMs = at;
    at += ms;
    return { frequencyHz, startMs, endMs: at, levelDbfs: -10 };
  });
}

const MESSAGE = tones([525, 41], [575, 500], [625, 300]);

test('a message is heard again tone for tone, whatever is heard before it', () => {
  const heard = tones([900, 200], [525, 41], [575, 500], [625, 300]);
  const { again, before } = assertHeardAgain(heard, MESSAGE);
  assert.deepEqual([again, before], [heard.slice(1), heard.slice(0, 1)]);
});

test('the piece that is left of its first tone may be heard or not, also when it is not found in the message', () => {
  const [piece, ...rest] = MESSAGE;
  assert.deepEqual(assertHeardAgain(rest, MESSAGE), { again: rest, before: [] });
  assert.deepEqual(assertHeardAgain([piece!, ...rest], rest), { again: rest, before: [] });
});

test('a tone that is missing, or in another place, is told with what was heard', () => {
  const missing = { name: 'AssertionError', message: /heard:\n575 Hz 0–500 ms/ };
  assert.throws(() => assertHeardAgain(tones([575, 500]), MESSAGE), missing);
  assert.throws(() => assertHeardAgain(tones([575, 500], [525, 41], [625, 300]), MESSAGE), missing);
  const whole = tones([525, 90], [575, 500]);
  assert.throws(() => assertHeardAgain(tones([575, 500]), whole), missing);
});
