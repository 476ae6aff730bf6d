import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { SideVoice } from '../../recording/voice-trace.ts';
import type { RecordingRow, RecordingStore } from '../../storage/recordings.ts';
import { problem } from './errors.ts';
import { findRecording, idOf } from './recording-access.ts';

/** When somebody spoke in a recording, and why it ended then. The caller has checked the credentials. */
export function addRestVoiceRoute(
  app: FastifyInstance,
  options: { readonly recordings: RecordingStore },
): void {
  app.get('/api/relay/rest/recordings/:id/voice', (request) => voiceJson(request, options.recordings));
}

function voiceJson(request: FastifyRequest, recordings: RecordingStore): Readonly<Record<string, unknown>> {
  const row = findRecording(idOf(request), recordings);
  const voice = recordings.voiceActivity(row.id);
  if (voice === undefined) throw problem(404, reason(row));
  return {
    recording_id: row.id,
    ended_by: row.endedBy ?? null,
    duration_ms: Math.round(row.durationMs),
    threshold_dbfs: voice.thresholdDbfs,
    initial_timeout_ms: voice.initialTimeoutMs,
    end_silence_timeout_ms: voice.endSilenceTimeoutMs,
    listened_ms: Math.round(voice.listenedMs),
    speak: sideJson(voice.speak),
    listen: sideJson(voice.listen),
  };
}

function sideJson(side: SideVoice | undefined): Readonly<Record<string, unknown>> | null {
  if (side === undefined) return null;
  return {
    segments: side.segments.map(({ startMs, endMs, levelDbfs, noiseDbfs }) => ({
      start_ms: Math.round(startMs),
      end_ms: Math.round(endMs),
      level_dbfs: levelDbfs,
      noise_dbfs: noiseDbfs,
    })),
    omitted: side.omitted,
    noise_dbfs: side.noiseDbfs,
    loudest_other_dbfs: side.loudestOtherDbfs ?? null,
  };
}

function reason(row: RecordingRow): string {
  if (row.status === 'in-progress' || row.status === 'paused') return `the recording is ${row.status}`;
  return 'nothing is known about its voice: no timer needed it, it is encrypted, or a crash ended it';
}
