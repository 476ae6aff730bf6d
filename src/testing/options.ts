import type { CallInfo } from '../call/leg.ts';
import { customHeaders, sipData } from '../call/sip-data.ts';
import { callObject } from '../engine/payload.ts';
import type { Logger } from '../log/logger.ts';
import { redactUris, redactUrisIn } from '../log/redact.ts';
import type { AudioCodec } from '../mediaworker/protocol.ts';
import type { NetworkConditions } from '../rtp/memory-network.ts';
import type { Synthesizer } from '../speech/synthesizer.ts';
import type { JsonObject } from '../swml/json.ts';
import type { Parties } from './party-plan.ts';
import type { RecognitionStub } from './recognition.ts';
import type { CallEvent } from '../trace/events.ts';
import { TRACE_VERSION, type TraceHeader } from '../trace/format.ts';
import { type DocumentSource, type FoundDocument, isDocumentText } from './documents.ts';
import type { FakeWeb, WebStubs } from './web.ts';

export interface VirtualCallOptions {
  /** A path, a URL, the text, or the document as an object. */
  readonly document: DocumentSource;
  /** Folder that relative paths start from; default: the working directory. */
  readonly baseDir?: string | undefined;
  /** Default `inbound`: the caller calls; `outbound`: the caller is called. */
  readonly direction?: 'inbound' | 'outbound' | undefined;
  /** Default `sip:caller@example.com`; a number makes it a call of the type `phone`, unless `to` is a SIP URI. */
  readonly from?: string | undefined;
  /** Default `sip:line@example.com`. On a call of the type `phone`, both are phone numbers by default. */
  readonly to?: string | undefined;
  /** Custom SIP headers, `X-…`; a document is given no others of a call that comes in. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly vars?: JsonObject | undefined;
  readonly params?: JsonObject | undefined;
  readonly envs?: JsonObject | undefined;
  /** Whatever is not in the published language is an error of the document. */
  readonly strict?: boolean | undefined;
  /** What the outside answers. */
  readonly web?: FakeWeb | WebStubs | undefined;
  /** Default PCMU; G722 and OPUS are wideband. */
  readonly codec?: AudioCodec | undefined;
  /** How keys travel: as events (default), or as tones in the audio. */
  readonly keys?: 'rfc4733' | 'inband' | undefined;
  /** How packets fare, both ways; default: all arrive at once. */
  readonly network?: Partial<NetworkConditions> | undefined;
  /** An outbound call is answered after so many seconds; default 2. */
  readonly answerAfter?: number | undefined;
  /** Signing key of the server. */
  readonly signingKey?: string | undefined;
  /** For ids, noise and packet loss: the same number gives the same call. Default 1. */
  readonly seed?: number | undefined;
  /** The moment at which the call begins; default 2026-01-01T00:00:00Z, in the time of the machine now. */
  readonly startsAt?: Date | undefined;
  /** Longest call, seconds; default 14400. */
  readonly maxSeconds?: number | undefined;
  /** Keeps levels and what the server received, for the trace. */
  readonly trace?: boolean | undefined;
  /** Told of every event of the call as it happens. */
  readonly onEvent?: ((event: CallEvent) => void) | undefined;
  /** In the time of the machine, to listen along. */
  readonly realTime?: boolean | undefined;
  /** Speaks the prompts and the caller's words; default: the embedded voice. */
  readonly voice?: Synthesizer | undefined;
  /**
   * What recognition makes of the caller's utterances, one after the other; of further ones, or without this,
   * what the caller says, word for word.
   */
  readonly recognition?: readonly RecognitionStub[] | undefined;
  /** Who is there when the document calls others (`connect`), by destination; default: nobody. */
  readonly parties?: Parties | undefined;
  readonly log?: Logger | undefined;
}

const NODE_ID = '5f0c0000-0000-4000-8000-000000000001';
export const PROJECT_ID = '5f0c0000-0000-4000-8000-000000000002';
export const SPACE_ID = '5f0c0000-0000-4000-8000-000000000003';

const DEFAULTS = {
  sip: { from: 'sip:caller@example.com', to: 'sip:line@example.com' },
  phone: { from: '+15550100', to: '+15550101' },
} as const;

const DEFAULT_START_MS = Date.UTC(2026, 0, 1);

/** The moment at which a call in virtual time begins, Unix ms. */
export function startOf({ startsAt }: Pick<VirtualCallOptions, 'startsAt'>): number {
  return startsAt?.getTime() ?? DEFAULT_START_MS;
}

/** The `call` object of a virtual call. */
export function callInfo(options: VirtualCallOptions, callId: string): Omit<CallInfo, 'call_state'> {
  const { direction = 'inbound' } = options;
  const given = [options.from, options.to].filter((address) => address !== undefined);
  const type = given.length === 0 || given.some((address) => /^sips?:/i.test(address)) ? 'sip' : 'phone';
  const { from = DEFAULTS[type].from, to = DEFAULTS[type].to } = options;
  const headers = Object.entries(options.headers ?? {}).map(([name, value]) => ({ name, value }));
  return {
    call_id: callId,
    node_id: NODE_ID,
    segment_id: callId,
    direction,
    type,
    from,
    to,
    headers: direction === 'inbound' ? customHeaders({ headers }) : headers,
    ...(type === 'sip' && {
      sip_data: sipData({ requestUri: to, from: { uri: from }, to: { uri: to }, contact: from }),
    }),
    project_id: PROJECT_ID,
    space_id: SPACE_ID,
  };
}

/**
 * What the trace of the call begins with.
 * @param startMs when it begins, Unix ms
 */
export function traceHeader(
  call: CallInfo,
  document: FoundDocument,
  options: VirtualCallOptions,
  startMs: number,
): TraceHeader {
  const { document: source } = options;
  const isPlace = typeof source === 'string' && source !== '' && !isDocumentText(source);
  return {
    openswml_trace: TRACE_VERSION,
    call: redactUrisIn({ ...callObject(call) }),
    started_at: new Date(startMs).toISOString(),
    ...(isPlace ? { document: redactUris(source) } : {}),
    ...(!isPlace && 'text' in document ? { document_text: redactUris(document.text) } : {}),
    virtual: options.realTime !== true,
  };
}
