/** Documents that handle an inbound message. */
import type { FlowContext, MessageContext, MessageInfo, Reply } from '../methods/context.ts';
import type { SwmlDocument } from '../swml/document.ts';
import type { Diagnostic } from '../swml/errors.ts';
import type { JsonObject } from '../swml/json.ts';
import type { ScriptHost, ScriptServices } from './host.ts';
import { messageObject, messagingPayload } from './payload.ts';
import { type ScriptResult, ScriptSession } from './session.ts';
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
    context: (flow: FlowContext, document): MessageContext => ({
      ...flow,
      message,
      reply: options.sendReply,
      countRequest: () => {
        const count = (requests.get(document) ?? 0) + 1;
        requests.set(document, count);
        return count <= MAX_REQUESTS;
      },
    }),
    ids: (): JsonObject => ({ message_id: message.message_id }),
    report: (error) => failures.push(error.diagnostic),
  };
}
