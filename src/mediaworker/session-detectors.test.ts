import assert from 'node:assert/strict';
import { test } from 'node:test';
import { add, concat, speechLike, whiteNoise } from '../media/test-signals.ts';
import type { DetectSpec, MediaEvent } from './protocol.ts';
import { SessionDetectors } from './session-detectors.ts';

const RATE = 8000;

function detectors(): {
  readonly detecting: SessionDetectors;
  readonly told: () => readonly (readonly unknown[])[];
} {
  const events: MediaEvent[] = [];
  const detecting = new SessionDetectors({
    sessionId: 's',
    sampleRate: RATE,
    onEvent: (event) => events.push(event),
  });
  const told = () =>
    events.map((event) =>
      event.type === 'detected' ? [event.detectId, event.events, event.result?.outcome] : [event.type],
    );
  return { detecting, told };
}

function spec(initialTimeoutMs = 4500): DetectSpec {
  const timeoutMs = 30_000;
  return {
    fax: 'CED',
    timeoutMs,
    machine: {
      initialTimeoutMs,
      endSilenceTimeoutMs: 1000,
      machineReadyTimeoutMs: 1000,
      machineVoiceMs: 1250,
      machineWords: 6,
      detectMessageEnd: true,
      timeoutMs,
    },
  };
}

test('a machine stays one where the detection is stopped before its greeting is over, as by a new document', () => {
  const { detecting, told } = detectors();
  detecting.start('machine', spec(), 0);
  const said = concat(new Int16Array(RATE / 2), speechLike(4 * RATE, -22, RATE));
  const line = add(said, whiteNoise(said.length, -62));
  for (let at = 0; at < line.length; at += 160) detecting.observe(line.subarray(at, at + 160), 160);
  detecting.start('nobody', spec(), 0);
  detecting.stopAll();
  assert.deepEqual(told(), [
    ['machine', ['MACHINE'], undefined],
    ['machine', [], 'MACHINE'],
    ['nobody', [], 'UNKNOWN'],
  ]);
  assert.equal(detecting.active, false);
});

test('what is known before the first sample is told as well', () => {
  const { detecting, told } = detectors();
  detecting.start('a', spec(0), 320);
  assert.deepEqual(told(), [['a', ['UNKNOWN'], 'UNKNOWN']]);
  assert.equal(detecting.active, false);
});
