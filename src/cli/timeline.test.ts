import assert from 'node:assert/strict';
import test from 'node:test';

import { VirtualClock } from '../time/virtual-clock.ts';
import { Timeline } from './timeline.ts';

function lines(colors: boolean) {
  const clock = new VirtualClock();
  let text = '';
  const out = (piece: string): void => {
    text += piece;
  };
  const timeline = new Timeline({ out, err: out, colors, columns: 80 }, clock);
  return { clock, timeline, text: () => text };
}

test('Each line has its seconds since the start, who, and what', async () => {
  const { clock, timeline, text } = lines(false);
  timeline.tell('phone', 'calls');
  await clock.advance(12_345);
  timeline.tell('recording', 'started');
  assert.equal(text(), '  0.00 s  phone     calls\n 12.35 s  recording started\n');
});

test('What the other side sent can neither move the cursor nor begin a line', () => {
  const { timeline, text } = lines(true);
  timeline.tell('phone', 'is refused: 486 (\u001b[2J\r\nfake)');
  assert.match(text(), /486 \( \[2J {2}fake\)\n$/);
  assert.equal(text().split('\n').length, 2);
});
