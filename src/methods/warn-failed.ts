import type { CallError } from '../call/leg.ts';
import type { FlowContext } from './context.ts';

/** Warns that the call did not do something. That it ended meanwhile is no error of the script. */
export function warnFailed(context: Pick<FlowContext, 'warn'>, what: string, error: CallError): void {
  if (error.code !== 'call_over') context.warn('failed', `${what}: ${error.message}`);
}
