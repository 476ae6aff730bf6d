import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LOOK_FULL, Places } from './places.ts';

function filled(count: number, phases = 2) {
  const places = new Places<number>(phases, 3, 4);
  for (let session = 0; session < count; session++) places.take(session, places.next());
  const byLook = Array.from({ length: places.looks }, () => 0);
  const byTurn = Array.from({ length: places.turns }, () => 0);
  for (let session = 0; session < count; session++) {
    byLook[places.of(session) % places.looks]!++;
    byTurn[places.of(session)]!++;
  }
  return { places, byLook, byTurn };
}

test('few sessions share one turn, more of them its look', () => {
  const used = (count: number) => filled(count).byTurn.filter((sessions) => sessions > 0).length;
  assert.deepEqual([1, 30, 40, 80, 120].map(used), [1, 1, 2, 3, 4]);
});

test('a full look has its sessions evenly among its turns', () => {
  const { byLook, byTurn } = filled(LOOK_FULL);
  assert.deepEqual(byLook, [LOOK_FULL, 0, 0, 0, 0, 0]);
  const turns = byTurn.filter((count) => count > 0);
  assert.equal(turns.length, 4);
  assert.ok(Math.max(...turns) - Math.min(...turns) <= 1);
});

test('more of them begin a look in the other half of the frame, then looks between', () => {
  const looks = (count: number) =>
    [...filled(count).byLook.entries()].filter(([, sessions]) => sessions > 0).map(([look]) => look);
  assert.deepEqual(looks(LOOK_FULL + 1), [0, 3]);
  assert.deepEqual(looks(2 * LOOK_FULL + 1), [0, 2, 3]);
  assert.deepEqual(looks(3 * LOOK_FULL + 1), [0, 2, 3, 5]);
  assert.deepEqual(looks(6 * LOOK_FULL), [0, 1, 2, 3, 4, 5]);
});

test('where all looks are full, they stay as full as each other', () => {
  for (const phases of [1, 2]) {
    const { byLook, byTurn } = filled(phases * 3 * LOOK_FULL + 301, phases);
    assert.ok(Math.max(...byLook) - Math.min(...byLook) <= 1, byLook.join(' '));
    assert.ok(Math.max(...byTurn) - Math.min(...byTurn) <= 1, byTurn.join(' '));
  }
});

test('the place of one that leaves is taken by the next', () => {
  const { places } = filled(2 * LOOK_FULL);
  const turn = places.leave(7);
  assert.throws(() => places.of(7), /without a turn/);
  assert.equal(places.next() % places.looks, turn % places.looks);
  assert.equal(places.next(), turn);
});
