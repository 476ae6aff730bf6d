import type { CallInfo } from '../call/leg.ts';
import type { ErrorCode } from '../swml/error-codes.ts';
import { redactUris } from '../log/redact.ts';
import type { JsonObject } from '../swml/json.ts';
import type { ErrorPlace, ScriptWarning } from './host.ts';

/** Where a document fails that never ran. */
const START: ErrorPlace = { section: 'main', index: 0, method: '' };

/** `params` of `calling.script.warning` (spec/document.md 5.1). */
export function warningParams(
  info: CallInfo,
  { code, message }: { readonly code: ErrorCode; readonly message: string },
  { section, index, method }: ErrorPlace = START,
): ScriptWarning['params'] {
  return { ...callIds(info), code, message: redactUris(message), section, index, method };
}

/** Ids of a call that the params of every event carry. */
export function callIds({ call_id, node_id, segment_id, tag }: CallInfo): JsonObject {
  return { call_id, node_id, segment_id, ...(tag === undefined ? {} : { tag }) };
}
