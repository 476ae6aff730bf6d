import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Player } from './player.ts';

const RATE = 8000;
const FRAME = 160;

interface Heard {
  readonly events: string[];
  readonly player: Player;
  /** Fills `frames` frames; a frame that was left idle counts as undefined. */
  run(frames: number): (number | undefined)[];
}

function setUp(): Heard {
  const events: string[] = [];
  const player = new Player(RATE, {
    soundStarted: (playId, index, atMs) => events.push(`${playId}[${index}] at ${atMs} ms`),
    playEnded: (playId, state, playedMs, error) =>
      events.push(`${playId} ${state} ${playedMs} ms${error === undefined ? '' : ` (${error})`}`),
    streamProgress: (streamId, consumed) => events.push(`stream ${streamId} at ${consumed}`),
  });
  const frame = new Int16Array(FRAME);
  return {
    events,
    player,
    run: (frames) => Array.from({ length: frames }, () => (player.fill(frame, FRAME) ? frame[0] : undefined)),
  };
}

const constant = (value: number, samples: number): Int16Array => new Int16Array(samples).fill(value);

test('nothing to play leaves the frame idle', () => {
  const { player, run, events } = setUp();
  assert.deepEqual(run(2), [undefined, undefined]);
  assert.equal(player.active, false);
  assert.deepEqual(events, []);
});

test('a playlist sounds in order, each sound told at its start, and ends with the exact time that was sent', () => {
  const { player, run, events } = setUp();
  player.play(
    'a',
    [
      { kind: 'stream', streamId: 1 },
      { kind: 'silence', durationMs: 20 },
      { kind: 'stream', streamId: 2 },
    ],
    0,
  );
  player.feed(1, constant(11, 200), true, undefined);
  player.feed(2, constant(22, 120), true, undefined);
  assert.deepEqual(run(4), [11, 11, 0, undefined]);
  assert.deepEqual(events, ['a[0] at 0 ms', 'a[1] at 25 ms', 'a[2] at 45 ms', 'a finished 60 ms']);
});

test('a second playlist waits for the first, in the same frame', () => {
  const { player, run, events } = setUp();
  player.play('a', [{ kind: 'silence', durationMs: 10 }], 0);
  player.play('b', [{ kind: 'stream', streamId: 5 }], 0);
  player.feed(5, constant(7, 80), true, undefined);
  const frame = new Int16Array(FRAME).fill(99);
  assert.equal(player.fill(frame, FRAME), true);
  assert.deepEqual([frame[79], frame[80], frame[159]], [0, 7, 7]);
  assert.deepEqual(events, ['a[0] at 0 ms', 'a finished 10 ms', 'b[0] at 0 ms', 'b finished 10 ms']);
  assert.deepEqual(run(1), [undefined]);
});

test('a stream that starts late has not started to play, and one that runs dry is bridged by silence', () => {
  const { player, run, events } = setUp();
  player.play('a', [{ kind: 'stream', streamId: 1 }], 0);
  assert.deepEqual(run(2), [undefined, undefined]);
  assert.deepEqual(events, []);
  player.feed(1, constant(5, 240), false, undefined);
  assert.deepEqual(run(3), [5, 5, undefined]);
  player.feed(1, constant(6, 80), true, undefined);
  assert.deepEqual(run(1), [6]);
  assert.deepEqual(events, ['a[0] at 0 ms', 'a finished 40 ms']);
});

test('an error in a stream ends its list, the rest of it is skipped', () => {
  const { player, run, events } = setUp();
  player.play(
    'a',
    [
      { kind: 'stream', streamId: 1 },
      { kind: 'silence', durationMs: 500 },
    ],
    0,
  );
  player.feed(1, constant(5, 160), false, 'HTTP 404');
  run(3);
  assert.deepEqual(events, ['a[0] at 0 ms', 'a error 20 ms (HTTP 404)']);
});

test('a stopped list ends at once and the next one takes over', () => {
  const { player, run, events } = setUp();
  player.play('a', [{ kind: 'silence', durationMs: 1000 }], 0);
  player.play('b', [{ kind: 'stream', streamId: 2 }], 0);
  player.feed(2, constant(9, 160), true, undefined);
  run(2);
  player.stop('a');
  assert.deepEqual(run(1), [9]);
  assert.deepEqual(events, ['a[0] at 0 ms', 'a stopped 40 ms', 'b[0] at 0 ms', 'b finished 20 ms']);
});

test('progress of a long stream is reported twice a second', () => {
  const { player, run, events } = setUp();
  player.play('a', [{ kind: 'stream', streamId: 3 }], 0);
  player.feed(3, constant(1, RATE * 2), false, undefined);
  run(60);
  assert.deepEqual(
    events.filter((event) => event.startsWith('stream')),
    ['stream 3 at 4000', 'stream 3 at 8000'],
  );
});

test('a volume changes the level of the list that asks for it, up to the ceiling of -1 dBFS and no further', () => {
  const { player, run } = setUp();
  player.play('a', [{ kind: 'stream', streamId: 1 }], 6.0206);
  player.play('b', [{ kind: 'stream', streamId: 2 }], 40);
  player.feed(1, constant(1000, 160), true, undefined);
  player.feed(2, constant(-30_000, 160), true, undefined);
  const [doubled, loudest] = run(2);
  assert.ok(Math.abs(doubled! - 2000) <= 1, `${doubled}`);
  assert.equal(loudest, -29_204);
});

test('a tone has the length and the cadence that were asked for', () => {
  const { player } = setUp();
  player.play(
    'ring',
    [{ kind: 'tone', frequenciesHz: [425], levelDbfs: -13, onOffMs: [40, 60], durationMs: 200 }],
    0,
  );
  const heard: boolean[] = [];
  const frame = new Int16Array(FRAME);
  while (player.fill(frame, FRAME)) heard.push(frame.some((sample) => Math.abs(sample) > 1000));
  assert.deepEqual(heard, [true, true, false, false, false, true, true, false, false, false]);
});

test('data for a list that is over is dropped', () => {
  const { player, run } = setUp();
  player.play('a', [{ kind: 'stream', streamId: 1 }], 0);
  player.stop('a');
  player.feed(1, constant(5, 160), true, undefined);
  assert.deepEqual(run(1), [undefined]);
});

test('a list that is paused is idle, what lies behind it waits, and it goes on where it was', () => {
  const { player, run, events } = setUp();
  player.play('a', [{ kind: 'stream', streamId: 1 }], 0);
  player.play('b', [{ kind: 'silence', durationMs: 20 }], 0);
  player.feed(1, Int16Array.from([1, 2, 3].flatMap((value) => [...constant(value, FRAME)])), true, undefined);
  assert.deepEqual(run(1), [1]);
  player.pause('a', true);
  assert.deepEqual(run(3), [undefined, undefined, undefined]);
  player.pause('a', false);
  assert.deepEqual(run(3), [2, 3, 0]);
  assert.deepEqual(events, ['a[0] at 0 ms', 'a finished 60 ms', 'b[0] at 0 ms', 'b finished 20 ms']);
});

test('a list that is paused can be stopped, and the next one sounds', () => {
  const { player, run, events } = setUp();
  player.play('a', [{ kind: 'silence', durationMs: 1000 }], 0);
  player.play('b', [{ kind: 'silence', durationMs: 20 }], 0);
  player.pause('a', true);
  player.stop('a');
  assert.deepEqual(run(1), [0]);
  assert.deepEqual(events, ['a stopped 0 ms', 'b[0] at 0 ms', 'b finished 20 ms']);
});

test('a volume that is set while it plays holds from then on, and never clips', () => {
  const { player, run } = setUp();
  player.play('a', [{ kind: 'stream', streamId: 1 }], 0);
  player.feed(1, constant(10_000, 4 * FRAME), true, undefined);
  assert.deepEqual(run(1), [10_000]);
  player.setGain('a', 40);
  run(1);
  assert.deepEqual(run(1), [29_204]);
  player.setGain('a', -6);
  assert.ok((run(1)[0] ?? 0) > 4000);
});

test('a volume that is set while a list waits for its turn holds from its first sample on', () => {
  const { player, run } = setUp();
  player.play('a', [{ kind: 'silence', durationMs: 20 }], 0);
  player.play('b', [{ kind: 'stream', streamId: 1 }], 0);
  player.play('c', [{ kind: 'stream', streamId: 2 }], 20);
  player.feed(1, constant(1000, FRAME), true, undefined);
  player.feed(2, constant(1000, FRAME), true, undefined);
  player.setGain('b', -20);
  player.setGain('c', 0);
  assert.deepEqual(run(4), [0, 100, 1000, undefined]);
});

test('with a volume, a list has the same lengths and starts, and leaves nothing behind when a stream runs dry', () => {
  const { player, run, events } = setUp();
  player.play(
    'a',
    [
      { kind: 'stream', streamId: 1 },
      { kind: 'silence', durationMs: 20 },
      { kind: 'stream', streamId: 2 },
    ],
    6.0206,
  );
  player.play('b', [{ kind: 'silence', durationMs: 20 }], 0);
  player.feed(1, constant(11, 200), false, undefined);
  const frame = new Int16Array(FRAME);
  player.fill(frame, FRAME);
  player.fill(frame, FRAME);
  assert.deepEqual([frame[0], frame[39], frame[40], frame[159]], [22, 22, 0, 0]);
  assert.deepEqual(run(1), [undefined]);
  player.feed(1, undefined, true, undefined);
  player.feed(2, constant(33, 7), true, undefined);
  player.fill(frame, FRAME);
  player.fill(frame, FRAME);
  assert.deepEqual([frame[0], frame[6], frame[7], player.active], [66, 66, 0, true]);
  assert.deepEqual(events.slice(0, 4), [
    'a[0] at 0 ms',
    'a[1] at 25 ms',
    'a[2] at 45 ms',
    'a finished 45.875 ms',
  ]);
  run(1);
  assert.equal(player.active, false);
});

test('a list with a volume that is stopped in the middle tells what was handed out, not what was read ahead', () => {
  const { player, run, events } = setUp();
  player.play('a', [{ kind: 'silence', durationMs: 1000 }], 40);
  run(2);
  player.stop('a');
  assert.deepEqual(events, ['a[0] at 0 ms', 'a stopped 40 ms']);
});
