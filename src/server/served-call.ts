import type { ScriptSession } from '../engine/session.ts';
import type { Logger } from '../log/logger.ts';
import type { Variables } from '../swml/scope.ts';
import type { CallFigures } from './call-figures.ts';
import type { CallTrace } from './call-traces.ts';
import type { LiveCall } from './live-calls.ts';

/** A call with all that the server itself needs of it. */
export interface ServedCall extends LiveCall {
  script: ScriptSession | undefined;
  /** Of that script, or of the last one: what a called side agreed to in `confirm` holds in the talk behind it. */
  variables: Pick<Variables, 'get'> | undefined;
  readonly sessionId: string;
  readonly log: Logger;
  readonly figures: CallFigures;
  /** How often it may still be passed on (RFC 7332): calls that lead back to us would else never end. */
  readonly hopsLeft: number;
  readonly trace: CallTrace | undefined;
}

/** Another script runs on it; undefined: none any more. */
export function noteScript(call: ServedCall, script: ScriptSession | undefined): void {
  call.script = script;
  call.variables = script?.variables ?? call.variables;
}
