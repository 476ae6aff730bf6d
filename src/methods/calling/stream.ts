import { CallError } from '../../call/leg.ts';
import type { StreamOperation } from '../../call/streams/types.ts';
import * as s from '../../swml/schema.ts';
import { successVariable } from '../common-params.ts';
import { NEXT } from '../flow.ts';
import { LatestStep } from '../latest-step.ts';
import { defineMethod } from '../method.ts';
import { tellStream } from '../stream-events.ts';
import { ONE_WAY_STREAM, streamOptions } from '../stream-params.ts';
import { warnFailed } from '../warn-failed.ts';

/** One that connects may be overtaken by one of a document that took the place of its own. */
const steps = new LatestStep();

/** spec/media.md 7 */
export const stream = defineMethod({
  name: 'stream',
  kind: 'calling',
  summary: 'Sends the audio of the call to a WebSocket in the background.',
  params: s.object(ONE_WAY_STREAM, { description: 'Parameters of `stream`.' }),
  outputs: [
    successVariable('stream_result', 'Whether the stream was started.'),
    { name: 'stream_control_id', type: 'string', description: 'Name of this stream.' },
  ],
  events: ['calling.call.stream'],
  execution: 'background',
  answers: 'always',
  blocks: true,
  examples: ['- stream:\n    url: wss://example.com/audio\n    track: both_tracks'],
  async run(context, params) {
    const { leg, vars } = context;
    const isLatest = steps.begin(vars);
    const controlId = params.control_id || context.newId();
    let operation: StreamOperation;
    try {
      await leg.answer();
      operation = await leg.stream(streamOptions(params, controlId));
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (isLatest()) vars.set('stream_result', 'failed');
      warnFailed(context, 'The stream could not start', error);
      return NEXT;
    }
    if (isLatest()) {
      vars.set('stream_result', 'success');
      vars.set('stream_control_id', controlId);
    }
    const { status_url: url, status_url_method: method } = params;
    tellStream(operation, { call: leg.info, url, method, emit: (callback) => context.emit(callback) });
    return NEXT;
  },
});
