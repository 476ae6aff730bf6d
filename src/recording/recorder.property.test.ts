import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom, speechLike, whiteNoise } from '../media/test-signals.ts';
import { decodeWav } from '../media/wav-stream-decoder.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { MemoryTarget } from './memory-target.ts';
import { Recorder } from './recorder.ts';
import type { RecordSpec } from './types.ts';

const RATE = 8000;

/** A minute of a call in which speech and silence of random length alternate. */
function conversation(seed: number): Int16Array {
  const random = seededRandom(seed);
  const samples = whiteNoise(60 * RATE, -62, seed);
  for (let at = 0; at < samples.length; ) {
    const pause = Math.floor(random() * 1.5 * RATE);
    const word = Math.floor((0.05 + random()) * RATE);
    samples.set(
      speechLike(word, -25, RATE, seed).subarray(0, Math.max(0, samples.length - at - pause)),
      Math.min(at + pause, samples.length),
    );
    at += pause + word;
  }
  return samples;
}

const CALLS = [1, 2, 3].map(conversation);

const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ op: fc.constant('observe' as const), count: fc.integer({ min: 1, max: 2000 }) }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ op: fc.constant('append' as const), count: fc.integer({ min: 1, max: 3000 }) }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('begin' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('pause' as const),
      behavior: fc.constantFrom('skip' as const, 'silence' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('resume' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('digit' as const),
      digit: fc.constantFrom('5', '5', '5', '#'),
      tone: fc.nat(800),
    }),
  },
);

const timers = fc.record({
  initialTimeoutMs: fc.constantFrom(0, 300, 1234.5),
  endSilenceTimeoutMs: fc.constantFrom(0, 50, 400, 1000),
  maxLengthMs: fc.constantFrom(777, 5000, 3_600_000),
});

/**
 * A plain model of the file: which observed sample lands in it, and as what. It knows nothing of the timers,
 * only that the recorder says how long the file has become.
 */
class Model {
  readonly verdicts: ('keep' | 'silence' | 'skip')[] = [];
  begun = false;
  paused: 'skip' | 'silence' | undefined;

  observe(count: number): void {
    const verdict = !this.begun ? 'skip' : (this.paused ?? 'keep');
    for (let i = 0; i < count; i++) this.verdicts.push(verdict);
  }

  file(call: Int16Array, length: number): number[] {
    const samples: number[] = [];
    for (let n = 0; n < this.verdicts.length && samples.length < length; n++) {
      if (this.verdicts[n] === 'keep') samples.push(call[n]!);
      if (this.verdicts[n] === 'silence') samples.push(0);
    }
    return samples;
  }
}

test('however observing, appending, pausing and ending interleave, the file is the decided part of the call', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 200, size: 'max' }),
      timers,
      fc.nat(CALLS.length - 1),
      async (steps, spec, which) => {
        const call = CALLS[which]!;
        const target = new MemoryTarget();
        const model = new Model();
        const fullSpec: RecordSpec = {
          recordingId: 'r',
          controlId: 'c',
          path: '/nowhere/r.wav',
          format: 'wav',
          direction: 'speak',
          stereo: false,
          beep: true,
          terminators: '#',
          inputSensitivity: 44,
          ...spec,
        };
        const recorder = new Recorder(fullSpec, {
          sampleRate: RATE,
          clock: new VirtualClock(),
          target,
          onEvent: () => {},
        });
        const live = (): boolean => recorder.phase !== 'finalising' && recorder.phase !== 'ended';
        let observed = 0;
        let appended = 0;
        let decided = 0;
        for (const current of steps) {
          switch (current.op) {
            case 'observe': {
              const count = Math.min(current.count, call.length - observed);
              if (live()) model.observe(count);
              recorder.observe(call, undefined, observed, count);
              observed += count;
              break;
            }
            case 'append':
              appended += recorder.append(call, undefined, appended, current.count);
              break;
            case 'begin':
              if (live()) model.begun = true;
              recorder.begin();
              break;
            case 'pause':
              if (live()) model.paused ??= current.behavior;
              recorder.pause(current.behavior);
              break;
            case 'resume':
              if (live()) model.paused = undefined;
              recorder.resume();
              break;
            case 'digit':
              recorder.digit(current.digit, current.tone);
              if (!live()) decided = Math.min(decided, recorder.decidedSamples);
              break;
          }
          assert.ok(recorder.decidedSamples >= decided, 'the decided length never shrinks but by a key');
          decided = recorder.decidedSamples;
          assert.ok(recorder.pendingSamples >= 0);
          assert.ok(appended + recorder.pendingSamples <= observed);
        }
        if (live()) recorder.stop('stop');
        const length = recorder.decidedSamples;
        while (recorder.pendingSamples > 0) {
          appended += recorder.append(call, undefined, appended, 160);
        }
        const outcome = await recorder.finish();
        assert.equal(Math.round((outcome.durationMs * RATE) / 1000), length);
        assert.equal(outcome.missingSamples, 0);
        if (length === 0) {
          assert.equal(target.state, 'discarded');
        } else {
          assert.deepEqual([...decodeWav(target.bytes).samples], model.file(call, length));
          assert.equal(outcome.byteSize, 44 + 2 * length);
        }
      },
    ),
    { numRuns: 300 },
  );
});
