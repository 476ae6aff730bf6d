import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NoiseFloor } from './noise-floor.ts';

const power = (dbfs: number): number => 32768 ** 2 * 10 ** (dbfs / 10);

function feed(floor: NoiseFloor, dbfs: number, frames: number, speaking = false): void {
  for (let frame = 0; frame < frames; frame++) floor.update(power(dbfs), speaking);
}

test('the floor falls at once and rises when the noise has stayed louder for over three seconds', () => {
  const floor = new NoiseFloor();
  feed(floor, -40, 10);
  assert.equal(Math.round(floor.dbfs), -40);
  feed(floor, -20, 299);
  assert.equal(Math.round(floor.dbfs), -40);
  feed(floor, -20, 50);
  assert.equal(Math.round(floor.dbfs), -20);
  feed(floor, -50, 30);
  assert.equal(Math.round(floor.dbfs), -50);
});

test('a single quiet frame hardly moves it', () => {
  const floor = new NoiseFloor();
  feed(floor, -30, 50);
  feed(floor, -127, 1);
  assert.ok(floor.dbfs > -32);
});

test('digital silence reads -65 dBFS', () => {
  const floor = new NoiseFloor();
  assert.equal(floor.dbfs, -65);
  floor.update(0, false);
  assert.equal(Math.round(floor.dbfs), -65);
});

test('unrest is the mean height of the noise above its floor, and one loud frame adds little', () => {
  const floor = new NoiseFloor();
  feed(floor, -40, 10);
  for (let frame = 0; frame < 500; frame++) floor.learnUnrest(frame % 2 === 0 ? -40 : -30);
  assert.ok(Math.abs(floor.unrestDb - 5) < 0.3, `${floor.unrestDb}`);
  const before = floor.unrestDb;
  floor.learnUnrest(0);
  assert.ok(floor.unrestDb - before < 0.1);
  floor.learnUnrest(-127);
  assert.ok(floor.unrestDb > 0);
});

test('while somebody speaks it rises by 3 dB a second at most, and falls at once all the same', () => {
  const floor = new NoiseFloor();
  feed(floor, -60, 100);
  feed(floor, -20, 400, true);
  assert.equal(Math.round(floor.dbfs), -57, 'three seconds at -60 are remembered, one has gone by');
  feed(floor, -59, 30, true);
  assert.ok(floor.dbfs < -58, `${floor.dbfs}`);
});

test('the share of a band lowers what silence counts as', () => {
  assert.equal(Math.round(new NoiseFloor(0.1).dbfs), -75);
});
