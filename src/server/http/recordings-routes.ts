import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../../log/logger.ts';
import type { FileStore } from '../../storage/file-store.ts';
import type { RecordingFilter, RecordingRow, RecordingStore } from '../../storage/recordings.ts';
import { removeRecording } from '../../storage/removal.ts';
import { problem, unprocessable } from './errors.ts';
import { type Links, type Page, pageLinks, parsePage } from './paging.ts';
import { isoTime, type Query, shortText } from './query.ts';
import { findRecording } from './recording-access.ts';
import { recordingResource } from './recording-resource.ts';
import { recordingUrl } from './recording-url.ts';

export interface RecordingsOptions {
  readonly recordings: RecordingStore;
  readonly files: FileStore;
  readonly log: Logger;
  /** How clients reach this server, without a slash at the end; known once it listens. */
  readonly publicUrl: () => string;
}

interface RecordingList {
  readonly links: Links;
  readonly data: readonly Readonly<Record<string, unknown>>[];
}

const PATH = '/api/relay/rest/recordings';
/** The stored recordings (spec/record.md 6.1). The caller has checked the credentials. */
export function addRecordingsRoutes(app: FastifyInstance, options: RecordingsOptions): void {
  const { recordings, publicUrl } = options;
  const resource = (row: RecordingRow): Readonly<Record<string, unknown>> =>
    recordingResource(row, recordingUrl(publicUrl(), row.id));
  app.get(PATH, (request): RecordingList => listRecordings(request.query as Query, recordings, resource));
  app.get(`${PATH}/:id`, (request) => resource(findRecording(idOf(request), recordings)));
  app.delete(`${PATH}/:id`, (request, reply) => remove(request, reply, options));
}

function listRecordings(
  query: Query,
  recordings: RecordingStore,
  resource: (row: RecordingRow) => Readonly<Record<string, unknown>>,
): RecordingList {
  const page = parsePage(query);
  const { filter, links } = parseFilters(query);
  // One row more than the page holds tells whether another page follows.
  const backwards = page.newerThan !== undefined;
  const found = recordings.list({ ...filter, ...cursorsOf(page), limit: page.size + (backwards ? 0 : 1) });
  const rows = found.slice(0, page.size);
  const [first, last] = [rows[0], rows.at(-1)];
  const more = backwards
    ? last !== undefined && recordings.list({ ...filter, olderThan: last, limit: 1 }).length > 0
    : found.length > page.size;
  return { links: pageLinks(PATH, page, links, { first, last, more }), data: rows.map(resource) };
}

function cursorsOf(page: Page): Pick<RecordingFilter, 'olderThan' | 'newerThan'> {
  return { olderThan: page.olderThan, newerThan: page.newerThan };
}

function parseFilters(query: Query): {
  readonly filter: Pick<RecordingFilter, 'callId' | 'createdAfter' | 'createdBefore'>;
  readonly links: Readonly<Record<string, string>>;
} {
  const links: Record<string, string> = {};
  for (const name of ['call_id', 'created_after', 'created_before']) {
    const text = shortText(query, name);
    if (text !== undefined) links[name] = text;
  }
  const filter = {
    callId: links['call_id'],
    createdAfter: isoTime(query, 'created_after'),
    createdBefore: isoTime(query, 'created_before'),
  };
  return { filter, links };
}

async function remove(
  request: FastifyRequest,
  reply: FastifyReply,
  options: RecordingsOptions,
): Promise<FastifyReply> {
  const row = findRecording(idOf(request), options.recordings);
  const result = await removeRecording(row.id, options);
  if (result === 'absent') throw problem(404);
  if (result === 'running') {
    throw unprocessable({
      code: 'invalid_state',
      title: 'Invalid state',
      detail: 'the recording is still running; stop it, then delete it',
    });
  }
  options.log.info(
    {
      audit: 'recording_deleted',
      recording_id: row.id,
      call_id: row.callId,
      bytes: row.byteSize,
      request_id: request.id,
      remote: request.ip,
    },
    'recording deleted by the REST API',
  );
  return reply.code(204).send();
}

function idOf(request: FastifyRequest): string {
  return (request.params as { readonly id: string }).id;
}
