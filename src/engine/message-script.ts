/** Documents that handle an inbound message. */
import type { MessageContext, MessageInfo, Reply } from '../methods/context.ts';
import type { SwmlDocument } from '../swml/document.ts';
import type { Diagnostic } from '../swml/errors.ts';
import type { JsonObject } from '../swml/json.ts';
import type { ScriptHost, ScriptServices } from './host.ts';
import { messageObject, messagingPayload } from './payload.ts';
import { type ScriptResult, ScriptSession } from './session.ts';
import { StepContext } from './step-context.ts';
import type { StepRun } from './step-run.ts';
import type { TraceListener } from './tracer.ts';

export interface MessageScriptOptions {
  readonly message: MessageInfo;
  /** Of kind `messaging`. */
  readonly document: SwmlDocument;
  readonly services: ScriptServices;
  /** Puts a reply on its way. @throws ReplyFailure */
  readonly sendReply: (reply: Reply) => Promise<{ readonly messageId: string }>;
  readonly signal?: AbortSignal;
  readonly strict?: boolean;
  readonly onTrace?: TraceListener;
}

export interface MessageScriptResult extends ScriptResult {
  /** What went wrong, in order; the first makes the inbound message `failed` with its code. */
  readonly failures: readonly Diagnostic[];
}

/** Of one message, and of one document (spec/document.md 6). */
const MAX_STEPS = 100;
const MAX_REQUESTS = 10;

/** Runs the document to its end. Never rejects. */
export async function runMessageScript(options: MessageScriptOptions): Promise<MessageScriptResult> {
  const failures: Diagnostic[] = [];
  const session = new ScriptSession({ ...options, host: messageHost(options, failures) });
  return { ...(await session.run()), failures };
}

/** What the steps of a messaging document have beside it. */
class MessageStepContext extends StepContext implements MessageContext {
  readonly #options: MessageScriptOptions;
  readonly #document: SwmlDocument;
  readonly #requests: WeakMap<SwmlDocument, number>;

  /** @param requests made so far, by document */
  constructor(run: StepRun, options: MessageScriptOptions, requests: WeakMap<SwmlDocument, number>) {
    super(run);
    this.#options = options;
    this.#document = run.frame.document;
    this.#requests = requests;
  }

  get message(): MessageInfo {
    return this.#options.message;
  }

  reply(reply: Reply): Promise<{ readonly messageId: string }> {
    return this.#options.sendReply(reply);
  }

  countRequest(): boolean {
    const count = (this.#requests.get(this.#document) ?? 0) + 1;
    this.#requests.set(this.#document, count);
    return count <= MAX_REQUESTS;
  }
}

function messageHost(options: MessageScriptOptions, failures: Diagnostic[]): ScriptHost {
  const { message } = options;
  const subject = messageObject(message);
  const requests = new WeakMap<SwmlDocument, number>();
  return {
    kind: 'messaging',
    signal: options.signal ?? new AbortController().signal,
    maxSteps: MAX_STEPS,
    subject: () => subject,
    payload: ({ params, vars }) => messagingPayload(message, { params, vars }),
    context: (run) => new MessageStepContext(run, options, requests),
    ids: (): JsonObject => ({ message_id: message.message_id }),
    report: (error) => failures.push(error.diagnostic),
  };
}
