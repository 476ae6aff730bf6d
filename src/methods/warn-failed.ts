import type { CallError } from '../call/leg.ts';
import type { MethodContext } from './context.ts';
import { isReplaced } from './is-replaced.ts';

/**
 * Warns that the call did not do something. That it ended meanwhile is no error of the script; and what fails once
 * another document has taken the place of the script is none of that document.
 */
export function warnFailed(
  context: Pick<MethodContext, 'warn' | 'signal' | 'leg'>,
  what: string,
  error: CallError,
): void {
  if (error.code === 'call_over' || isReplaced(context)) return;
  context.warn('failed', `${what}: ${error.message}`);
}
