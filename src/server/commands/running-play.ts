import type { PlayOperation } from '../../call/leg.ts';
import * as s from '../../swml/schema.ts';
import { problem } from '../http/errors.ts';
import type { CommandContext } from './command.ts';

export const PLAY_CONTROL_ID = s.string({
  description: 'What plays: the `control_id` of `calling.play`, or the one in the callbacks of a `play`.',
  required: true,
});

export const VOLUME = { description: 'Gain.', min: -40, max: 40, unit: 'dB' } as const;

/**
 * What plays or waits to, whoever started it: a command or the document.
 * @throws HttpProblem 404
 */
export function runningPlay({ call }: Pick<CommandContext, 'call'>, controlId: string): PlayOperation {
  const operation = call.leg.playing(controlId);
  if (operation === undefined) throw problem(404);
  return operation;
}
