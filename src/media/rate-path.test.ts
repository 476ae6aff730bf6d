import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goertzelPower } from './goertzel.ts';
import { meanSquare } from './level.ts';
import { RatePath } from './rate-path.ts';
import { sine } from './test-signals.ts';

const RATES = [8_000, 16_000, 24_000, 32_000, 48_000];

test('a tone keeps its frequency, level and length between any two of the rates in use', () => {
  for (const from of RATES) {
    for (const to of RATES) {
      if (from === to) continue;
      const path = new RatePath(from, to);
      const length = from / 4;
      const tone = sine(length, 1000, -20, from);
      const changed = new Int16Array(path.outputOf(length));
      let written = 0;
      // In pieces of 10 ms, as it comes.
      for (let at = 0; at < length; at += from / 100) {
        written += path.process(tone, at, from / 100, changed, written);
      }
      assert.equal(written, to / 4, `${from} to ${to}`);
      const power = goertzelPower(changed, to / 20, to / 5, 1000, to);
      const ratio = power / meanSquare(tone, 0, length);
      assert.ok(ratio > 0.97 && ratio < 1.03, `${from} to ${to}: ${ratio}`);
    }
  }
});
