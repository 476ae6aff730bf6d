import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallEvent } from '../../trace/events.ts';
import { planOf, understoodOf } from './caller-plan.ts';

const event = (
  at: number,
  kind: CallEvent['kind'],
  text: string,
  data: CallEvent['data'] = {},
): CallEvent => ({
  at,
  kind,
  text,
  data,
});
const started = (at: number, lateMs?: number): CallEvent =>
  event(at, 'recording', 'recording started', { recording_id: 'r', ...(lateMs && { late_ms: lateMs }) });
const ended = (at: number, endedBy: string, durationMs: number): CallEvent =>
  event(at, 'recording', 'recording ended', {
    recording_id: 'r',
    ended_by: endedBy,
    duration_ms: durationMs,
  });
const key = (at: number, digit: string): CallEvent =>
  event(at, 'digit', 'key pressed', { digit, via: 'rfc4733' });
const times = (events: readonly CallEvent[]): number[] =>
  planOf(events).actions.map(({ after }) => Math.round(after * 1000));

test('a key that ended a recording is pressed again when the recording is as long, however late its beginning was told', () => {
  assert.deepEqual(
    times([started(1.2), key(4, '5'), key(5, '#'), ended(5.01, 'terminator', 4060)]),
    [2800, 4000],
  );
});

test('no key is pressed behind the one that ended the recording', () => {
  assert.deepEqual(
    times([started(1), key(4.99, '5'), key(5, '#'), ended(5.01, 'terminator', 3560)]),
    [3500, 3500],
  );
});

test('who hung up in a recording does so when it is as long', () => {
  const hungUp = event(5, 'call', 'the party hung up');
  assert.deepEqual(times([started(1.2), hungUp, ended(5.1, 'hangup', 4060)]), [4000]);
});

test('a key keeps its time behind a recording that ended by itself, or was paused, or is over', () => {
  assert.deepEqual(times([started(1), key(4, '5'), ended(6, 'max_length', 5000)]), [3000]);
  const paused = event(2, 'recording', 'recording paused', { recording_id: 'r', behavior: 'skip' });
  assert.deepEqual(times([started(1), paused, key(4, '#'), ended(4, 'terminator', 1000)]), [3000]);
  assert.deepEqual(times([started(1), ended(6, 'max_length', 5000), key(7, '5')]), [1000]);
});

test('what did not end the recording keeps its time, whoever did', () => {
  const hungUp = event(60, 'call', 'the party hung up');
  const sound = event(4, 'play', 'sound started');
  // A key for a menu, during the recording of the whole call; and one before we hang up, or before a key in the audio.
  assert.deepEqual(
    times([started(1), key(3, '1'), sound, hungUp, ended(60, 'hangup', 59_060)]),
    [2000, 56_000],
  );
  assert.deepEqual(times([started(1), key(3, '1'), ended(60, 'hangup', 59_060)]), [2000]);
  const inAudio = event(5, 'digit', 'key pressed', { digit: '#', via: 'inband' });
  assert.deepEqual(times([started(1), key(3, '1'), inAudio, ended(5, 'terminator', 4060)]), [2000]);
});

test('recognition that failed fails again', () => {
  const warned = (reason: string): CallEvent =>
    event(1, 'warning', 'relay_script_method_execute_failed', { reason });
  const done = (set: CallEvent['data']): CallEvent => event(2, 'step', 'prompt done', { set });
  assert.deepEqual(
    understoodOf([
      warned('The prompt failed: recognition failed: HTTP 503'),
      done({ prompt_result: 'failed' }),
      warned('Speech is not understood: HTTP 503'),
      done({ prompt_result: 'match_digits', prompt_value: '1' }),
      warned('The prompt failed: playing failed: HTTP 404'),
      done({ prompt_result: 'failed' }),
      done({ prompt_result: 'match_speech', prompt_value: 'Sales.' }),
    ]),
    [{ error: 'HTTP 503' }, { error: 'HTTP 503' }, { text: 'Sales.' }],
  );
});

test('no sound is said twice where a beginning is told behind what followed it', () => {
  const received = event(0.3, 'media', 'received audio', { audio: 'a.wav' });
  const sound = event(1.3, 'play', 'sound started');
  const { segments } = planOf([received, sound, started(1.31, 150), event(3, 'call', 'ended')]);
  assert.deepEqual(
    segments.map(({ at }) => at),
    [0.3, 1.3, 1.3],
  );
});

test('what the party said belongs to what it followed, not to when that was told', () => {
  const received = event(0.3, 'media', 'received audio', { audio: 'a.wav', late_ms: 100 });
  const { segments } = planOf([received, started(1.2, 150), event(3, 'call', 'ended')]);
  const places = segments.map(({ audio: { from, to } }) => [from, to].map((at) => Math.round(at * 1000)));
  assert.deepEqual(places, [
    [20, 870],
    [870, 2820],
  ]);
});
