/** A document that a command puts in the place of the one that runs (spec/call-control.md 10). */
import type { LoadedText } from '../../engine/document-source.ts';
import { callingPayload } from '../../engine/payload.ts';
import type { ScriptSession } from '../../engine/session.ts';
import type { Logger } from '../../log/logger.ts';
import { loadAndWarn } from '../../methods/check.ts';
import { MALFORMED_URL } from '../../methods/findings.ts';
import { HttpError, type HttpErrorCode } from '../../net/http-errors.ts';
import type { SwmlDocument } from '../../swml/document.ts';
import { type Diagnostic, SwmlError } from '../../swml/errors.ts';
import type { JsonValue } from '../../swml/json.ts';
import { HttpProblem, problem } from '../http/errors.ts';
import type { LiveCall } from '../live-calls.ts';
import type { CommandContext } from './command.ts';
import { type Issue, refusal } from './issues.ts';

/** Where a document comes from. `attribute`: the parameter that names it. */
export type DocumentSource =
  | { readonly kind: 'url'; readonly url: string; readonly fallback?: string; readonly attribute: string }
  /** An object, or a text in JSON or YAML. */
  | { readonly kind: 'inline'; readonly value: JsonValue; readonly attribute: string };

/** Faults of a document that one reply names. */
const MAX_FAULTS = 20;

/** How a URL fails that may not be asked: with these, the server refuses it in all other parameters, too. */
export const UNSAFE: ReadonlySet<HttpErrorCode> = new Set<HttpErrorCode>([
  'refused_address',
  'https_required',
]);

/** The commands of a call that bring a document, in the order in which they came. */
interface Order {
  /** How many have come. */
  come: number;
  /** The last one whose document was put in place. */
  placed: number;
}

const orders = new WeakMap<LiveCall, Order>();

/**
 * Gets the document, and only then puts it in the place of the running one: one that cannot be had, or does
 * not hold, leaves the script as it was. So does one that comes behind the document of a later command: that is the
 * last word.
 * @throws HttpProblem 404 when the call ended meanwhile, else 422
 */
export async function replaceDocument(context: CommandContext, source: DocumentSource): Promise<void> {
  const { call } = context;
  const before = scriptOf(context, source.attribute);
  const order = orderOf(call);
  const own = ++order.come;
  const document =
    source.kind === 'inline'
      ? check(inlineText(source.value), source.attribute, source.attribute, context.log)
      : await fetchDocument(context, before, source);
  if (call.leg.signal.aborted) throw problem(404);
  if (order.placed > own) {
    const message = 'A later command has given the call another document meanwhile';
    throw refusal({ code: 'call_update_failed', message, attribute: source.attribute });
  }
  scriptOf(context, source.attribute).replace(document);
  order.placed = own;
}

function orderOf(call: LiveCall): Order {
  const known = orders.get(call);
  if (known !== undefined) return known;
  const order = { come: 0, placed: 0 };
  orders.set(call, order);
  return order;
}

/** The script that is to be replaced. */
function scriptOf({ call }: CommandContext, attribute: string): ScriptSession {
  const { script } = call;
  if (script === undefined) {
    const message =
      call.leg.info.direction === 'outbound'
        ? 'A call that a document makes has no document of its own, but while its "confirm" runs'
        : 'The call has no document yet that could be replaced';
    throw refusal({ code: 'invalid_state', message, attribute: 'id' });
  }
  if (!script.mayBeReplaced) {
    const message = 'The call has had as many transfers as it may';
    throw refusal({ code: 'call_update_failed', message, attribute });
  }
  return script;
}

function inlineText(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

async function fetchDocument(
  context: CommandContext,
  script: ScriptSession,
  source: Extract<DocumentSource, { kind: 'url' }>,
): Promise<SwmlDocument> {
  try {
    return await fetchFrom(context, script, source.url, source.attribute);
  } catch (error) {
    if (source.fallback === undefined || context.call.leg.signal.aborted) throw error;
    context.log.warn(
      { reason: error instanceof HttpProblem ? error.body : String(error) },
      'the document cannot be had, trying the fallback',
    );
    return await fetchFrom(context, script, source.fallback, 'fallback_url');
  }
}

async function fetchFrom(
  { call, loader, log }: CommandContext,
  script: ScriptSession,
  url: string,
  attribute: string,
): Promise<SwmlDocument> {
  if (!URL.canParse(url)) {
    const message = `"${attribute}" is no URL that can be read`;
    throw refusal({ code: 'url_failed_to_parse', message, attribute });
  }
  const { info, signal } = call.leg;
  const payload = callingPayload(info, { vars: script.variables.snapshot(), envs: {}, params: {} });
  let loaded: LoadedText;
  try {
    loaded = await loader.load({ url, method: 'POST', kind: 'calling', payload, signal });
  } catch (cause) {
    if (signal.aborted) throw problem(404);
    const unsafe = cause instanceof HttpError && UNSAFE.has(cause.code);
    const message = `The document could not be fetched: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw refusal({ code: unsafe ? 'url_is_unsafe' : 'call_update_failed', message, attribute });
  }
  return loaded.document ?? check(loaded.text, loaded.name, attribute, log);
}

function check(text: string, file: string, attribute: string, log: Logger): SwmlDocument {
  try {
    return loadAndWarn(text, { file }, (message) => log.warn({}, message));
  } catch (error) {
    if (!(error instanceof SwmlError)) throw error;
    const faults = error.diagnostics.filter(({ severity }) => severity === 'error').slice(0, MAX_FAULTS);
    throw refusal(...faults.map((fault) => issueOf(fault, attribute)));
  }
}

function issueOf(fault: Diagnostic, attribute: string): Issue {
  const { code, message, path, position, expected, found, suggestion } = fault;
  const place = path || (position === undefined ? '' : `line ${position.line}, column ${position.column}`);
  const facts = [
    ...(expected === undefined ? [] : [`expected ${expected}`]),
    ...(found === undefined ? [] : [`found ${found}`]),
    ...(suggestion === undefined ? [] : [suggestion]),
  ];
  // A malformed URL in a document has the code of one that cannot be read, too.
  const isUnreadable = code === 'relay_script_parse_error' && message !== MALFORMED_URL;
  return {
    code: isUnreadable ? 'not_json_or_yaml' : 'invalid_parameter',
    message: `${code}${place === '' ? '' : ` at ${place}`}: ${[message, ...facts].join(', ')}`,
    attribute,
  };
}
