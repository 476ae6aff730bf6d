import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RecordingRow } from '../storage/recordings.ts';
import { buildEnvelope } from './envelope.ts';
import { withEventQuery } from './query.ts';
import { recordEnvelope, recordParams } from './record-event.ts';

const URL_OF_FILE = 'https://example.com/api/v1/recordings/c0ff/download';
const ROW: RecordingRow = {
  id: 'c0ff',
  controlId: 'vm-1',
  callId: '7d0c',
  segmentId: '90be',
  nodeId: '41aa',
  projectId: 'aa10',
  spaceId: 'bb20',
  eventChannel: 'swml:0f3e',
  tag: undefined,
  legType: 'sip',
  status: 'completed',
  endedBy: 'terminator',
  terminator: '#',
  hangupBy: undefined,
  hangupReason: undefined,
  format: 'wav',
  direction: 'speak',
  stereo: false,
  path: 'c0ff.wav',
  statusUrl: 'https://example.com/status',
  createdAt: 0,
  updatedAt: 0,
  startTime: 1_750_000_000_000,
  endTime: 1_750_000_012_400,
  durationMs: 12_400,
  byteSize: 99_244,
  error: undefined,
};
const BASE = {
  call_id: '7d0c',
  node_id: '41aa',
  segment_id: '90be',
  control_id: 'vm-1',
  recording_id: 'c0ff',
};
const AUDIO = { format: 'wav', direction: 'speak', stereo: false };
const options = { url: URL_OF_FILE, nowMs: 1_750_000_012_500 };

describe('calling.call.record', () => {
  test('recording: ids, URL and audio', () => {
    assert.deepEqual(
      recordParams({ ...ROW, endedBy: undefined, terminator: undefined }, 'recording', options),
      {
        ...BASE,
        state: 'recording',
        url: URL_OF_FILE,
        record: { audio: AUDIO },
      },
    );
  });

  test('paused: also how the pause is written', () => {
    const paused = { ...BASE, state: 'paused', url: URL_OF_FILE, record: { audio: AUDIO } };
    assert.deepEqual(recordParams(ROW, 'paused', { ...options, pauseBehavior: 'silence' }), {
      ...paused,
      pause_behavior: 'silence',
    });
    assert.deepEqual(recordParams(ROW, 'paused', options), { ...paused, pause_behavior: 'skip' });
  });

  for (const state of ['finished', 'no_input'] as const) {
    test(`${state}: URL, duration and size both flat and nested, times, and what ended it`, () => {
      const result = { url: URL_OF_FILE, duration: 12.4, size: 99_244 };
      assert.deepEqual(recordParams(ROW, state, options), {
        ...BASE,
        state,
        ...result,
        start_time: 1_750_000_000,
        end_time: 1_750_000_012.4,
        ended_by: 'terminator',
        terminator: '#',
        record: { ...result, format: 'wav', audio: AUDIO },
      });
    });
  }

  test('no_input without a file has no URL', () => {
    const empty: RecordingRow = {
      ...ROW,
      status: 'absent',
      endedBy: 'no_speech',
      terminator: undefined,
      byteSize: 0,
      durationMs: 0,
      startTime: undefined,
      endTime: undefined,
    };
    assert.deepEqual(recordParams(empty, 'no_input', options), {
      ...BASE,
      state: 'no_input',
      duration: 0,
      size: 0,
      ended_by: 'no_speech',
      record: { duration: 0, size: 0, format: 'wav', audio: AUDIO },
    });
  });

  test('error: what failed, and no URL', () => {
    const failed: RecordingRow = {
      ...ROW,
      endedBy: 'error',
      terminator: undefined,
      error: 'the disk is full',
    };
    assert.deepEqual(recordParams(failed, 'error', options), {
      ...BASE,
      state: 'error',
      ended_by: 'error',
      error: 'the disk is full',
      record: { audio: AUDIO },
    });
  });

  test('carries the tag of the call when it has one', () => {
    assert.equal(recordParams({ ...ROW, tag: 'sales' }, 'recording', options)['tag'], 'sales');
  });

  test('a hang-up is told with who it was and why', () => {
    const row: RecordingRow = {
      ...ROW,
      endedBy: 'hangup',
      terminator: undefined,
      hangupBy: 'local',
      hangupReason: 'max_duration',
    };
    const { ended_by, hangup_by, hangup_reason, terminator } = recordParams(row, 'finished', options);
    assert.deepEqual(
      [ended_by, hangup_by, hangup_reason, terminator],
      ['hangup', 'local', 'max_duration', undefined],
    );
  });

  test('the envelope has channel, project, space, and seconds with a fraction', () => {
    const { params, ...envelope } = recordEnvelope(ROW, 'finished', options);
    assert.equal(params['state'], 'finished');
    assert.deepEqual(envelope, {
      event_type: 'calling.call.record',
      event_channel: 'swml:0f3e',
      timestamp: 1_750_000_012.5,
      project_id: 'aa10',
      space_id: 'bb20',
    });
  });
});

describe('the envelope', () => {
  const event = { type: 't', nowMs: 1_234.567_89, projectId: 'p', spaceId: 's', params: {} };

  test('has no channel outside of a script', () => {
    assert.ok(!('event_channel' in buildEnvelope(event)));
  });

  test('counts time to the microsecond', () => {
    assert.equal(buildEnvelope(event).timestamp, 1.234568);
  });

  test('flattened for a GET keeps the query in front and the fragment behind', () => {
    const envelope = buildEnvelope({ ...event, params: { list: ['a', { b: null }], text: 'ä &=' } });
    const flat = 'event_type=t&timestamp=1.234568&project_id=p&space_id=s';
    const params = '&params.list.0=a&params.list.1.b=&params.text=%C3%A4+%26%3D';
    assert.equal(withEventQuery('http://h/x', envelope), `http://h/x?${flat}${params}`);
    assert.equal(withEventQuery('http://h/x?a=1#rt=5', envelope), `http://h/x?a=1&${flat}${params}#rt=5`);
    assert.equal(withEventQuery('http://h/x?', envelope), `http://h/x?${flat}${params}`);
  });
});
