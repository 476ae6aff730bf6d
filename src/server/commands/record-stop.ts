import * as s from '../../swml/schema.ts';
import { defineCommand } from './command.ts';
import { recordingReply } from './record.ts';
import { RECORDING_CONTROL_ID, runningRecording } from './running-recording.ts';

/** spec/record.md 3.3: it ends a `record` that the script waits for, too. */
export const recordStop = defineCommand({
  name: 'calling.record.stop',
  summary: 'Ends a recording, also one that the script waits for. The reply does not wait for the file.',
  params: s.object(
    { control_id: RECORDING_CONTROL_ID },
    { description: 'Parameters of `calling.record.stop`.' },
  ),
  callId: 'id',
  needsAnswer: true,
  examples: ['{"control_id": "rec-1"}'],
  run(context, { control_id }) {
    const operation = runningRecording(context, control_id);
    operation.stop('stop');
    return recordingReply(operation);
  },
});
