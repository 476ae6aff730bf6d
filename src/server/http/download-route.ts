import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../../log/logger.ts';
import type { ByteRange } from '../../recording/byte-source.ts';
import { mimeTypeOf } from '../../recording/mime-type.ts';
import { toStorageError } from '../../storage/errors.ts';
import type { FileStore, StoredFile } from '../../storage/file-store.ts';
import type { RecordingRow } from '../../storage/recordings.ts';
import { type ConditionalHeaders, checkConditions, rangeApplies, type Validators } from './conditional.ts';
import { problem } from './errors.ts';
import { parseRange } from './ranges.ts';
import { type AccessOptions, FOR_PAGES, findFinished, requireAccess } from './recording-access.ts';
import { isUuid } from './recording-url.ts';

export interface DownloadOptions extends AccessOptions {
  readonly files: FileStore;
  readonly log: Logger;
}

export interface RecordingTarget {
  readonly id: string;
  /** Of the call under which it is asked for, where the URL names one. */
  readonly callId?: string | undefined;
  readonly extension: string | undefined;
}

/** `GET` and `HEAD` of a finished file (spec/record.md 6.3), in whole or in part, conditional or not. */
export function addDownloadRoutes(app: FastifyInstance, options: DownloadOptions): void {
  const handler = (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
    sendRecording(request, reply, parseTarget(request.params as { id: string; file?: string }), options);
  for (const url of ['/api/v1/recordings/:id', '/api/v1/recordings/:id/:file']) {
    app.route({ method: ['GET', 'HEAD'], url, handler });
  }
}

/**
 * Answers with the file of a recording.
 * @param target `extension`, when one is asked for, must be that of the stored format
 * @throws HttpProblem 401, 403, 404, 412, 416
 */
export async function sendRecording(
  request: FastifyRequest,
  reply: FastifyReply,
  target: RecordingTarget,
  options: DownloadOptions,
): Promise<FastifyReply> {
  const { id, callId, extension } = target;
  requireAccess(request, reply, id, options);
  const row = findFinished(id, options.recordings);
  if (callId !== undefined && callId !== row.callId) throw problem(404);
  if (extension !== undefined && extension !== row.format) {
    throw problem(404, `the recording is stored as ${row.format}; there is no ${extension} of it`);
  }
  const found = await options.files.open(row.path);
  if (found === undefined) {
    options.log.warn({ recording_id: id, path: row.path }, 'the file of a finished recording is missing');
    throw problem(404, 'the file of the recording is missing');
  }
  return await sendFile(request, reply, row, found, options.log);
}

/** `{id}`, `{id}.wav`, `{id}/download` or `{id}/download.wav`. */
function parseTarget(params: { readonly id: string; readonly file?: string }): RecordingTarget {
  const [, id, own] = /^([0-9a-f-]{36})(?:\.(\w+))?$/i.exec(params.id) ?? [];
  const [, name, ofFile] = /^(download)(?:\.(\w+))?$/.exec(params.file ?? 'download') ?? [];
  const known = id !== undefined && isUuid(id) && name !== undefined;
  const bare = params.file === undefined && own === undefined;
  if (!known || bare || (params.file !== undefined && own !== undefined)) throw problem(404);
  return { id: id.toLowerCase(), extension: own ?? ofFile };
}

async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  row: RecordingRow,
  file: StoredFile,
  log: Logger,
): Promise<FastifyReply> {
  const validators: Validators = {
    etag: `"${row.id}-${file.size.toString(16)}"`,
    // A file that moves to the object store, or gets another key, has a new date there, but nothing else is new.
    modifiedMs: row.endTime ?? file.modifiedMs,
  };
  reply.headers({
    etag: validators.etag,
    'last-modified': new Date(validators.modifiedMs).toUTCString(),
    'accept-ranges': 'bytes',
    // Deletion and protection must show at once, so every use is checked; the tag makes that cheap.
    'cache-control': 'private, no-cache',
    ...FOR_PAGES,
  });
  const headers: ConditionalHeaders = request.headers;
  const verdict = checkConditions(headers, validators);
  if (verdict === 'not_modified') return reply.code(304).send();
  if (verdict === 'failed') throw problem(412);
  const about = {
    contentType: mimeTypeOf(row.format),
    disposition: `inline; filename="${row.id}.${row.format}"`,
  };
  if (file.link !== undefined && request.method === 'GET') {
    // The link is good for as long as it says, so nobody may keep this answer.
    const location = await file.link(about);
    return reply.code(302).headers({ location, 'cache-control': 'private, no-store' }).send();
  }
  const asked = request.method === 'GET' && rangeApplies(headers['if-range'], validators);
  const range = parseRange(asked ? request.headers.range : undefined, file.size);
  if (range.type === 'unsatisfiable') {
    reply.header('content-range', `bytes */${file.size}`);
    throw problem(416);
  }
  const { start, end } = range.type === 'part' ? range : { start: 0, end: file.size - 1 };
  const empty = request.method === 'HEAD' || file.size === 0;
  const content = empty ? undefined : await open(row, { start, end }, file);
  // All that the client learns of it is that the connection is closed.
  content?.on('error', (cause) =>
    log.error({ recording_id: row.id, request_id: request.id, err: cause }, 'a download broke off'),
  );
  if (range.type === 'part') reply.code(206).header('content-range', `bytes ${start}-${end}/${file.size}`);
  reply.headers({
    'content-type': about.contentType,
    'content-disposition': about.disposition,
    'content-length': end - start + 1,
  });
  return reply.send(content);
}

/** A stream that has come to its first byte: whoever deletes the file behind that no longer ends it. */
async function open(row: RecordingRow, range: ByteRange, file: StoredFile): Promise<Readable> {
  const stream = file.read(range);
  try {
    await once(stream, 'readable');
    return stream;
  } catch (error) {
    if (toStorageError(error, row.path).code === 'not_found') throw problem(404);
    throw error;
  }
}
