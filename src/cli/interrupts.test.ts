import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import test from 'node:test';

import { VirtualClock } from '../time/virtual-clock.ts';
import { onInterrupt } from './interrupts.ts';

function listening() {
  const clock = new VirtualClock();
  const source = new EventEmitter();
  const seen: string[] = [];
  const stop = onInterrupt(
    clock,
    { polite: (signal) => seen.push(`polite ${signal}`), atOnce: (signal) => seen.push(`at once ${signal}`) },
    source,
  );
  return { clock, source, seen, stop, press: (signal: string) => source.emit(signal, signal) };
}

test('The first signal ends politely, a later one of any kind at once', async () => {
  const { clock, press, seen } = listening();
  press('SIGINT');
  await clock.advance(1000);
  press('SIGTERM');
  assert.deepEqual(seen, ['polite SIGINT', 'at once SIGTERM']);
});

test('One press of Ctrl-C that arrives twice is one press', async () => {
  const { clock, press, seen } = listening();
  press('SIGINT');
  press('SIGINT');
  await clock.advance(100);
  press('SIGINT');
  assert.deepEqual(seen, ['polite SIGINT']);
});

test('A later press that arrives twice is one press, too', async () => {
  const { clock, press, seen } = listening();
  press('SIGTERM');
  await clock.advance(1000);
  press('SIGINT');
  await clock.advance(20);
  press('SIGINT');
  assert.deepEqual(seen, ['polite SIGTERM', 'at once SIGINT']);
  await clock.advance(1000);
  press('SIGINT');
  assert.equal(seen.length, 3);
});

test('After stopping, signals have their usual effect again', () => {
  const { source, stop } = listening();
  stop();
  assert.deepEqual(
    ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => source.listenerCount(signal)),
    [0, 0, 0],
  );
});
