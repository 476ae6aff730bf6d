import type { RecordingRow } from './recordings.ts';

/** The row of a recording that has just begun. */
export function recordingRow(change: Partial<RecordingRow> = {}): RecordingRow {
  return {
    id: 'c0ff0000-0000-4000-8000-000000000001',
    controlId: 'vm-1',
    callId: 'call-1',
    segmentId: 'segment-1',
    nodeId: 'node-1',
    projectId: 'project-1',
    spaceId: 'space-1',
    eventChannel: undefined,
    tag: undefined,
    legType: 'sip',
    status: 'in-progress',
    endedBy: undefined,
    terminator: undefined,
    hangupBy: undefined,
    hangupReason: undefined,
    format: 'wav',
    direction: 'speak',
    stereo: false,
    path: 'recordings/2026/c0ff.wav',
    statusUrl: undefined,
    createdAt: 1_000_000.25,
    updatedAt: 1_000_000.25,
    startTime: undefined,
    endTime: undefined,
    durationMs: 0,
    byteSize: 0,
    error: undefined,
    ...change,
  };
}
