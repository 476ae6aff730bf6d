import { CallError } from '../call/leg.ts';
import { errorAt, type SwmlDocument } from '../swml/document.ts';
import { SwmlError } from '../swml/errors.ts';
import type { StepRun } from './step-run.ts';

/** Whatever was thrown, as an error with a code: of the leg's operations, or of this server. */
export function asSwmlError(error: unknown, document: SwmlDocument, run: StepRun | undefined): SwmlError {
  if (error instanceof SwmlError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const finding =
    error instanceof CallError
      ? ({ fault: 'failed', message: reason, path: run?.step.path ?? [] } as const)
      : ({ fault: 'internal', message: `The server failed: ${reason}`, path: run?.step.path ?? [] } as const);
  return run?.error(finding, { cause: error }) ?? errorAt(document, finding, { cause: error });
}
