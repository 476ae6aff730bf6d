/** The part of `request` that calling and messaging documents share (spec/flow.md 7). */
import { isArray, isObject, type JsonValue, setMember } from '../swml/json.ts';
import { MAX_DEPTH, withoutByteOrderMark } from '../swml/parse.ts';
import { sizeOf } from '../swml/size.ts';
import { type FlowContext, type HttpAnswer, HttpFailure, type ScriptVariables } from './context.ts';

export interface RequestStep {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly connectTimeoutMs: number;
  readonly timeoutMs: number;
  readonly saveVariables: boolean;
  readonly keepHeaders: boolean;
  readonly signed?: boolean;
}

export type RequestOutcome =
  | { readonly kind: 'answer'; readonly ok: boolean; readonly reason: string }
  | { readonly kind: HttpFailure['reason']; readonly reason: string };

/** Of an answer, what is kept (spec/document.md 6). */
const MAX_BODY_BYTES = 65_536;
const MAX_HEADERS = 64;
const MAX_REDIRECTS = 3;

const OUTPUTS = [
  'request_result',
  'request_response_code',
  'request_response_headers',
  'request_response_body',
  'request_response',
];

/** Forgets an earlier answer, so that nothing stale is read. */
export function clearOutputs(vars: ScriptVariables, more: readonly string[] = []): void {
  for (const name of [...OUTPUTS, ...more]) vars.unset(name);
}

/** Sends the request and keeps the answer in variables; never rejects for what the network does. */
export async function performRequest(context: FlowContext, step: RequestStep): Promise<RequestOutcome> {
  const { saveVariables, keepHeaders, ...request } = step;
  let answer: HttpAnswer;
  try {
    answer = await context.http.request({
      ...request,
      maxRedirects: MAX_REDIRECTS,
      maxBodyBytes: MAX_BODY_BYTES,
      signal: context.signal,
    });
  } catch (error) {
    if (error instanceof HttpFailure) return { kind: error.reason, reason: error.message };
    throw error;
  }
  const { vars } = context;
  vars.set('request_response_code', answer.status);
  if (keepHeaders) vars.set('request_response_headers', keptHeaders(answer));
  vars.set('request_response_body', answer.body);
  const json = saveVariables && !answer.truncated ? parseJson(answer.body) : undefined;
  if (json !== undefined) vars.set('request_response', json);
  const ok = answer.status >= 200 && answer.status < 300;
  return { kind: 'answer', ok, reason: `the answer has the status ${answer.status}` };
}

/** The body as text, and the headers with a content type for it unless one is given. */
export function bodyOf(
  body: JsonValue | undefined,
  headers: Readonly<Record<string, string>>,
): { readonly body: string | undefined; readonly headers: Readonly<Record<string, string>> } {
  if (body === undefined) return { body: undefined, headers };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  if (Object.keys(headers).some((name) => name.toLowerCase() === 'content-type'))
    return { body: text, headers };
  const type = isObject(body) || isArray(body) ? 'application/json' : guessType(text);
  return { body: text, headers: { ...headers, 'Content-Type': type } };
}

/** By the first character that is no blank. */
function guessType(text: string): string {
  const start = text.trimStart();
  if (start.startsWith('{') || start.startsWith('[')) return 'application/json';
  if (start.startsWith('<')) return 'application/xml';
  return /^[^\s=&]+=[^\s]*$/.test(start) ? 'application/x-www-form-urlencoded' : 'text/plain';
}

export function withoutCredentials(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || (parsed.username === '' && parsed.password === '')) return url;
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}

function keptHeaders(answer: HttpAnswer): JsonValue {
  const kept: Record<string, JsonValue> = {};
  for (const [name, value] of answer.headers) {
    const key = name.trim().toLowerCase();
    const present = Object.hasOwn(kept, key) ? kept[key] : undefined;
    if (present === undefined && Object.keys(kept).length >= MAX_HEADERS) continue;
    setMember(kept, key, present === undefined ? value.trim() : `${present}, ${value.trim()}`);
  }
  return kept;
}

function parseJson(text: string): JsonValue | undefined {
  try {
    const value = JSON.parse(withoutByteOrderMark(text)) as JsonValue;
    // What nests deeper than any document could not be sent on as JSON, nor be traced.
    return sizeOf(value).depth > MAX_DEPTH ? undefined : value;
  } catch {
    return undefined;
  }
}
