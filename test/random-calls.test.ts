/** Whatever the document and those who talk: a call ends, breaks nothing of ours, and loses no recording. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Logger, silentLogger } from '../src/log/logger.ts';
import {
  formatTimeline,
  StandstillError,
  virtualCall,
  type VirtualCall,
  VirtualCallError,
} from '../src/testing/index.ts';
import { randomCall } from './support/random-calls.ts';

const CALLS = 100;
/** Each so many is made twice. */
const TWICE = 10;
const RUNNING = new Set<unknown>(['recording', 'paused']);

for (let seed = 1; seed <= CALLS; seed++) {
  test(`a random call (${seed}) ends, with whole recordings and without an error of ours`, async () => {
    const { timeline, errors } = await made(seed);
    assert.deepEqual(errors, [], timeline);
    assert.doesNotMatch(timeline, /internal_error/);
    if (seed % TWICE === 0) assert.equal((await made(seed)).timeline, timeline, 'the same call again');
  });
}

async function made(
  seed: number,
): Promise<{ readonly timeline: string; readonly errors: readonly string[] }> {
  const { options, acts } = randomCall(seed);
  const errors: string[] = [];
  const call = await virtualCall({ ...options, log: errorsInto(errors) });
  await acts(call);
  await ended(call);
  checkRecordings(call);
  return { timeline: formatTimeline(call.timeline), errors };
}

/** A script may wait for ever, or for longer than anybody listens: then the caller hangs up. */
async function ended(call: VirtualCall): Promise<void> {
  try {
    if (call.end === undefined) await call.ends({ within: 120 });
  } catch (cause) {
    if (!(cause instanceof VirtualCallError || cause instanceof StandstillError)) throw cause;
  }
  await call.close();
}

function checkRecordings(call: VirtualCall): void {
  for (const recording of call.recordings) {
    const { id, status, format, seconds, error } = recording;
    assert.ok(status === 'completed' || status === 'absent', `${id} is ${status}: ${error}`);
    if (status !== 'completed') continue;
    const length = recording.samples().length / recording.sampleRate;
    // MP3 and MP4 have whole frames, and their delay.
    assert.ok(
      Math.abs(length - seconds) <= (format === 'wav' ? 0.001 : 0.15),
      `${id}: ${length} of ${seconds} s`,
    );
  }
  const ends = call.callbacks
    .of('calling.call.record')
    .filter(({ params, attempt }) => attempt === 1 && !RUNNING.has(params['state']));
  const told = ends.map(
    ({ params }) => `${params['call_id']} ${params['recording_id'] ?? params['control_id']} ${params['url']}`,
  );
  assert.equal(new Set(told).size, told.length, 'each end is told once');
}

function errorsInto(errors: string[]): Logger {
  const log: Logger = {
    ...silentLogger,
    error: ({ err }, message) => {
      errors.push(`${message}: ${err instanceof Error ? (err.stack ?? err.message) : ''}`);
    },
    child: () => log,
  };
  return log;
}
