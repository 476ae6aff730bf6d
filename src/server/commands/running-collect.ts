import * as s from '../../swml/schema.ts';
import { problem } from '../http/errors.ts';
import type { CommandContext } from './command.ts';
import type { LiveCall } from '../live-calls.ts';

/** A collection of input that a command began. */
export interface RunningCollect {
  stop(): void;
  startTimers(): void;
}

export const COLLECT_CONTROL_ID = s.string({
  description: 'Which collection: the `control_id` of `calling.collect`.',
  required: true,
});

/** By call and control id. */
const running = new WeakMap<LiveCall, Map<string, RunningCollect>>();

export function collectsOf(call: LiveCall): Map<string, RunningCollect> {
  const known = running.get(call);
  if (known !== undefined) return known;
  const collects = new Map<string, RunningCollect>();
  running.set(call, collects);
  return collects;
}

/** @throws HttpProblem 404 */
export function runningCollect({ call }: Pick<CommandContext, 'call'>, controlId: string): RunningCollect {
  const collect = collectsOf(call).get(controlId);
  if (collect === undefined) throw problem(404);
  return collect;
}
