import type { RecordOperation } from '../../call/leg.ts';
import * as s from '../../swml/schema.ts';
import { problem } from '../http/errors.ts';
import type { CommandContext } from './command.ts';

export const RECORDING_CONTROL_ID = s.string({
  description:
    'Which recording: the `control_id` of `calling.record` or `record_call`, or the one in the callbacks of any.',
  required: true,
});

/**
 * A recording that runs, whoever started it: a command or the document.
 * @throws HttpProblem 404
 */
export function runningRecording({ call }: Pick<CommandContext, 'call'>, controlId: string): RecordOperation {
  const operation = call.leg.recording(controlId);
  if (operation === undefined) throw problem(404);
  return operation;
}
