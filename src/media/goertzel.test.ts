import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goertzelDbfs, goertzelPower } from './goertzel.ts';

function sine(hz: number, amplitude: number, count = 800, phase = 0.3): Int16Array {
  return Int16Array.from(
    { length: count },
    (_, n) => amplitude * Math.sin((2 * Math.PI * hz * n) / 8000 + phase),
  );
}

test('a sine of amplitude A has power A² / 2 at its own frequency, whatever its phase', () => {
  for (const phase of [0, 1, 2, 3]) {
    const power = goertzelPower(sine(1000, 8000, 800, phase), 0, 800, 1000, 8000);
    assert.ok(Math.abs(power / (8000 ** 2 / 2) - 1) < 0.001);
  }
});

test('other frequencies read far less', () => {
  assert.ok(goertzelDbfs(sine(1000, 8000), 1100, 8000) < goertzelDbfs(sine(1000, 8000), 1000, 8000) - 60);
});

test('an offset selects the stretch that is measured', () => {
  const samples = new Int16Array(1000);
  samples.set(sine(500, 1000, 800), 100);
  const power = goertzelPower(samples, 100, 800, 500, 8000);
  assert.ok(Math.abs(power / (1000 ** 2 / 2) - 1) < 0.01);
});

test('an empty stretch has no power', () => {
  assert.equal(goertzelPower(new Int16Array(0), 0, 0, 500, 8000), 0);
  assert.equal(goertzelDbfs(new Int16Array(80), 500, 8000), -127);
});
