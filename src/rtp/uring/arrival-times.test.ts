import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrivalTimes, CONTROL_BYTES } from './arrival-times.ts';

/** The system's clock when ours reads 0, s. */
const BEGAN = 1_700_000_000;
const SECONDS = 4;
const NANOSECONDS = 6;

/** Control data of a datagram that came at this reading of our clock. */
function stamped(ms: number): Uint32Array {
  const words = new Uint32Array(CONTROL_BYTES / 4);
  words[SECONDS] = BEGAN + Math.floor(ms / 1000);
  words[NANOSECONDS] = (ms % 1000) * 1e6;
  return words;
}

test('datagrams are told as of when they came, also those that came behind the last look at the time', () => {
  let nowMs = 5_000;
  const realtime = (time: Uint32Array): void => {
    time[0] = BEGAN + Math.floor(nowMs / 1000);
    time[2] = (nowMs % 1000) * 1e6;
  };
  const times = new ArrivalTimes({ realtime }, () => nowMs);
  times.look();
  assert.equal(times.read(stamped(4_990), 0), 4_990);
  nowMs = 5_020;
  assert.equal(times.read(stamped(5_012), 0), 5_012);
  assert.equal(times.read(stamped(4_990), 0), 4_990);
  assert.equal(times.read(stamped(9_000), 0), 5_020, 'the system clock was set back since');
});
