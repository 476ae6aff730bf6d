import * as s from '../../swml/schema.ts';
import { defineCommand } from './command.ts';
import { recordingReply } from './record.ts';
import { RECORDING_CONTROL_ID, runningRecording } from './running-recording.ts';

/** spec/record.md 3.6 */
export const recordResume = defineCommand({
  name: 'calling.record.resume',
  summary: 'Goes on with a paused recording; one that runs stays as it is.',
  params: s.object(
    { control_id: RECORDING_CONTROL_ID },
    { description: 'Parameters of `calling.record.resume`.' },
  ),
  callId: 'id',
  needsAnswer: true,
  examples: ['{"control_id": "rec-1"}'],
  run(context, { control_id }) {
    const operation = runningRecording(context, control_id);
    operation.resume();
    return recordingReply(operation);
  },
});
