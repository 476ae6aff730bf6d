import * as s from '../../swml/schema.ts';
import { defineCommand } from './command.ts';
import { recordingReply } from './record.ts';
import { RECORDING_CONTROL_ID, runningRecording } from './running-recording.ts';

/** spec/record.md 3.6 */
export const recordPause = defineCommand({
  name: 'calling.record.pause',
  summary: 'Pauses a recording; one that is paused already stays as it is.',
  params: s.object(
    {
      control_id: RECORDING_CONTROL_ID,
      behavior: s.string({
        description: '`skip` leaves the paused time out of the file, `silence` writes silence for it.',
        enum: ['skip', 'silence'],
        default: 'skip',
      }),
    },
    { description: 'Parameters of `calling.record.pause`.' },
  ),
  callId: 'id',
  needsAnswer: true,
  examples: ['{"control_id": "rec-1", "behavior": "silence"}'],
  run(context, { control_id, behavior }) {
    const operation = runningRecording(context, control_id);
    operation.pause(behavior);
    return recordingReply(operation);
  },
});
