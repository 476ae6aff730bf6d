import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MediaEvent } from './protocol.ts';
import { SessionListeners } from './session-listeners.ts';

function listeners(): { listening: SessionListeners; heard: (listenId: string) => number[] } {
  const events: MediaEvent[] = [];
  const listening = new SessionListeners({
    sessionId: 's',
    sampleRate: 8000,
    onEvent: (event) => events.push(event),
  });
  const heard = (listenId: string): number[] =>
    events.flatMap((event) =>
      event.type === 'heardAudio' && event.listenId === listenId ? [...event.samples] : [],
    );
  return { listening, heard };
}

/** Frames of 20 ms in which every sample is told from all others. */
function feed(listening: SessionListeners, from: number, frames: number): number[] {
  const all: number[] = [];
  const frame = new Int16Array(160);
  for (let i = 0; i < frames; i++) {
    for (let at = 0; at < 160; at++) frame[at] = from + i * 160 + at;
    all.push(...frame);
    listening.observe(frame, 160);
  }
  return all;
}

test('whoever listens is brought every sample once, in pieces of 60 ms, from then on until the end', () => {
  const { listening, heard } = listeners();
  feed(listening, 20_000, 3);
  assert.equal(listening.active, false);
  listening.start('a');
  const said = feed(listening, 0, 9);
  assert.deepEqual(heard('a'), said);
  listening.stop('a');
  feed(listening, 20_000, 9);
  assert.equal(heard('a').length, said.length);
  assert.equal(listening.active, false);
});

test('two who listen are independent, also of the length of frames', () => {
  const { listening, heard } = listeners();
  listening.start('a');
  const first = feed(listening, 0, 1);
  listening.start('b');
  const part = new Int16Array(77).fill(-5);
  listening.observe(part, 77);
  const rest = feed(listening, 1000, 6);
  assert.deepEqual(heard('a'), [...first, ...part, ...rest].slice(0, heard('a').length));
  assert.deepEqual(heard('b'), [...part, ...rest].slice(0, heard('b').length));
  assert.equal(heard('a').length, 960);
  assert.equal(heard('b').length, 960);
});
