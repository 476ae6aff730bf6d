import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InjectedAudio } from './injected-audio.ts';

const RATE = 8000;
const FRAME = 160;

/** Takes frames as a session does; a frame without injected sound counts as undefined. */
function open(realtime = false) {
  const marks: string[] = [];
  const audio = new InjectedAudio(RATE, FRAME, realtime, (name) => marks.push(name));
  const run = (frames: number): (number | undefined)[] =>
    Array.from({ length: frames }, () => {
      if (!audio.ready()) return undefined;
      const frame = new Int16Array(FRAME);
      audio.mixInto(frame);
      return frame[0];
    });
  return { audio, marks, run };
}

const constant = (value: number, frames: number): Int16Array => new Int16Array(frames * FRAME).fill(value);

test('sound begins when three frames of it wait, so that pieces may come unevenly', () => {
  const { audio, run } = open();
  audio.push(constant(1, 1));
  assert.deepEqual(run(1), [undefined]);
  audio.push(constant(2, 1));
  assert.deepEqual(run(1), [undefined]);
  audio.push(constant(3, 1));
  assert.deepEqual(run(2), [1, 2]);
  // Two pieces are late and come at once: there is no gap.
  audio.push(constant(4, 2));
  assert.deepEqual(run(4), [3, 4, 4, undefined]);
});

test('sound that is shorter than what is awaited is played after as many frames', () => {
  const { audio, run } = open();
  audio.push(constant(7, 1));
  assert.deepEqual(run(5), [undefined, undefined, undefined, 7, undefined]);
});

test('in real time sound waits for one frame, and the oldest goes when more than 200 ms wait', () => {
  const { audio, run } = open(true);
  audio.push(constant(1, 4));
  audio.push(constant(2, 10));
  assert.equal(audio.waiting, 10 * FRAME);
  assert.equal(audio.dropped, 4 * FRAME);
  assert.deepEqual(run(11), [...Array.from({ length: 10 }, () => 2), undefined]);
});

test('without real time a minute that comes at once is played to its end', () => {
  const { audio, run } = open();
  audio.push(constant(3, 3000));
  assert.equal(
    run(3000).every((value) => value === 3),
    true,
  );
  assert.equal(audio.dropped, 0);
});

test('a mark is told when what was pushed before it was taken, at once when nothing waits', () => {
  const { audio, marks, run } = open();
  audio.mark('empty');
  assert.deepEqual(marks, ['empty']);
  audio.push(constant(1, 3));
  audio.mark('first');
  audio.push(constant(2, 2));
  audio.mark('second');
  run(2);
  assert.deepEqual(marks, ['empty']);
  run(1);
  assert.deepEqual(marks, ['empty', 'first']);
  run(2);
  assert.deepEqual(marks, ['empty', 'first', 'second']);
});

test('clear drops all that waits and tells its marks in order', () => {
  const { audio, marks, run } = open();
  audio.push(constant(1, 5));
  audio.mark('a');
  audio.push(constant(2, 5));
  audio.mark('b');
  run(1);
  audio.clear();
  assert.deepEqual(marks, ['a', 'b']);
  assert.deepEqual(run(1), [undefined]);
  audio.push(constant(9, 3));
  assert.deepEqual(run(1), [9]);
});

test('marks of sound that is dropped for lack of room are told', () => {
  const { audio, marks } = open(true);
  audio.push(constant(1, 2));
  audio.mark('lost');
  audio.push(constant(2, 10));
  assert.deepEqual(marks, ['lost']);
});

test('sound is added to what the frame holds', () => {
  const { audio } = open(true);
  audio.push(constant(1000, 1));
  const frame = new Int16Array(FRAME).fill(200);
  assert.equal(audio.ready(), true);
  audio.mixInto(frame);
  assert.equal(
    frame.every((sample) => sample === 1200),
    true,
  );
});
