/**
 * A process that records until it is killed, for crash.test.ts: `node crash-child.ts PATH FORMAT`. For each block
 * that it is about to append, prints how many samples there are with it; sample n of the recording is
 * {@link crashSample}.
 */
import { writeSync } from 'node:fs';
import { sleep } from '../time/clock.ts';
import { RealClock } from '../time/real-clock.ts';
import type { CreateTarget } from './byte-target.ts';
import { FileTarget } from './file-target.ts';
import { Recorder } from './recorder.ts';

const BLOCK = 160;
/** An hour: the parent kills the child long before. */
const MAX_BLOCKS = 180_000;
/** How much faster than a call, when an encoder must keep up. */
const SPEED = 2;

/** A signal in which every second differs from every other. */
export function crashSample(n: number): number {
  return ((n * 7919 + (n >> 8) * 104729) % 60_000) - 30_000;
}

if (import.meta.main) {
  const [, , path, format] = process.argv;
  if (path === undefined || !(format === 'wav' || format === 'mp3' || format === 'mp4')) {
    throw new Error('usage: crash-child.ts PATH wav|mp3|mp4');
  }
  const clock = new RealClock();
  const targets: FileTarget[] = [];
  const createTarget: CreateTarget = (file, maxQueuedBytes) => {
    const target = new FileTarget(file, { clock, ...(maxQueuedBytes !== undefined && { maxQueuedBytes }) });
    targets.push(target);
    return target;
  };
  const recorder = new Recorder(
    {
      recordingId: 'crash',
      controlId: 'crash',
      path,
      format,
      direction: 'speak',
      stereo: false,
      beep: false,
      terminators: '',
      inputSensitivity: 44,
      initialTimeoutMs: 0,
      endSilenceTimeoutMs: 0,
      maxLengthMs: 3_600_000,
    },
    { sampleRate: 8000, clock, createTarget, onEvent: () => {} },
  );
  recorder.begin();
  const block = new Int16Array(BLOCK);
  for (let sent = 0; sent < MAX_BLOCKS * BLOCK; sent += BLOCK) {
    for (let i = 0; i < BLOCK; i++) block[i] = crashSample(sent + i);
    writeSync(1, `${sent + BLOCK}\n`);
    recorder.observe(block, undefined, 0, BLOCK);
    recorder.append(block, undefined, 0, BLOCK);
    // A disk that keeps up is part of the promise: never be more than one buffer ahead of it, in no file.
    do await new Promise((next) => setImmediate(next));
    while (targets.some(({ queuedBytes }) => queuedBytes > 0));
    if (format !== 'wav') await sleep(clock, BLOCK / 8 / SPEED);
  }
}
