import { CallError } from '../../call/leg.ts';
import type { StreamOperation } from '../../call/streams/types.ts';
import { tellStream } from '../../methods/stream-events.ts';
import { ONE_WAY_STREAM, streamOptions } from '../../methods/stream-params.ts';
import * as s from '../../swml/schema.ts';
import { defineCommand } from './command.ts';
import { refusedStream } from './running-stream.ts';

/** spec/rest.md 2.4, spec/media.md 7 */
export const stream = defineCommand({
  name: 'calling.stream',
  summary: 'Sends the audio of the call to a WebSocket.',
  params: s.object(ONE_WAY_STREAM, { description: 'Parameters of `calling.stream`.' }),
  callId: 'id',
  needsAnswer: true,
  examples: ['{"control_id": "notes", "url": "wss://example.com/audio", "track": "both_tracks"}'],
  async run({ call, newId }, params) {
    const controlId = params.control_id || newId();
    let operation: StreamOperation;
    try {
      operation = await call.leg.stream(streamOptions(params, controlId));
    } catch (error) {
      throw error instanceof CallError ? refusedStream(error, 'url') : error;
    }
    const { status_url: url, status_url_method: method } = params;
    tellStream(operation, { call: call.leg.info, url, method, emit: call.emit });
    return { control_id: controlId };
  },
});
