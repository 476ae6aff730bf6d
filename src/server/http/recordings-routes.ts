import type { FastifyInstance } from 'fastify';
import type { RecordingFilter, RecordingRow, RecordingStore } from '../../storage/recordings.ts';
import { type Links, pageLinks, parsePage, readPage } from './paging.ts';
import { isoTime, type Query, shortText } from './query.ts';
import { findRecording, idOf } from './recording-access.ts';
import { type DeletionOptions, deleteRecording } from './recording-deletion.ts';
import { recordingResource } from './recording-resource.ts';
import { recordingUrl } from './recording-url.ts';

export interface RecordingsOptions extends DeletionOptions {
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
  app.delete(`${PATH}/:id`, (request, reply) =>
    deleteRecording(request, reply, findRecording(idOf(request), recordings), options),
  );
}

function listRecordings(
  query: Query,
  recordings: RecordingStore,
  resource: (row: RecordingRow) => Readonly<Record<string, unknown>>,
): RecordingList {
  const page = parsePage(query);
  const { filter, links } = parseFilters(query);
  const content = readPage(recordings, filter, page);
  return { links: pageLinks(PATH, page, links, content), data: content.rows.map(resource) };
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
