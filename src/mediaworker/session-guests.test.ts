import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RtpSocket } from '../rtp/sockets.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import type { CopySpec, MediaEvent } from './protocol.ts';
import { SessionGuests } from './session-guests.ts';

const COPY: CopySpec = {
  take: 'mixed',
  codec: 'PCMU',
  sampleRate: 8000,
  ptimeMs: 20,
  rtp: { address: '10.0.0.9', port: 5000 },
};

test('a copy is a guest from its order on: what comes in the meantime may not be put off', async () => {
  const opened = Promise.withResolvers<RtpSocket>();
  const events: MediaEvent[] = [];
  const guests = new SessionGuests({
    sessionId: 's',
    sampleRate: 8000,
    frame: 160,
    clock: new VirtualClock(),
    random: () => 0,
    openSocket: () => opened.promise,
    onEvent: (event) => events.push(event),
  });
  assert.equal(guests.active, false);
  guests.handle({ type: 'copy', sessionId: 's', copyId: 'c', spec: COPY }, false);
  assert.deepEqual([guests.active, guests.observing], [true, false]);
  opened.reject(new Error('no port is free'));
  await opened.promise.catch(() => {});
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(guests.active, false);
  assert.deepEqual(
    events.map(({ type }) => type),
    ['copyEnded'],
  );
});
