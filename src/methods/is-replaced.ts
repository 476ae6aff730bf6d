import type { MethodContext } from './context.ts';

/** Whether another document has taken the place of the script: variables and errors are of that one by now. */
export function isReplaced({ signal, leg }: Pick<MethodContext, 'signal' | 'leg'>): boolean {
  return signal.aborted && !leg.signal.aborted;
}
