import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { freeUdpRange } from '../../test/support/ports.ts';
import { silentLogger } from '../log/logger.ts';
import { RealClock } from '../time/real-clock.ts';
import { MediaThreadsError, openMediaThreads } from './media-threads.ts';
import type { MediaEvent } from './protocol.ts';

const LOCALHOST = '127.0.0.1';

/** Ways in which a thread ends: by a fault of its own, in which it still clears up, or at once, as when its heap is full. */
const ENDS: Readonly<Record<string, (worker: Worker) => unknown>> = {
  // What is no message of ours ends it as any fault would.
  'that fails': (worker) => worker.postMessage({ kind: 'commands' }),
  'that is ended from outside': (worker) => worker.terminate(),
};

for (const [how, end] of Object.entries(ENDS)) {
  test(`threads share the ports of a range, and those of one ${how} are free again`, async (t) => {
    const started: Worker[] = [];
    const note = (worker: Worker): unknown => started.push(worker);
    process.on('worker', note);
    t.after(() => process.off('worker', note));
    const first = await freeUdpRange(8);
    const pool = openMediaThreads({
      threads: 2,
      bindAddress: LOCALHOST,
      rtpPorts: { min: first, max: first + 7 },
      recordingKey: undefined,
      clock: new RealClock(),
      log: silentLogger,
    });
    t.after(() => pool.close());
    const ended: string[] = [];
    const open = (sessionId: string): Promise<MediaEvent> =>
      new Promise((resolve) => {
        pool.subscribe(sessionId, (event) => {
          if (event.type === 'closed') ended.push(sessionId);
          resolve(event);
        });
        pool.send({ type: 'open', sessionId, bindAddress: LOCALHOST, idleMedia: 'none' });
      });
    const events = await Promise.all(['a', 'b', 'c', 'd'].map(open));
    const ports = events.map((event) => (event.type === 'opened' ? event.rtpPort : event.type));
    assert.deepEqual(ports.toSorted(), [first, first + 2, first + 4, first + 6]);
    assert.equal(pool.hasPorts, false);
    const fifth = await open('e');
    assert.equal(fifth.type, 'openFailed');

    while (started.length < 2) await once(process, 'worker');
    const gone = new Promise((resolve) => started[0]!.once('exit', resolve));
    end(started[0]!);
    await gone;
    assert.equal(ended.length, 2);
    assert.equal(pool.hasPorts, true);
    const again = await Promise.all(['f', 'g'].map(open));
    assert.deepEqual(
      again.map((event) => event.type),
      ['opened', 'opened'],
    );
  });
}

test('threads that cannot be started are told with the cure', () => {
  const open = (): unknown =>
    openMediaThreads({
      threads: 3,
      bindAddress: LOCALHOST,
      rtpPorts: { min: 42_000, max: 42_999 },
      recordingKey: undefined,
      clock: new RealClock(),
      log: silentLogger,
      // No thread can be made of it, as where the system has none left.
      entry: new URL('nowhere:thread'),
    });
  assert.throws(open, (error) => {
    assert.ok(error instanceof MediaThreadsError);
    assert.match(error.message, /^only 0 of 3 media threads can be started \(.+\): .+, or set rtp\.threads$/);
    return true;
  });
});
