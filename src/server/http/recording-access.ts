import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RecordingRow, RecordingStore } from '../../storage/recordings.ts';
import { type Credentials, isAuthorized, requireCredentials } from './auth.ts';
import type { DownloadLinks } from './download-links.ts';
import { problem } from './errors.ts';
import { isUuid } from './recording-url.ts';

export interface AccessOptions {
  readonly recordings: RecordingStore;
  readonly credentials: Credentials;
  readonly links: DownloadLinks;
  /** Asked at each request, so that a change counts at once (spec/record.md 6.4). */
  readonly protectRecordings: () => boolean;
}

/**
 * Lets players in web pages of other origins read what anyone with the URL may have: browsers never send
 * credentials along with it.
 */
export const FOR_PAGES = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'accept-ranges, content-length, content-range, etag',
} as const;

/**
 * Whether the request may have the sound of a recording: always with credentials; else by an expiring link, if
 * it is one; else unless recordings are protected.
 * @throws HttpProblem 401, 403
 */
export function requireAccess(
  request: FastifyRequest,
  reply: FastifyReply,
  recordingId: string,
  options: AccessOptions,
): void {
  if (isAuthorized(request.headers.authorization, options.credentials)) return;
  const verdict = options.links.check(recordingId, request.query as Readonly<Record<string, unknown>>);
  // Without a challenge: a browser would ask for a password that the holder of a link does not have.
  if (verdict === 'expired') throw problem(403, 'the link has expired; ask for a new one');
  if (verdict === 'wrong')
    throw problem(403, 'the signature of the link is not right; use the link as it was given');
  if (verdict === 'none' && options.protectRecordings()) {
    requireCredentials(request, reply, options.credentials);
  }
}

/** The `:id` of the route, as it was written. */
export function idOf(request: FastifyRequest): string {
  return (request.params as { readonly id: string }).id;
}

/** @throws HttpProblem 404 */
export function findRecording(id: string, recordings: RecordingStore): RecordingRow {
  const row = isUuid(id) ? recordings.get(id.toLowerCase()) : undefined;
  if (row === undefined) throw problem(404);
  return row;
}

/** The recording, which has a file. @throws HttpProblem 404 also while it runs, and when nothing was kept */
export function findFinished(id: string, recordings: RecordingStore): RecordingRow {
  const row = findRecording(id, recordings);
  if (row.status !== 'completed') throw problem(404, `the recording is ${row.status}; there is no file`);
  return row;
}
