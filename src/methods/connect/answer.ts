import { CallError } from '../../call/leg.ts';
import type { MethodContext } from '../context.ts';
import { warnFailed } from '../warn-failed.ts';
import type { FailedReason } from './strategy.ts';

/** Answers the caller to connect it. @returns undefined when its call is answered, else why it is not */
export async function answerCaller(context: MethodContext): Promise<FailedReason | undefined> {
  try {
    await context.leg.answer();
    return undefined;
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    warnFailed(context, 'The call could not be answered to be connected', error);
    // A leg that cannot answer refuses its call, too: that it is over says nothing of who gave up.
    return error.code === 'call_over' ? 'cancel' : 'error';
  }
}
