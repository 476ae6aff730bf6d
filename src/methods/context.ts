/** What a running method can see and do. */
import type { DialledCall, DialRequest } from '../call/dialler.ts';
import type { CallLeg } from '../call/leg.ts';
import type { Logger } from '../log/logger.ts';
import type { ErrorCode, ErrorPolicy, Fault } from '../swml/error-codes.ts';
import type { SwmlError } from '../swml/errors.ts';
import type { JsonObject, JsonValue } from '../swml/json.ts';
import type { Clock } from '../time/clock.ts';
import type { Choice } from './flow.ts';
import type { Block } from '../swml/document.ts';

/** What every method of both languages has; its functions are called on it, not taken out of it. */
export interface FlowContext {
  readonly vars: ScriptVariables;
  readonly clock: Clock;
  readonly log: Logger;
  readonly http: HttpClient;
  /** Aborts when the call is over or the script is taken away from this step. */
  readonly signal: AbortSignal;
  /** A fresh UUID. */
  newId(): string;
  /** The value with its placeholders replaced, at any depth. `parameter`: where it stands, for errors. */
  expand(value: JsonValue, parameter?: string): JsonValue;
  /** The value at a path; undefined when it is unset or no path. */
  lookup(path: string): JsonValue | undefined;
  /**
   * The value of JavaScript; placeholders in it are replaced as raw text first. `parameter`: where it stands,
   * for errors.
   * @throws SwmlError `relay_script_js_eval_error`
   */
  evaluate(source: string, parameter?: string): JsonValue | undefined;
  /** The block that a choice leads to; undefined when nothing matches. @throws SwmlError as `evaluate` */
  choose(choice: Choice): Block | undefined;
  /** Sends a status callback; the ids of call and node are added to its params. */
  emit(callback: StatusCallback): void;
  /** Reports that something failed although the script goes on: `script_error`, warning event, log. */
  warn(fault: Fault, message: string, code?: ErrorCode): void;
  /** An error of the running step, with its place in the document. */
  error(fault: Fault, message: string, details?: ErrorDetails): SwmlError;
}

/** What a method of a calling document has. */
export interface MethodContext extends FlowContext {
  readonly leg: CallLeg;
  /** Calls somebody for this call; undefined where nobody can be called. */
  readonly dial: ((request: DialRequest) => DialledCall) | undefined;
  /**
   * Runs a script on a call that was made, with variables of its own.
   * @param signal breaks it off
   * @returns undefined when it came to its end with the call still up, else why not, in words
   */
  runOn(call: DialledCall, script: LegScript, signal: AbortSignal): Promise<string | undefined>;
  /** Sends an object to the client of the leg, if it has one. */
  sendUserEvent(event: JsonObject): void;
}

/** Steps of the running document, or the document at a URL. */
export type LegScript = { readonly steps: Block } | { readonly url: string };

export interface ErrorDetails {
  /** Name of the parameter at fault. */
  readonly parameter?: string;
  readonly expected?: string;
  readonly found?: string;
  readonly suggestion?: string;
  readonly policy?: ErrorPolicy;
  /** In the place of the code of the fault. */
  readonly code?: ErrorCode;
  readonly cause?: unknown;
}

export interface ScriptVariables {
  get(name: string): JsonValue | undefined;
  /** `name` may be dotted; the variable and its members change, never the value that was read before. */
  set(name: string, value: JsonValue): void;
  unset(name: string): void;
}

export interface StatusCallback {
  readonly url: string;
  readonly method?: 'POST' | 'GET';
  /** Callbacks of one operation arrive in order. */
  readonly operationId: string;
  /** E.g. `calling.call.play`. */
  readonly eventType: string;
  readonly params: JsonObject;
}

/** HTTP as the language needs it; the server implements it with its limits and refusals. */
export interface HttpClient {
  /** @throws HttpFailure when no answer came */
  request(request: HttpRequest): Promise<HttpAnswer>;
}

export interface HttpRequest {
  /** `http` or `https`; userinfo becomes Basic authorization. */
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly connectTimeoutMs: number;
  /** For the whole exchange. */
  readonly timeoutMs: number;
  readonly maxRedirects: number;
  /** The body is cut here. */
  readonly maxBodyBytes: number;
  /** Whether it bears the signature of requests of messages (spec/callbacks.md 6.2). */
  readonly signed?: boolean;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  /** In the order of arrival; names in any case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** Whether the body was longer than `maxBodyBytes`. */
  readonly truncated: boolean;
}

export class HttpFailure extends Error {
  /** `refused`: the address is not allowed. */
  readonly reason: 'timeout' | 'refused' | 'network' | 'aborted';

  constructor(reason: HttpFailure['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HttpFailure';
    this.reason = reason;
  }
}

/** What a method of a messaging document has. */
export interface MessageContext extends FlowContext {
  readonly message: MessageInfo;
  /** Puts a reply on its way. @throws ReplyFailure */
  reply(reply: Reply): Promise<{ readonly messageId: string }>;
  /** Counts a request of this document; false when there have been too many. */
  countRequest(): boolean;
}

/** The `message` object of the language (spec/document.md 2.4). */
export interface MessageInfo {
  readonly message_id: string;
  readonly project_id: string;
  readonly space_id: string;
  readonly direction: 'inbound';
  readonly type: 'sms' | 'mms';
  readonly from: string;
  readonly to: string;
  readonly body: string | null;
  readonly media: readonly { readonly url: string; readonly content_type: string; readonly size: number }[];
  readonly segments: number;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
}

export interface Reply {
  readonly from: string;
  readonly to: string;
  readonly body: string | undefined;
  readonly media: readonly string[];
  readonly statusUrl: string | undefined;
}

/** A reply that was not accepted, with the code of the language for it. */
export class ReplyFailure extends Error {
  readonly code: Extract<ErrorCode, `swml_reply_${string}`>;

  constructor(code: ReplyFailure['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ReplyFailure';
    this.code = code;
  }
}
