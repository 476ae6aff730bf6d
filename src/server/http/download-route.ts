import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../../log/logger.ts';
import type { RecordFormat } from '../../recording/types.ts';
import type { FileStore } from '../../storage/local-files.ts';
import type { RecordingRow, RecordingStore } from '../../storage/recordings.ts';
import { type Credentials, requireCredentials } from './auth.ts';
import { type ConditionalHeaders, checkConditions, rangeApplies, type Validators } from './conditional.ts';
import { problem } from './errors.ts';
import { parseRange } from './ranges.ts';
import { isUuid } from './recording-url.ts';

export interface DownloadOptions {
  readonly recordings: RecordingStore;
  readonly files: FileStore;
  readonly log: Logger;
  readonly credentials: Credentials;
  /** Asked at each request, so that a change counts at once (spec/record.md 6.4). */
  readonly protectRecordings: () => boolean;
}

/** The recorder writes no video, so an MP4 is audio. */
const MIME_TYPES: Readonly<Record<RecordFormat, string>> = {
  wav: 'audio/wav',
  mp3: 'audio/mpeg',
  mp4: 'audio/mp4',
};

/** `GET` and `HEAD` of a finished file (spec/record.md 6.3), in whole or in part, conditional or not. */
export function addDownloadRoutes(app: FastifyInstance, options: DownloadOptions): void {
  const handler = (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
    download(request, reply, options);
  for (const url of ['/api/v1/recordings/:id', '/api/v1/recordings/:id/:file']) {
    app.route({ method: ['GET', 'HEAD'], url, handler });
  }
}

async function download(
  request: FastifyRequest,
  reply: FastifyReply,
  options: DownloadOptions,
): Promise<FastifyReply> {
  const { id, extension } = parseTarget(request.params as { id: string; file?: string });
  if (options.protectRecordings()) requireCredentials(request, reply, options.credentials);
  const row = options.recordings.get(id);
  if (row === undefined || (extension !== undefined && extension !== row.format)) throw problem(404);
  if (row.status !== 'completed') throw problem(404, `the recording is ${row.status}; there is no file`);
  const found = await options.files.stat(row.path);
  if (found === undefined) {
    options.log.warn({ recording_id: id, path: row.path }, 'the file of a finished recording is missing');
    throw problem(404);
  }
  return sendFile(request, reply, row, found, options);
}

/** `{id}`, `{id}.wav`, `{id}/download` or `{id}/download.wav`. */
function parseTarget(params: { readonly id: string; readonly file?: string }): {
  readonly id: string;
  readonly extension: string | undefined;
} {
  const [, id, own] = /^([0-9a-f-]{36})(?:\.(\w+))?$/i.exec(params.id) ?? [];
  const [, name, ofFile] = /^(download)(?:\.(\w+))?$/.exec(params.file ?? 'download') ?? [];
  const known = id !== undefined && isUuid(id) && name !== undefined;
  const bare = params.file === undefined && own === undefined;
  if (!known || bare || (params.file !== undefined && own !== undefined)) throw problem(404);
  return { id: id.toLowerCase(), extension: own ?? ofFile };
}

function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  row: RecordingRow,
  file: { readonly size: number; readonly modifiedMs: number },
  options: DownloadOptions,
): FastifyReply {
  const validators: Validators = {
    etag: `"${row.id}-${file.size.toString(16)}"`,
    modifiedMs: file.modifiedMs,
  };
  reply.headers({
    etag: validators.etag,
    'last-modified': new Date(file.modifiedMs).toUTCString(),
    'accept-ranges': 'bytes',
    // Deletion and protection must show at once, so every use is checked; the tag makes that cheap.
    'cache-control': 'private, no-cache',
  });
  const headers: ConditionalHeaders = request.headers;
  const verdict = checkConditions(headers, validators);
  if (verdict === 'not_modified') return reply.code(304).send();
  if (verdict === 'failed') throw problem(412);
  reply.headers({
    'content-type': MIME_TYPES[row.format],
    'content-disposition': `inline; filename="${row.id}.${row.format}"`,
  });
  const asked = request.method === 'GET' && rangeApplies(headers['if-range'], validators);
  const range = parseRange(asked ? request.headers.range : undefined, file.size);
  if (range.type === 'unsatisfiable') {
    reply.removeHeader('content-disposition');
    reply.header('content-range', `bytes */${file.size}`);
    throw problem(416);
  }
  const { start, end } = range.type === 'part' ? range : { start: 0, end: file.size - 1 };
  if (range.type === 'part') reply.code(206).header('content-range', `bytes ${start}-${end}/${file.size}`);
  reply.header('content-length', end - start + 1);
  if (request.method === 'HEAD' || file.size === 0) return reply.send();
  return reply.send(options.files.read(row.path, { start, end }));
}
