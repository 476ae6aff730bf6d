import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Peaks, reducePeaks } from '../../media/peaks.ts';
import type { RecordingRow } from '../../storage/recordings.ts';
import { PeaksBusyError, type PeaksSource } from '../peaks-source.ts';
import { problem, tooManyRequests } from './errors.ts';
import { type Query, wholeNumber } from './query.ts';
import { type AccessOptions, FOR_PAGES, findFinished, idOf, requireAccess } from './recording-access.ts';

export interface PeaksOptions extends AccessOptions {
  readonly peaks: PeaksSource;
}

const SAMPLES = { min: 1, max: 10_000, fallback: 1_000 };
const RETRY_SECONDS = 2;

/** `GET …/peaks` for players, for whoever may download the recording. */
export function addPeaksRoute(app: FastifyInstance, options: PeaksOptions): void {
  app.get('/api/v1/recordings/:id/peaks', (request, reply) => {
    requireAccess(request, reply, idOf(request), options);
    reply.headers(FOR_PAGES);
    return sendPeaks(request, reply, options);
  });
}

/** The same in the REST API. The caller has checked the credentials. */
export function addRestPeaksRoute(app: FastifyInstance, options: PeaksOptions): void {
  app.get('/api/relay/rest/recordings/:id/peaks', (request, reply) => sendPeaks(request, reply, options));
}

/**
 * Peaks in the JSON of audiowaveform (data format version 2), which peaks.js reads as it is and wavesurfer.js
 * after dividing by 2^(bits − 1). `duration`, seconds, is an extension for the latter.
 */
function peaksJson(peaks: Peaks, bits: 8 | 16, durationMs: number): Readonly<Record<string, unknown>> {
  const { channels, sampleRate, framesPerPoint, data } = peaks;
  return {
    version: 2,
    channels,
    sample_rate: sampleRate,
    samples_per_pixel: framesPerPoint,
    bits,
    length: data.length / (2 * channels),
    data: Array.from(data, (sample) => (bits === 16 ? sample : Math.trunc(sample / 256))),
    duration: durationMs / 1_000,
  };
}

async function sendPeaks(
  request: FastifyRequest,
  reply: FastifyReply,
  options: PeaksOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const query = request.query as Query;
  const samples = wholeNumber(query, 'samples', SAMPLES);
  const bits = wholeNumber(query, 'bits', { min: 8, max: 16, fallback: 16, step: 8 }) as 8 | 16;
  const row = findFinished(idOf(request), options.recordings);
  const peaks = await peaksOf(row, options.peaks);
  reply.header('cache-control', 'private, no-cache');
  return peaksJson(reducePeaks(peaks, samples), bits, row.durationMs);
}

async function peaksOf(row: RecordingRow, source: PeaksSource): Promise<Peaks> {
  let peaks: Peaks | undefined;
  try {
    peaks = await source.of(row);
  } catch (error) {
    if (error instanceof PeaksBusyError) throw tooManyRequests(RETRY_SECONDS);
    throw error;
  }
  if (peaks !== undefined) return peaks;
  throw problem(
    404,
    `the recording has no peaks: none were kept, and its file (${row.format}) cannot be read for them`,
  );
}
