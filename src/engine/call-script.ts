/** Scripts on a call: the entry for whoever has a leg and a document. */
import type { CallEnd, CallLeg } from '../call/leg.ts';
import type { DialledCall } from '../call/dialler.ts';
import type { LegScript, MethodContext } from '../methods/context.ts';
import type { SwmlDocument } from '../swml/document.ts';
import type { JsonObject } from '../swml/json.ts';
import type { Scope } from '../swml/scope.ts';
import type { ScriptHost, ScriptServices } from './host.ts';
import { callingPayload, callScope } from './payload.ts';
import { runOnLeg } from './leg-script.ts';
import { callIds, warningParams } from './script-warning.ts';
import { type ScriptResult, ScriptSession } from './session.ts';
import { StepContext } from './step-context.ts';
import type { StepRun } from './step-run.ts';
import type { TraceListener } from './tracer.ts';

export interface CallScriptOptions {
  readonly leg: CallLeg;
  readonly document: SwmlDocument;
  readonly services: ScriptServices;
  /** Default `main`. */
  readonly section?: string;
  readonly params?: JsonObject;
  readonly vars?: JsonObject;
  /** Default a fresh UUID; `event_channel` of callbacks is `swml:` and this. */
  readonly sessionId?: string;
  /** Hang up when the script is over (default true). Scripts that confirm a call leave it alive. */
  readonly hangUpAtEnd?: boolean;
  readonly strict?: boolean;
  readonly onTrace?: TraceListener;
  /** Delivers `user_event` to the client of the leg; without it such events go nowhere. */
  readonly sendUserEvent?: (event: JsonObject) => void;
}

/** A script that runs on a call. */
export interface CallScript {
  readonly session: ScriptSession;
  /** Resolves when the script is over, and the call too unless it was to be left alive. Never rejects. */
  readonly done: Promise<CallScriptResult>;
}

export interface CallScriptResult extends ScriptResult {
  /** How the call ended, if it did. */
  readonly callEnd?: CallEnd;
}

export function startScript(options: CallScriptOptions): CallScript {
  const session = new ScriptSession({ ...options, host: callHost(options) });
  return { session, done: runToEnd(session, options) };
}

export function runScript(options: CallScriptOptions): Promise<CallScriptResult> {
  return startScript(options).done;
}

async function runToEnd(session: ScriptSession, options: CallScriptOptions): Promise<CallScriptResult> {
  const { leg, services, hangUpAtEnd = true } = options;
  const result = await session.run();
  // A script that was taken away from the call leaves the call to whoever took it.
  if (hangUpAtEnd && result.outcome !== 'stopped' && !leg.signal.aborted) {
    try {
      await leg.hangup(result.outcome === 'error' ? 'error' : 'hangup');
    } catch (error) {
      services.log.error(
        { call_id: leg.info.call_id, err: error },
        'the call could not be ended after its script',
      );
    }
  }
  return leg.signal.aborted ? { ...result, callEnd: await leg.ended } : result;
}

/** What the steps of a calling document have beside it. */
class CallStepContext extends StepContext implements MethodContext {
  readonly #options: CallScriptOptions;
  readonly #document: SwmlDocument;

  constructor(run: StepRun, options: CallScriptOptions) {
    super(run);
    this.#options = options;
    this.#document = run.frame.document;
  }

  get leg(): CallLeg {
    return this.#options.leg;
  }

  get dial(): MethodContext['dial'] {
    const { leg, services } = this.#options;
    const { dialler } = services;
    return dialler && ((request) => dialler.dial(leg, request));
  }

  runOn(call: DialledCall, script: LegScript, signal: AbortSignal): Promise<string | undefined> {
    const { services, strict = false } = this.#options;
    return runOnLeg(call, script, { document: this.#document, services, strict, signal });
  }

  sendUserEvent(event: JsonObject): void {
    this.#options.sendUserEvent?.(event);
  }
}

function callHost(options: CallScriptOptions): ScriptHost {
  const { leg, services } = options;
  return {
    kind: 'calling',
    signal: leg.signal,
    subject: () => callScope(leg.info),
    payload: (scope: Scope) => callingPayload(leg.info, scope),
    context: (run) => new CallStepContext(run, options),
    ids: () => callIds(leg.info),
    report: (error, place, sessionId) =>
      services.onWarning?.({
        sessionId,
        eventType: 'calling.script.warning',
        params: warningParams(leg.info, error, place),
      }),
  };
}
