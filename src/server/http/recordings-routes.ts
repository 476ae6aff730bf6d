import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../../log/logger.ts';
import type { FileStore } from '../../storage/local-files.ts';
import type { RecordingFilter, RecordingRow, RecordingStore } from '../../storage/recordings.ts';
import { removeRecording } from '../../storage/removal.ts';
import { problem, unprocessable } from './errors.ts';
import { type Links, type Page, pageLinks, parsePage, type Query } from './paging.ts';
import { recordingResource } from './recording-resource.ts';
import { isUuid, recordingUrl } from './recording-url.ts';

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
const MAX_TEXT = 200;
/** A date, or a date and time, in UTC unless it says otherwise. */
const ISO_TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

/** The stored recordings (spec/record.md 6.1). The caller has checked the credentials. */
export function addRecordingsRoutes(app: FastifyInstance, options: RecordingsOptions): void {
  const { recordings, publicUrl } = options;
  const resource = (row: RecordingRow): Readonly<Record<string, unknown>> =>
    recordingResource(row, recordingUrl(publicUrl(), row.id));
  app.get(PATH, (request): RecordingList => listRecordings(request.query as Query, recordings, resource));
  app.get(`${PATH}/:id`, (request) => resource(find(request, recordings)));
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
  const text = (name: string): string | undefined => {
    const value = query[name];
    if (value === undefined || value === '') return undefined;
    if (typeof value !== 'string' || value.length > MAX_TEXT)
      throw invalid(name, 'one text of 200 characters at most');
    links[name] = value;
    return value;
  };
  const time = (name: string): number | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    // A time without a zone would be read as local; the API knows only UTC.
    const zoned = /T/.test(value) && !/(?:Z|[+-]\d{2}:?\d{2})$/.test(value) ? `${value}Z` : value;
    const ms = ISO_TIME.test(value) ? Date.parse(zoned) : Number.NaN;
    if (Number.isNaN(ms)) throw invalid(name, 'an ISO 8601 time such as 2026-01-31T12:00:00Z');
    return ms;
  };
  const filter = {
    callId: text('call_id'),
    createdAfter: time('created_after'),
    createdBefore: time('created_before'),
  };
  return { filter, links };
}

function invalid(name: string, expected: string): Error {
  return unprocessable({
    code: 'invalid_parameter',
    title: 'Invalid parameter',
    detail: `${name} must be ${expected}`,
  });
}

function find(request: FastifyRequest, recordings: RecordingStore): RecordingRow {
  const { id } = request.params as { id: string };
  const row = isUuid(id) ? recordings.get(id.toLowerCase()) : undefined;
  if (row === undefined) throw problem(404);
  return row;
}

async function remove(
  request: FastifyRequest,
  reply: FastifyReply,
  options: RecordingsOptions,
): Promise<FastifyReply> {
  const row = find(request, options.recordings);
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
