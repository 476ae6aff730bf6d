/** What a script runs on: a call leg or a message. The session knows the language, its host the rest. */
import type { Dialler } from '../call/dialler.ts';
import type { Logger } from '../log/logger.ts';
import type { FlowContext, HttpClient, StatusCallback } from '../methods/context.ts';
import type { DocumentKind, ErrorCode } from '../swml/error-codes.ts';
import type { SwmlError } from '../swml/errors.ts';
import type { JsonObject } from '../swml/json.ts';
import type { Scope } from '../swml/scope.ts';
import type { Clock } from '../time/clock.ts';
import type { DocumentLoader } from './document-source.ts';
import type { ScriptSession } from './session.ts';
import type { StepRun } from './step-run.ts';
import type { TraceListener } from './tracer.ts';

export interface ScriptHost {
  readonly kind: DocumentKind;
  /** Aborts when there is nothing left to run on. */
  readonly signal: AbortSignal;
  /** The `call` or `message` object as it is now. */
  subject(): JsonObject;
  /** What is sent to the URL of a document. */
  payload(scope: Scope): JsonObject;
  /** What the method of a step can see and do: that of every step, and what the host adds. */
  context(run: StepRun): FlowContext;
  /** Ids that every callback's params carry. */
  ids(): JsonObject;
  /** Told of every error of the script, also of those after which it goes on. */
  report(error: SwmlError, place: ErrorPlace, sessionId: string): void;
  /** Steps that a script may run, where the language limits them; then it ends as if it were finished. */
  readonly maxSteps?: number;
}

/** Where an error arose. */
export interface ErrorPlace {
  readonly section: string;
  readonly index: number;
  readonly method: string;
}

/** What the server gives to every script. */
export interface ScriptServices {
  readonly clock: Clock;
  readonly log: Logger;
  readonly http: HttpClient;
  readonly loader: DocumentLoader;
  /** Puts a status callback on its way; adds the envelope. */
  emit(callback: ScriptCallback): void;
  /** Calls others; undefined: nobody can be called. */
  readonly dialler?: Dialler | undefined;
  /** Told of a script that begins on another call than the one it was started from, and when it is over. */
  onScript?(callId: string, script: ScriptSession | undefined): void;
  /** Who is told what such a script does; undefined: nobody. */
  traceOf?(callId: string): TraceListener | undefined;
  /** Told of every `calling.script.warning`. */
  onWarning?(warning: ScriptWarning): void;
  /** Scope `envs`. */
  readonly envs?: JsonObject;
  /** Fresh UUIDs; for tests. */
  newId?(): string;
  /** `Math.random` of expressions; for tests. */
  random?(): number;
}

export interface ScriptCallback extends StatusCallback {
  /** `event_channel` is `swml:` and this. */
  readonly sessionId: string;
}

/** `calling.script.warning` (spec/document.md 5.1). */
export interface ScriptWarning {
  readonly sessionId: string;
  readonly eventType: 'calling.script.warning';
  readonly params: JsonObject & ErrorPlace & { readonly code: ErrorCode; readonly message: string };
}
