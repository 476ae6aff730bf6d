import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventPoster } from './event-poster.ts';
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

test('packets of one tick go in one message; what is told beside them keeps its place', async () => {
  const posted: FromWorker[] = [];
  const post = eventPoster((message) => posted.push(message));
  post(packet(1));
  post(packet(2));
  assert.deepEqual(posted, []);
  await Promise.resolve();
  post(packet(3));
  post(ended);
  post(packet(4));
  await Promise.resolve();
  assert.deepEqual(posted, [
    { kind: 'events', events: [packet(1), packet(2)] },
    { kind: 'events', events: [packet(3)] },
    { kind: 'event', event: ended },
    { kind: 'events', events: [packet(4)] },
  ]);
});
