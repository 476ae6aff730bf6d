/** Scripts that a method starts on a call that it has made: `confirm` of `connect` (spec/call-control.md 3.5). */
import type { DialledCall } from '../call/dialler.ts';
import { loadDocument } from '../methods/check.ts';
import type { LegScript } from '../methods/context.ts';
import type { SwmlDocument } from '../swml/document.ts';
import { startScript } from './call-script.ts';
import type { ScriptServices } from './host.ts';
import { callingPayload } from './payload.ts';

export interface LegScriptSite {
  /** Where steps stand. */
  readonly document: SwmlDocument;
  readonly services: ScriptServices;
  readonly strict: boolean;
  /** Breaks the script off. */
  readonly signal: AbortSignal;
}

/**
 * Runs a script on another call, with variables of its own; the call stays when it is over.
 * @returns undefined when it came to its end with the call still up, else why not, in words; never rejects
 */
export async function runOnLeg(
  { leg, sessionId }: DialledCall,
  script: LegScript,
  site: LegScriptSite,
): Promise<string | undefined> {
  const { services, strict, signal } = site;
  let document: SwmlDocument;
  try {
    document = await documentOf(leg, script, site);
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
  if (signal.aborted || leg.signal.aborted) return 'it was broken off';
  const onTrace = services.traceOf?.(leg.info.call_id);
  const { session, done } = startScript({
    ...{ leg, document, services, sessionId, strict, hangUpAtEnd: false },
    ...(onTrace !== undefined && { onTrace }),
  });
  services.onScript?.(leg.info.call_id, session);
  const stop = (): void => session.stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const { outcome, error } = await done;
    if (leg.signal.aborted) return 'the call ended in it';
    if (outcome === 'finished') return undefined;
    return outcome === 'error' ? (error?.message ?? 'it failed') : 'it was broken off';
  } finally {
    signal.removeEventListener('abort', stop);
    services.onScript?.(leg.info.call_id, undefined);
  }
}

async function documentOf(
  leg: DialledCall['leg'],
  script: LegScript,
  { document, services, strict, signal }: LegScriptSite,
): Promise<SwmlDocument> {
  if ('steps' in script) {
    // Branches in it may execute, and transfer to, sections of the document that it stands in.
    return { ...document, sections: new Map(document.sections).set('main', script.steps) };
  }
  const loaded = await services.loader.load({
    url: script.url,
    method: 'POST',
    kind: 'calling',
    strict,
    payload: callingPayload(leg.info, { vars: {}, envs: services.envs ?? {}, params: {} }),
    signal: AbortSignal.any([signal, leg.signal]),
  });
  return loaded.document ?? loadDocument(loaded.text, { file: loaded.name, strict });
}
