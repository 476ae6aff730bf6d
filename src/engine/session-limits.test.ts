import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../time/virtual-clock.ts';
import { run } from './run.test-helper.ts';

/** As time really is: some has passed whenever it is read. */
class PassingClock extends VirtualClock {
  #readings = 0;

  override monotonic(): number {
    return super.monotonic() + ++this.#readings / 1_000;
  }
}

test('document.md 6, steps: one that could wait, and did not, counts as one without waiting in real time, too', async () => {
  const { result } = await run(
    `sections:
  main: [{label: a}, {execute: {dest: s}}, {goto: {label: a}}]
  s: [{label: b}, {execute: {dest: t}}, {goto: {label: b}}]
  t: [{set: {n: 1}}]`,
    { clock: new PassingClock() },
  );
  assert.equal(result.error?.code, 'relay_script_method_execute_failed');
  assert.match(String(result.error?.message), /More than 10000 steps without one that waits/);
});

test('document.md 6, steps: those before one that waited do not count in real time, either', async () => {
  const { result } = await run(
    `sections:
  main: [{label: a}, {execute: {dest: s}}, {sleep: 1}, {goto: {label: a}}]
  s: [{label: b}, {set: {n: 1}}, {goto: {label: b}}]`,
    { clock: new PassingClock() },
  );
  assert.equal(result.outcome, 'finished');
});
