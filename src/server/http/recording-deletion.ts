import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../../log/logger.ts';
import type { DeletionOrigin } from '../../storage/audit-log.ts';
import type { FileStore } from '../../storage/file-store.ts';
import type { RecordingRow, RecordingStore } from '../../storage/recordings.ts';
import { removeRecording } from '../../storage/removal.ts';
import { problem, unprocessable } from './errors.ts';

export interface DeletionOptions {
  readonly recordings: RecordingStore;
  readonly files: FileStore;
  readonly log: Logger;
}

/** Deletes a recording with its file, leaves a line in the log, and answers 204. @throws HttpProblem 404, 422 */
export async function deleteRecording(
  request: FastifyRequest,
  reply: FastifyReply,
  row: RecordingRow,
  options: DeletionOptions,
): Promise<FastifyReply> {
  const origin: DeletionOrigin = { by: 'rest', details: { request_id: request.id, remote: request.ip } };
  const result = await removeRecording(row.id, origin, options);
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
