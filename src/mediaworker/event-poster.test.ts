import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../time/virtual-clock.ts';
import { eventPoster, MESSAGE_PACE_MS } from './event-poster.ts';
import type { MediaEvent } from './protocol.ts';
import type { FromWorker } from './worker-messages.ts';

const packet = (n: number): MediaEvent => ({
  type: 'copied',
  sessionId: 's',
  copyId: 'c',
  track: 'said',
  payload: Uint8Array.of(n),
});
const ended: MediaEvent = { type: 'copyEnded', sessionId: 's', copyId: 'c', packets: 3 };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('all events of one turn go in one message, in their order', async () => {
  const posted: FromWorker[] = [];
  const clock = new VirtualClock();
  const { post } = eventPoster((message) => posted.push(message), clock);
  post(packet(1));
  await Promise.resolve();
  post(ended);
  assert.deepEqual(posted, []);
  await turn();
  post(packet(2));
  await turn();
  assert.equal(posted.length, 1, 'the next message keeps its distance');
  await clock.advance(MESSAGE_PACE_MS);
  assert.deepEqual(posted, [
    { kind: 'events', events: [packet(1), ended] },
    { kind: 'events', events: [packet(2)] },
  ]);
});

test('at the end of a thread what waits is posted at once, and only once', async () => {
  const posted: FromWorker[] = [];
  const clock = new VirtualClock();
  const { post, flush } = eventPoster((message) => posted.push(message), clock);
  post(ended);
  flush();
  assert.deepEqual(posted, [{ kind: 'events', events: [ended] }]);
  await turn();
  assert.equal(posted.length, 1);
});
