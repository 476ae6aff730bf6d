import type { CallbackRequest } from '../callbacks/events.ts';
import type { CallInfo } from '../call/leg.ts';
import type { MediaClient } from '../call/media-client.ts';
import type { LegEvent } from '../call/media-leg.ts';
import type { TraceEvent } from '../engine/trace.ts';
import { isSecretName, redactUris, redactUrisIn } from '../log/redact.ts';
import type { Clock } from '../time/clock.ts';
import type { CallEvent, EventKind } from './events.ts';
import { type SipLine, sipText } from './sip-line.ts';

type Data = Readonly<Record<string, unknown>>;
type Headers = Readonly<Record<string, string>>;

/** A request that a call made. */
export interface WebRequestFacts {
  readonly purpose: 'request' | 'document' | 'sound';
  readonly method: string;
  /** Without credentials. */
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

/** What was answered; the body only where it is text. */
export type WebAnswerFacts =
  | { readonly status: number; readonly headers: Headers; readonly body: string | undefined }
  | { readonly failure: string };

const LEFT_OUT = '(left out)';
/** The variable that has the headers of an answer. */
const ANSWER_HEADERS = 'request_response_headers';

/** Stretches of the levels in a trace, ms. */
const LEVEL_STRETCH_MS = 100;
/** Nobody speaks longer into a trace, ms. */
const MAX_AUDIO_MS = 4 * 3_600_000;
/** Of bodies of requests and answers, characters. */
const MAX_BODY = 65_536;
/** Of so many parties of a call what they say is kept. */
const MAX_PARTY_FILES = 16;
/** The first event of a call that a call has made: `to`, and its `call_id`. */
export const CALLED = 'called';
/** Told in the place of what the party says, where that is not kept. */
export const NOT_KEPT = 'received audio is not kept';
/** Id of the recording that keeps what the party said; no recording of the language has it. */
const AUDIO_ID = 'trace-audio';

/** What the tracers of a call and of those that it has made have in common. */
interface Shared {
  readonly clock: Clock;
  readonly startMs: number;
  readonly listener: (event: CallEvent) => void;
  /** Calls that were made. */
  legs: number;
  /** Files with what their parties said. */
  partyFiles: number;
}

/** Turns what the parts of a call tell into events of one kind. */
export class CallTracer {
  /** Number among the calls that a call has made; undefined for that call itself. */
  readonly number: number | undefined;
  readonly #shared: Shared;

  /** The call begins now. @param made for {@link called} */
  constructor(
    clock: Clock,
    listener: (event: CallEvent) => void,
    made?: { readonly shared: Shared; readonly number: number },
  ) {
    this.#shared = made?.shared ?? { clock, startMs: clock.monotonic(), listener, legs: 0, partyFiles: 0 };
    this.number = made?.number;
  }

  /** Since the beginning, seconds. */
  get seconds(): number {
    return (this.#shared.clock.monotonic() - this.#shared.startMs) / 1000;
  }

  /** The call makes another one: the tracer of that, whose events go to the same listener. */
  called({ to, call_id }: Pick<CallInfo, 'to' | 'call_id'>): CallTracer {
    const shared = this.#shared;
    const tracer = new CallTracer(shared.clock, shared.listener, { shared, number: ++shared.legs });
    tracer.note('call', CALLED, { to, call_id });
    return tracer;
  }

  /** What is written keeps no password of an address, wherever it stands. */
  note(kind: EventKind, text: string, data: Data = {}): void {
    const { number: leg } = this;
    this.#shared.listener({
      at: this.seconds,
      kind,
      ...(leg !== undefined && { leg }),
      text: redactUris(text),
      data: redactUrisIn(data),
    });
  }

  leg({ kind, text, data }: LegEvent): void {
    this.note(kind, text, data);
  }

  script(event: TraceEvent): void {
    switch (event.kind) {
      case 'step-start': {
        const { method, position, section, index, depth, path, file } = event;
        this.note('step', method, { line: position.line, section, index, depth, path, file });
        return;
      }
      case 'step-end': {
        const { method, outcome, set, unset } = event;
        this.note('step', `${method} done`, {
          ...(outcome !== 'next' && { outcome }),
          ...(Object.keys(set).length > 0 && { set: withoutSecretsOfAnswer(set) }),
          ...(unset.length > 0 && { unset }),
        });
        return;
      }
      case 'warning':
        this.note('warning', event.code, { reason: event.message });
        return;
      case 'end':
        this.note('call', 'script over', { outcome: event.outcome });
        return;
    }
  }

  /** A SIP message as it was on the wire; credentials are left out. */
  sip(direction: 'in' | 'out', line: SipLine, message: Uint8Array): void {
    this.note('sip', line.text, { direction, message: sipText(message) });
  }

  /** A callback that was put on its way. */
  callback({ url, envelope }: Pick<CallbackRequest, 'url' | 'envelope'>): void {
    const { state } = envelope.params;
    this.note('callback', envelope.event_type, {
      ...(state !== undefined && { state }),
      url,
      body: withoutSecretsOfCall(envelope),
    });
  }

  /**
   * A request of the call and what came of it.
   * @param askedAt when it was made, as {@link seconds} has it; undefined: just now
   */
  web(request: WebRequestFacts, answer: WebAnswerFacts, askedAt = this.seconds): void {
    const { purpose, method, url, headers, body } = request;
    const tookMs = Math.round((this.seconds - askedAt) * 1000);
    this.note('web', `${method} ${url}`, {
      for: purpose,
      ...('failure' in answer ? { failure: answer.failure } : { status: answer.status }),
      ...(tookMs > 0 && { took_ms: tookMs }),
      request: {
        headers: withoutSecrets(headers),
        body: (purpose === 'document' ? withoutSecretsOfQuestion(body) : body).slice(0, MAX_BODY),
      },
      ...('status' in answer && {
        answer: {
          headers: withoutSecrets(answer.headers),
          ...(answer.body !== undefined && { body: answer.body.slice(0, MAX_BODY) }),
        },
      }),
    });
  }

  /**
   * Tells levels, and keeps what the party says.
   * @param given path of the file, in the form of a recording; undefined keeps none
   * @param name of the file as the trace gives it
   */
  media(media: MediaClient, given: { readonly path: string; readonly name: string } | undefined): void {
    const isTooMuch =
      given !== undefined && this.number !== undefined && ++this.#shared.partyFiles > MAX_PARTY_FILES;
    const audio = isTooMuch ? undefined : given;
    if (isTooMuch) this.note('media', NOT_KEPT, { reason: 'too many parties' });
    media.listen((event) => {
      if (event.type === 'levels') {
        const { saidDbfs, heardDbfs, noiseDbfs, speaking } = event;
        this.note('level', speaking ? 'speech' : 'no speech', {
          said: round(saidDbfs),
          heard: round(heardDbfs),
          noise: round(noiseDbfs),
        });
      } else if (audio !== undefined && event.type === 'recordStarted' && event.recordingId === AUDIO_ID) {
        const lateMs = Math.round(this.#shared.clock.now() - event.startTimeMs);
        this.note('media', 'received audio', { audio: audio.name, ...(lateMs > 0 && { late_ms: lateMs }) });
      } else if (event.type === 'recordEnded' && event.recordingId === AUDIO_ID) {
        const { error } = event.outcome;
        if (error !== undefined) this.note('warning', 'received audio is not complete', { reason: error });
      }
    });
    media.send({ type: 'meter', stretchMs: LEVEL_STRETCH_MS });
    if (audio !== undefined) media.send({ type: 'record', spec: { ...AUDIO, path: audio.path } });
  }
}

const AUDIO = {
  recordingId: AUDIO_ID,
  controlId: AUDIO_ID,
  format: 'wav',
  direction: 'speak',
  stereo: false,
  beep: false,
  terminators: '',
  inputSensitivity: 44,
  initialTimeoutMs: 0,
  endSilenceTimeoutMs: 0,
  maxLengthMs: MAX_AUDIO_MS,
} as const;

function withoutSecrets(headers: Headers): Headers {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, isSecretName(name) ? LEFT_OUT : value]),
  );
}

/** What `request` set of an answer with cookies or tokens; a replay leaves out the same. */
export function withoutSecretsOfAnswer(set: Data): Data {
  const headers = set[ANSWER_HEADERS];
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return set;
  return { ...set, [ANSWER_HEADERS]: withoutSecrets(headers as Headers) };
}

/** The object of a call, or a callback that has one somewhere in it, without the tokens in its list `headers`. */
export function withoutSecretsOfCall<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutSecretsOfCall) as T;
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([key, item]: [string, unknown]) => [
    key,
    key === 'headers' && Array.isArray(item) ? item.map(withoutSecret) : withoutSecretsOfCall(item),
  ]);
  return Object.fromEntries(fields) as T;
}

function withoutSecret(header: unknown): unknown {
  if (typeof header !== 'object' || header === null) return header;
  const { name } = header as { readonly name?: unknown };
  return typeof name === 'string' && isSecretName(name) ? { ...header, value: LEFT_OUT } : header;
}

/** The question for a document, which brings the call and all variables along. */
function withoutSecretsOfQuestion(payload: string): string {
  if (!payload.includes(`"${ANSWER_HEADERS}":`) && !payload.includes('"headers":')) return payload;
  const sent = JSON.parse(payload) as { readonly call?: unknown; readonly vars?: Data };
  const { call, vars = {} } = sent;
  return JSON.stringify({ ...sent, call: withoutSecretsOfCall(call), vars: withoutSecretsOfAnswer(vars) });
}

function round(dbfs: number): number {
  return Math.round(dbfs * 10) / 10;
}
