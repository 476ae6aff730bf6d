/**
 * Documents as they are written, as types: for programs that make documents, or look into them. All of it
 * follows from the schemas of the methods; what they check beyond types (ranges, what excludes what, names of
 * sections and labels) `validate` checks.
 */
import type { Step } from '../swml/document.ts';
import type { DocumentKind } from '../swml/error-codes.ts';
import type { JsonValue } from '../swml/json.ts';
import type { Placeholder, StepsMark, Written } from '../swml/schema.ts';
import type { Forms } from './method.ts';
import type { CallingMethod, MessagingMethod } from './registry.ts';

interface Kinds {
  readonly calling: { readonly method: CallingMethod; readonly steps: CallingSteps };
  readonly messaging: { readonly method: MessagingMethod; readonly steps: MessagingSteps };
}

/** Lists of steps are interfaces, so that a type may lie inside itself. */
interface CallingSteps extends ReadonlyArray<CallingStep> {}
interface MessagingSteps extends ReadonlyArray<MessagingStep> {}

/** `W` with lists of steps in the place of their marks. */
type Filled<W, L> = [JsonValue] extends [W] ? W : FilledEach<W, L>;
type FilledEach<W, L> = W extends StepsMark
  ? L
  : W extends readonly (infer I)[]
    ? readonly Filled<I, L>[]
    : W extends object
      ? { readonly [K in keyof W]: Filled<W[K], L> }
      : W;

type MethodOf<K extends DocumentKind, N> = Extract<Kinds[K]['method'], { readonly name: N }>;

/** Names of the methods of a kind of document. */
export type MethodName<K extends DocumentKind = 'calling'> = Kinds[K]['method']['name'];

type FormsOf<K extends DocumentKind, M> =
  M extends Forms<string, infer S, infer H> ? Filled<Written<S> | Written<H>, Kinds[K]['steps']> : never;

/** The parameters of a method, in their full form. */
type ParamsOf<K extends DocumentKind, N extends MethodName<K>> =
  MethodOf<K, N> extends Forms<string, infer S>
    ? Exclude<Filled<Written<S>, Kinds[K]['steps']>, Placeholder>
    : never;

/** What may stand behind the name of a method: its parameters, a short form of them, or a placeholder. */
export type MethodValue<K extends DocumentKind, N extends MethodName<K>> = FormsOf<K, MethodOf<K, N>>;

/** A step with its one method. */
export type StepOf<K extends DocumentKind, N extends MethodName<K> = MethodName<K>> = {
  readonly [M in N]: { readonly [Name in M]: MethodValue<K, M> };
}[N];

export type CallingStep = StepOf<'calling'>;
export type MessagingStep = StepOf<'messaging'>;

interface Sections<S> {
  /** Where the script starts. */
  readonly main: readonly S[];
  readonly [name: string]: readonly S[];
}

/** A document for calls, as an object: `JSON.stringify` makes the text of it that is served. */
export interface CallingDocument {
  readonly version?: '1.0.0' | undefined;
  readonly sections: Sections<CallingStep>;
}

/** A document for messages, as an object. */
export interface MessagingDocument {
  readonly version?: '1.0.0' | undefined;
  readonly sections: Sections<MessagingStep>;
}

/**
 * Whether a step of a checked document is one of this method; then its parameters have their type. They are as
 * written, without defaults, and null when there are none.
 */
export function isStep<N extends MethodName>(
  step: Step,
  method: N,
): step is Step & { readonly method: N; readonly params: MethodValue<'calling', N> & JsonValue };
export function isStep<K extends DocumentKind, N extends MethodName<K>>(
  step: Step,
  method: N,
  kind: K,
): step is Step & { readonly method: N; readonly params: MethodValue<K, N> & JsonValue };
export function isStep(step: Step, method: string): boolean {
  return step.method === method;
}

export type AiParams = ParamsOf<'calling', 'ai'>;
export type AiSidecarParams = ParamsOf<'calling', 'ai_sidecar'>;
export type AmazonBedrockParams = ParamsOf<'calling', 'amazon_bedrock'>;
export type AnswerParams = ParamsOf<'calling', 'answer'>;
export type CondParams = ParamsOf<'calling', 'cond'>;
export type ConnectParams = ParamsOf<'calling', 'connect'>;
export type DenoiseParams = ParamsOf<'calling', 'denoise'>;
export type DetectMachineParams = ParamsOf<'calling', 'detect_machine'>;
export type EnterQueueParams = ParamsOf<'calling', 'enter_queue'>;
export type ExecuteParams = ParamsOf<'calling', 'execute'>;
export type GotoParams = ParamsOf<'calling', 'goto'>;
export type HangupParams = ParamsOf<'calling', 'hangup'>;
export type JoinConferenceParams = ParamsOf<'calling', 'join_conference'>;
export type JoinRoomParams = ParamsOf<'calling', 'join_room'>;
export type LabelParams = ParamsOf<'calling', 'label'>;
export type LiveTranscribeParams = ParamsOf<'calling', 'live_transcribe'>;
export type LiveTranslateParams = ParamsOf<'calling', 'live_translate'>;
export type PayParams = ParamsOf<'calling', 'pay'>;
export type PlayParams = ParamsOf<'calling', 'play'>;
export type PromptParams = ParamsOf<'calling', 'prompt'>;
export type ReceiveFaxParams = ParamsOf<'calling', 'receive_fax'>;
export type RecordParams = ParamsOf<'calling', 'record'>;
export type RecordCallParams = ParamsOf<'calling', 'record_call'>;
export type RequestParams = ParamsOf<'calling', 'request'>;
export type ReturnParams = ParamsOf<'calling', 'return'>;
export type SendDigitsParams = ParamsOf<'calling', 'send_digits'>;
export type SendFaxParams = ParamsOf<'calling', 'send_fax'>;
export type SendSmsParams = ParamsOf<'calling', 'send_sms'>;
export type SetParams = ParamsOf<'calling', 'set'>;
export type SipReferParams = ParamsOf<'calling', 'sip_refer'>;
export type SleepParams = ParamsOf<'calling', 'sleep'>;
export type StopDenoiseParams = ParamsOf<'calling', 'stop_denoise'>;
export type StopRecordCallParams = ParamsOf<'calling', 'stop_record_call'>;
export type StopStreamParams = ParamsOf<'calling', 'stop_stream'>;
export type StopTapParams = ParamsOf<'calling', 'stop_tap'>;
export type StreamParams = ParamsOf<'calling', 'stream'>;
export type SwitchParams = ParamsOf<'calling', 'switch'>;
export type TapParams = ParamsOf<'calling', 'tap'>;
export type TranscribeParams = ParamsOf<'calling', 'transcribe'>;
export type TranscribeStopParams = ParamsOf<'calling', 'transcribe_stop'>;
export type TransferParams = ParamsOf<'calling', 'transfer'>;
export type UnsetParams = ParamsOf<'calling', 'unset'>;
export type UserEventParams = ParamsOf<'calling', 'user_event'>;
export type MessageExecuteParams = ParamsOf<'messaging', 'execute'>;
export type MessageGotoParams = ParamsOf<'messaging', 'goto'>;
export type MessageLabelParams = ParamsOf<'messaging', 'label'>;
export type MessageReceiveParams = ParamsOf<'messaging', 'receive'>;
export type MessageReplyParams = ParamsOf<'messaging', 'reply'>;
export type MessageRequestParams = ParamsOf<'messaging', 'request'>;
export type MessageReturnParams = ParamsOf<'messaging', 'return'>;
export type MessageSwitchParams = ParamsOf<'messaging', 'switch'>;
export type MessageTransferParams = ParamsOf<'messaging', 'transfer'>;
