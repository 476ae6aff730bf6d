import type { FastifyInstance } from 'fastify';
import type { Logger } from '../../log/logger.ts';
import type { RecordingStore } from '../../storage/recordings.ts';
import { type DownloadLinks, LINK_SECONDS } from './download-links.ts';
import { unprocessable } from './errors.ts';
import { invalidParameter } from './query.ts';
import { findRecording, idOf } from './recording-access.ts';
import { recordingUrl } from './recording-url.ts';

export interface LinkOptions {
  readonly recordings: RecordingStore;
  readonly links: DownloadLinks;
  readonly publicUrl: () => string;
  readonly log: Logger;
}

/**
 * `POST …/recordings/{id}/links` with `{"expires_in": seconds}`: a URL under which the recording can be had without
 * credentials for that long. The caller has checked the credentials.
 */
export function addLinkRoute(app: FastifyInstance, options: LinkOptions): void {
  const { recordings, links, publicUrl, log } = options;
  app.post('/api/relay/rest/recordings/:id/links', (request, reply) => {
    const row = findRecording(idOf(request), recordings);
    if (row.status === 'absent' || row.status === 'failed') {
      throw unprocessable({
        code: 'invalid_state',
        title: 'Invalid state',
        detail: `the recording is ${row.status}; there will be no file to link to`,
      });
    }
    const seconds = expiresIn(request.body);
    const { query, expiresAt } = links.sign(row.id, seconds);
    const expires = new Date(expiresAt).toISOString();
    log.info(
      {
        audit: 'recording_linked',
        recording_id: row.id,
        expires_at: expires,
        request_id: request.id,
        remote: request.ip,
      },
      'expiring link to a recording made by the REST API',
    );
    return reply.code(201).send({
      recording_id: row.id,
      url: `${recordingUrl(publicUrl(), row.id)}?${query}`,
      expires_in: seconds,
      expires_at: expires,
    });
  });
}

/** @throws HttpProblem 422 */
function expiresIn(body: unknown): number {
  if (body === undefined || body === null) return LINK_SECONDS.default;
  const { expires_in: seconds = LINK_SECONDS.default } =
    typeof body === 'object' && !Array.isArray(body)
      ? (body as Record<string, unknown>)
      : { expires_in: Number.NaN };
  const { min, max } = LINK_SECONDS;
  if (typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= min && seconds <= max)
    return seconds;
  throw invalidParameter('expires_in', `a whole number of seconds from ${min} to ${max}`);
}
