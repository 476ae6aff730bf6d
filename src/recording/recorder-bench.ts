/** A recorder with its surroundings, for tests. */
import { whiteNoise } from '../media/test-signals.ts';
import { decodeWav } from '../media/wav-stream-decoder.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { MemoryTarget } from './memory-target.ts';
import { Recorder, type RecorderEvent } from './recorder.ts';
import type { RecordOutcome, RecordSpec } from './types.ts';

export const RATE = 8000;

export const SPEC: RecordSpec = {
  recordingId: 'r1',
  controlId: 'c1',
  path: '/nowhere/r1.wav',
  format: 'wav',
  direction: 'speak',
  stereo: false,
  beep: false,
  terminators: '#',
  inputSensitivity: 44,
  initialTimeoutMs: 0,
  endSilenceTimeoutMs: 0,
  maxLengthMs: 3_600_000,
};

/** A recorder with its surroundings, fed as the media session feeds it. */
export class Bench {
  readonly clock = new VirtualClock();
  readonly target = new MemoryTarget();
  readonly events: RecorderEvent[] = [];
  readonly recorder: Recorder;

  constructor(spec: Partial<RecordSpec> = {}) {
    this.recorder = new Recorder(
      { ...SPEC, ...spec },
      {
        sampleRate: RATE,
        clock: this.clock,
        target: this.target,
        onEvent: (event) => event.type !== 'opened' && this.events.push(event),
      },
    );
  }

  /** Observes and appends in blocks, the latter as soon as it is allowed. */
  feed(speak: Int16Array | undefined, listen: Int16Array | undefined, count: number, block = 160): void {
    let appended = 0;
    for (let at = 0; at < count; at += block) {
      const run = Math.min(block, count - at);
      this.recorder.observe(speak, listen, at, run);
      appended += this.recorder.append(speak, listen, appended, at + run - appended);
    }
  }

  async finish(): Promise<RecordOutcome> {
    return this.recorder.finish();
  }

  get samples(): number[] {
    return [...decodeWav(this.target.bytes, { layout: 'interleaved' }).samples];
  }

  get types(): string[] {
    return this.events.map((event) => event.type);
  }
}

export function ramp(count: number, start = 1): Int16Array {
  return Int16Array.from({ length: count }, (_, n) => start + n);
}

/** A quiet line: what a detector needs to know silence. */
export function line(count: number, seed = 5): Int16Array {
  return whiteNoise(count, -62, seed);
}
