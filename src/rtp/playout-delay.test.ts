import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PlayoutDelay, type PlayoutWish } from './playout-delay.ts';

/** Runs `ticks` ticks with one packet each; obeys the wishes. Returns those that were not `steady`. */
function run(delay: PlayoutDelay, ticks: number, margin: (tick: number) => number, offset = { samples: 0 }) {
  const wishes: PlayoutWish[] = [];
  for (let tick = 0; tick < ticks; tick++) {
    delay.observe(margin(tick) - offset.samples);
    const wish = delay.tick();
    if (wish === 'steady') continue;
    wishes.push(wish);
    const moved = wish === 'hold' ? -160 : 160;
    offset.samples += moved;
    delay.moved(moved);
  }
  return wishes;
}

function create(): PlayoutDelay {
  const delay = newDelay();
  delay.open(0);
  for (let tick = 0; tick < 2; tick++) assert.equal(delay.tick(), 'hold');
  return delay;
}

function newDelay(): PlayoutDelay {
  return new PlayoutDelay({ step: 160, start: 320, minimum: 160, maximum: 1600 });
}

describe('PlayoutDelay', () => {
  it('lets the head stand still for the delay of the first packet, which comes without any', () => {
    const delay = newDelay();
    assert.deepEqual([delay.current, delay.isOpenAt(10), run(delay, 2, () => 0)], [0, false, []]);
    delay.open(7);
    // Another stream gets as much less as the head has still to stand still.
    assert.deepEqual([delay.current, delay.isOpenAt(6), delay.isOpenAt(7)], [0, false, true]);
    assert.deepEqual([run(delay, 1, () => 0), delay.opened, delay.current], [['hold'], 160, 160]);
    assert.deepEqual([run(delay, 9, () => 160), delay.opened, delay.current], [['hold'], 320, 320]);
  });

  it('tells what is left of that where the head has made up for some of it', () => {
    const delay = newDelay();
    const offset = { samples: 0 };
    delay.open(0);
    assert.equal(delay.opened, 0);
    assert.deepEqual(
      run(delay, 150, () => 0, offset),
      ['hold', 'hold'],
    );
    assert.equal(delay.opened, 320);
    assert.deepEqual(
      run(delay, 150, () => 0, offset),
      ['catchUp'],
    );
    assert.equal(delay.opened, 160);
  });

  it('does not let the head stand still for what the first packet is ahead of it anyhow', () => {
    for (const [ahead, holds] of [
      [0.5, 2],
      [-0.5, 2],
      [161, 1],
      [4000, 0],
    ] as const) {
      const delay = newDelay();
      delay.open(0, ahead);
      assert.equal(run(delay, 50, () => ahead).length, holds, `${ahead} samples`);
    }
  });

  it('holds one step for each tick with a late packet until none is late', () => {
    assert.deepEqual(
      run(create(), 20, () => -500),
      ['hold', 'hold', 'hold', 'hold'],
    );
  });

  it('does not hold past the maximum', () => {
    const delay = create();
    const wishes = run(delay, 60, (tick) => (tick % 2 === 0 ? 1300 : -1000));
    assert.deepEqual(wishes, ['hold']);
  });

  it('shrinks by one step after two windows that were too wide, down to the minimum', () => {
    const wishes = run(create(), 2000, () => 800);
    assert.deepEqual(wishes, ['catchUp', 'catchUp', 'catchUp', 'catchUp']);
    assert.deepEqual(
      run(create(), 199, () => 800),
      [],
    );
    assert.deepEqual(
      run(create(), 200, () => 800),
      ['catchUp'],
    );
  });

  it('does not shrink as long as one packet needs the delay', () => {
    assert.deepEqual(
      run(create(), 1000, (tick) => (tick % 90 === 0 ? 100 : 800)),
      [],
    );
  });

  it('hurries, tick by tick, while the delay is above its maximum', () => {
    const wishes = run(create(), 220, () => 2400);
    assert.deepEqual(wishes, ['hurry', 'hurry', 'hurry', 'hurry', 'hurry']);
  });

  it('lets a pause of the sender neither count nor be forgotten', () => {
    const delay = create();
    assert.deepEqual(
      run(delay, 200, () => 800),
      ['catchUp'],
    );
    for (let tick = 0; tick < 1000; tick++) assert.equal(delay.tick(), 'steady');
    assert.equal(delay.current, 640);
  });

  it('gives a new stream what the network needed lately, within the limits', () => {
    const delay = create();
    assert.equal(delay.current, 320);
    delay.observe(900);
    assert.equal(delay.current, 900);
    delay.observe(5000);
    assert.equal(delay.current, 1600);
    delay.reset();
    assert.equal(delay.current, 320);
  });
});
