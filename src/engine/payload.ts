import type { CallInfo } from '../call/leg.ts';
import type { MessageInfo } from '../methods/context.ts';
import type { JsonObject, JsonValue } from '../swml/json.ts';
import type { Scope } from '../swml/scope.ts';

/** The `call` object of the language, in payloads and as the scope `call` (spec/document.md 2.3). */
export function callObject(info: CallInfo): JsonObject {
  const object: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(info)) {
    if (value !== undefined) object[name] = value as JsonValue;
  }
  if (info.type === 'phone') {
    object['from_number'] = info.from;
    object['to_number'] = info.to;
  }
  return object;
}

/** As {@link callObject}, with `state` beside `call_state`: some documents read it by that name. */
export function callScope(info: CallInfo): JsonObject {
  return { ...callObject(info), state: info.call_state };
}

/** What is sent to the URL of a document: all four keys always, `{}` where there is nothing. */
export function callingPayload(info: CallInfo, scope: Omit<Scope, 'subject' | 'kind'>): JsonObject {
  return { call: callObject(info), vars: { ...scope.vars }, envs: scope.envs, params: scope.params };
}

/** As {@link callingPayload}, for a message; `vars` only once a document ran (spec/document.md 2.4). */
export function messagingPayload(
  message: MessageInfo,
  scope: { readonly params: JsonObject; readonly vars?: JsonObject },
): JsonObject {
  return {
    message: messageObject(message),
    params: scope.params,
    ...(scope.vars === undefined ? {} : { vars: { ...scope.vars } }),
  };
}

export function messageObject(message: MessageInfo): JsonObject {
  return { ...message, media: message.media.map((file) => ({ ...file })) };
}
