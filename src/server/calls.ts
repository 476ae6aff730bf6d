import { randomUUID } from 'node:crypto';
import { buildEnvelope } from '../callbacks/envelope.ts';
import type { CallbackRequest, Outbox } from '../callbacks/events.ts';
import { OwedCallbacks } from '../callbacks/owed-callbacks.ts';
import type { SoundSource } from '../call/playback.ts';
import type { RecordingService } from '../call/recording-service.ts';
import type { LegEvent } from '../call/media-leg.ts';
import { createSipLeg } from '../call/sip-leg.ts';
import type { StreamNetwork } from '../call/streams/network.ts';
import { stateParams } from '../call/state-event.ts';
import { type CallScript, startScript } from '../engine/call-script.ts';
import type { ScriptWarning } from '../engine/host.ts';
import { callingPayload } from '../engine/payload.ts';
import { warningParams } from '../engine/script-warning.ts';
import type { TraceEvent } from '../engine/trace.ts';
import type { TraceListener } from '../engine/tracer.ts';
import type { Logger } from '../log/logger.ts';
import { maskDigits } from '../log/redact.ts';
import type { MediaHost } from '../mediaworker/protocol.ts';
import type { HttpClient } from '../methods/context.ts';
import type { IncomingSipCall, IntakePolicy } from '../sip/api.ts';
import { SipRefusal } from '../sip/errors.ts';
import type { Recogniser } from '../speech/recognition/recogniser.ts';
import type { JsonObject } from '../swml/json.ts';
import { type Clock, sleep } from '../time/clock.ts';
import { CallFigures } from './call-figures.ts';
import type { CallTrace, CallTraces } from './call-traces.ts';
import { ArrivingCalls } from './arriving-calls.ts';
import type { Config } from './config-keys.ts';
import { DocumentError } from './document-error.ts';
import type { Documents } from './documents.ts';
import type { ServerEvent, ServerEventListener } from './events.ts';
import type { Identity } from './identity.ts';
import { legSite } from './leg-site.ts';
import { type CallDirectory, LiveCalls } from './live-calls.ts';
import { Admission, NO_TIME, type RefusalReason } from './load/admission.ts';
import type { LoadMonitor } from './load/load-monitor.ts';
import type { Metrics } from './metrics.ts';
import { OutgoingCalls } from './outgoing-calls.ts';
import { consentRefusal } from './recording-consent.ts';
import { noteScript, type ServedCall } from './served-call.ts';
import { type SipLine, sipLine } from '../trace/sip-line.ts';
import { timeOrderedId } from '../storage/time-ordered-id.ts';

export interface CallsOptions {
  readonly config: Config;
  readonly identity: Identity;
  readonly documents: Documents;
  readonly recordings: RecordingService;
  readonly sounds: SoundSource;
  readonly recogniser: Recogniser | undefined;
  readonly streams: StreamNetwork;
  readonly media: MediaHost;
  readonly outbox: Outbox;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** Undefined: calls are not traced. */
  readonly traces?: CallTraces | undefined;
  readonly load: Pick<LoadMonitor, 'freeDiskBytes' | 'overloaded' | 'noteTurnedAway'>;
  /** Whether there are RTP ports for one more call. */
  readonly hasRtpPorts: () => boolean;
  readonly metrics: Metrics;
  readonly onEvent: ServerEventListener;
}

/** All calls of the server: lets them in, runs the document of each, and ends them at shutdown. */
export class Calls {
  /** Those that are there, for whoever acts on them from outside. */
  readonly live: CallDirectory;
  readonly #live = new LiveCalls<ServedCall>();
  readonly #options: CallsOptions;
  readonly #legSite: ReturnType<typeof legSite>;
  readonly #running = new Map<ServedCall, Promise<void>>();
  readonly #admission: Admission;
  /** Call ids by Call-ID header, of calls that are there. */
  readonly #bySipCallId = new Map<string, string>();
  readonly #arriving = new ArrivingCalls();
  readonly #outgoing: OutgoingCalls;
  readonly #callbacks: OwedCallbacks;

  constructor(options: CallsOptions) {
    this.#options = options;
    this.#callbacks = new OwedCallbacks(options);
    this.#legSite = legSite(options);
    this.live = this.#live;
    const { limits } = options.config;
    this.#outgoing = new OutgoingCalls(options, {
      admit: () => this.#admission.askWithin(),
      find: (callId) => this.#live.get(callId),
      keep: (call, sipCallId) => this.#keep(call, this.#followToEnd(call), sipCallId),
      emit: (callback, sessionId) => this.#emit({ ...callback, sessionId }),
      noteSipCall: (sipCallId, callId) => {
        this.#bySipCallId.set(sipCallId, callId);
        for (const { direction, line, data } of this.#arriving.take(sipCallId))
          this.#traceSip(callId, direction, line, data);
      },
      onEvent: (callId, event, log) => this.#legEvent(callId, event, log),
    });
    this.#admission = new Admission(
      options.clock,
      {
        maxCalls: limits.max_calls,
        setupsPerSecond: limits.setups_per_second,
        maxRecordings: limits.max_recordings,
        minFreeDiskBytes: limits.min_free_disk_mb * 1_000_000,
        refuseWhenOverloaded: limits.refuse_when_overloaded,
      },
      {
        calls: () => this.count,
        recordings: () => this.recordings,
        freeDiskBytes: () => options.load.freeDiskBytes,
        hasRtpPorts: options.hasRtpPorts,
        overloaded: () => options.load.overloaded,
      },
    );
  }

  get count(): number {
    return this.#live.size;
  }

  /** Recordings under way. */
  get recordings(): number {
    let sum = 0;
    for (const { figures } of this.#live.all()) sum += figures.recordings;
    return sum;
  }

  /** Why nobody is let in at the moment; undefined when calls are taken. */
  get refusing(): RefusalReason | undefined {
    return this.#admission.standing();
  }

  /** What becomes of calls that there is no time for. */
  get intake(): Omit<IntakePolicy, 'isBehind'> {
    const { config, load, metrics } = this.#options;
    return {
      mayWaitMs: () => (config.limits.refuse_when_overloaded ? config.limits.setup_wait_ms : undefined),
      refuses: () => this.#admission.refusing !== undefined,
      turnedAway: (sipCallId) => {
        const { reason, retryAfterSeconds } = this.#admission.refusing ?? NO_TIME;
        metrics.callRefused(reason);
        load.noteTurnedAway(reason);
        this.#arriving.forget(sipCallId);
        return retryAfterSeconds;
      },
      withdrawn: (sipCallId) => this.#arriving.forget(sipCallId),
    };
  }

  /** @throws SipRefusal 503 at a limit (see Admission) and during shutdown */
  accept(call: IncomingSipCall): void {
    const { config, log, metrics, clock } = this.#options;
    const refusal = this.#admission.ask();
    if (refusal !== undefined) {
      metrics.callRefused(refusal.reason);
      this.#arriving.forget(call.sipCallId);
      log.warn({ calls: this.#live.size, reason: refusal.reason }, 'call refused');
      throw new SipRefusal(503, { retryAfterSeconds: refusal.retryAfterSeconds });
    }
    const figures = new CallFigures(metrics, clock, 'inbound', call.waitedMs);
    let trace: CallTrace | undefined;
    const callId = timeOrderedId(clock.now());
    const sessionId = randomUUID();
    const callLog = log.child({ call_id: callId });
    const leg = createSipLeg({
      ...this.#legSite,
      call,
      callId,
      eventChannel: `swml:${sessionId}`,
      recordingRefusal: consentRefusal(
        config.recording.consent_variable,
        () => this.#live.get(callId)?.variables,
      ),
      log: callLog,
      onEvent: (event) => {
        figures.take(event);
        this.#legEvent(callId, event, callLog);
        trace?.tracer.leg(event);
      },
      onMedia: (media) => trace?.media(media),
    });
    trace = this.#options.traces?.open(leg.info, callLog);
    leg.limitDuration(config.limits.max_call_seconds);
    const { protocol, address, port } = call.source;
    const data = {
      from: leg.info.from,
      to: leg.info.to,
      source: `${protocol}:${address}:${port}`,
      sip_call_id: call.sipCallId,
    };
    callLog.info(data, 'incoming call');
    this.#bySipCallId.set(call.sipCallId, callId);
    for (const { direction, line, data } of this.#arriving.take(call.sipCallId))
      trace?.tracer.sip(direction, line, data);
    this.#tell(callId, 'sip', '← INVITE', data);
    const served: ServedCall = {
      leg,
      createdAt: this.#options.clock.now(),
      documentUrl: this.#options.documents.sourceUrl,
      script: undefined,
      variables: undefined,
      statusUrl: undefined,
      emit: (callback) => this.#emit({ ...callback, sessionId }),
      sessionId,
      log: callLog,
      figures,
      hopsLeft: hopsLeftOf(call),
      trace,
    };
    this.#keep(served, this.#run(served), () => call.sipCallId);
  }

  /** Calls that documents make are made here, from now on. */
  attach(endpoint: Parameters<OutgoingCalls['attach']>[0]): void {
    this.#outgoing.attach(endpoint);
  }

  #keep(call: ServedCall, run: Promise<void>, sipCallId: () => string | undefined): void {
    this.#live.add(call);
    const done = run.finally(() => {
      this.#live.remove(call.leg.info.call_id);
      this.#running.delete(call);
      // A second try of the same call may be here, too, and be it the next hop of this one.
      const id = sipCallId() ?? '';
      if (this.#bySipCallId.get(id) === call.leg.info.call_id) this.#bySipCallId.delete(id);
      return call.trace?.close();
    });
    this.#running.set(call, done);
  }

  /** Puts a SIP message of a running call on its timeline. */
  sipMessage(direction: 'in' | 'out', data: Uint8Array): void {
    const line = sipLine(data);
    const callId = line === undefined ? undefined : this.#bySipCallId.get(line.sipCallId);
    if (line === undefined) return;
    if (callId !== undefined) {
      this.#tell(callId, 'sip', `${direction === 'in' ? '←' : '→'} ${line.text}`, {});
      this.#traceSip(callId, direction, line, data);
    } else if (this.#options.traces !== undefined) {
      this.#arriving.note(direction, line, data);
    }
  }

  #traceSip(callId: string, direction: 'in' | 'out', line: SipLine, data: Uint8Array): void {
    this.#live.get(callId)?.trace?.tracer.sip(direction, line, data);
  }

  /** Puts a callback into the trace of its call. */
  callbackEnqueued(request: CallbackRequest): void {
    const callId = request.envelope.params['call_id'];
    if (typeof callId === 'string') this.#live.get(callId)?.trace?.tracer.callback(request);
  }

  /**
   * Takes no further calls and waits until the running ones have ended by themselves, `limitMs` at most or until
   * `signal` aborts. Never rejects.
   */
  async drain(limitMs: number, signal: AbortSignal): Promise<void> {
    this.#admission.drain();
    const over = new AbortController();
    const ended = async (): Promise<void> => {
      while (this.#running.size > 0) await Promise.all(this.#running.values());
    };
    const waited = sleep(this.#options.clock, limitMs, AbortSignal.any([signal, over.signal])).catch(
      () => {},
    );
    await Promise.race([ended(), waited]);
    over.abort();
  }

  /** Takes no further calls; ends the running ones as by `hangup` and waits until their recordings are there. */
  async close(): Promise<void> {
    this.#admission.drain();
    const running = [...this.#running.entries()];
    await Promise.all(running.map(([{ leg }]) => leg.hangup()));
    await Promise.all(running.map(([, done]) => done));
    this.#callbacks.close();
  }

  async #run(call: ServedCall): Promise<void> {
    const { leg, log } = call;
    try {
      const script = await this.#startDocument(call);
      if (script !== undefined) {
        const result = await script.done;
        log.info({ outcome: result.outcome }, 'script over');
        if (!leg.signal.aborted) await leg.hangup();
      }
    } catch (cause) {
      if (!leg.signal.aborted) {
        const known = cause instanceof DocumentError;
        log.error(known ? { reason: cause.reason } : { err: cause }, 'the call cannot be served');
        const message = known ? cause.reason : cause instanceof Error ? cause.message : String(cause);
        const code = known ? cause.code : 'relay_script_internal_error';
        call.trace?.tracer.note('error', code, { reason: message });
        this.#warn({ sessionId: call.sessionId, params: warningParams(leg.info, { code, message }) });
        await leg.hangup('error');
      }
    }
    await this.#followToEnd(call);
  }

  /** Tells the end of a call. */
  async #followToEnd(call: ServedCall): Promise<void> {
    const { leg, log, figures } = call;
    const end = await leg.ended;
    figures.ended(end);
    if (call.statusUrl !== undefined) {
      this.#emit({
        url: call.statusUrl,
        operationId: leg.info.call_id,
        eventType: 'calling.call.state',
        params: stateParams(leg.info, end.reason),
        sessionId: call.sessionId,
      });
    }
    log.info({ by: end.by, reason: end.reason }, 'call over');
  }

  /** @returns undefined when the call was over before there was a document */
  async #startDocument(call: ServedCall): Promise<CallScript | undefined> {
    const { leg, sessionId, log } = call;
    const callId = leg.info.call_id;
    const { documents, clock, http } = this.#options;
    const payload = documents.asksServers ? callingPayload(leg.info, { vars: {}, envs: {}, params: {} }) : {};
    const { trace } = call;
    const document = await documents.forCall(payload, leg.signal, log, (asked, answer) =>
      trace?.document(asked, answer),
    );
    if (leg.signal.aborted) return undefined;
    const script = startScript({
      leg,
      document,
      sessionId,
      services: {
        clock,
        log,
        http: trace?.http(http) ?? http,
        loader: trace?.loader(documents) ?? documents,
        emit: (callback) => this.#emit(callback),
        dialler: this.#outgoing,
        onScript: (id, script) => {
          const served = this.#live.get(id);
          if (served !== undefined) noteScript(served, script);
        },
        traceOf: (id) => this.#traceOf(id),
        onWarning: (warning) => this.#warn(warning),
      },
      onTrace: this.#traceOf(callId),
    });
    noteScript(call, script.session);
    return script;
  }

  /** Who is told what a script on a call does. */
  #traceOf(callId: string): TraceListener {
    const { log = this.#options.log, trace } = this.#live.get(callId) ?? {};
    return (event) => {
      this.#trace(callId, log, event);
      trace?.tracer.script(event);
    };
  }

  /** `calling.script.warning` (spec/document.md 5.1). That of `confirm` is one of the called side. */
  #warn({ sessionId, params }: Pick<ScriptWarning, 'sessionId' | 'params'>): void {
    this.#tell(String(params['call_id']), 'warning', `${params.code} ${params.message}`, params);
    const url = this.#options.config.callbacks.script_warning_url;
    if (url === undefined) return;
    this.#emit({ url, operationId: sessionId, eventType: 'calling.script.warning', params, sessionId });
  }

  #emit(callback: {
    readonly url: string;
    readonly method?: 'POST' | 'GET';
    readonly operationId: string;
    readonly eventType: string;
    readonly params: JsonObject;
    readonly sessionId: string;
  }): void {
    const { clock, identity } = this.#options;
    this.#callbacks.enqueue({
      url: callback.url,
      ...(callback.method !== undefined && { method: callback.method }),
      operationId: callback.operationId,
      envelope: buildEnvelope({
        type: callback.eventType,
        channel: `swml:${callback.sessionId}`,
        nowMs: clock.now(),
        projectId: identity.projectId,
        spaceId: identity.spaceId,
        params: callback.params,
      }),
    });
  }

  #legEvent(callId: string, { kind, text, data }: LegEvent, log: Logger): void {
    if (kind === 'digit') log.info({ digit: maskDigits(String(data['digit']), 'info') }, 'key pressed');
    this.#tell(callId, kind, text, data);
  }

  #trace(callId: string, log: Logger, event: TraceEvent): void {
    if (event.kind === 'step-start') {
      log.info({ at: `${event.file ?? ''}:${event.position.line}` }, `step ${event.method}`);
      this.#tell(callId, 'step', event.method, { path: event.path, line: event.position.line });
    } else if (event.kind === 'step-end' && Object.keys(event.set).length > 0) {
      this.#tell(callId, 'step', `${event.method} done`, { set: event.set });
    }
  }

  #tell(
    callId: string,
    kind: ServerEvent['kind'],
    text: string,
    data: Readonly<Record<string, unknown>>,
  ): void {
    this.#options.onEvent({ callId, at: this.#options.clock.now(), kind, text, data });
  }
}

const MAX_FORWARDS = /^max-forwards$/i;

/** What a call that is made for this one may be passed on (RFC 3261 16.6, 3). */
function hopsLeftOf({ headers }: IncomingSipCall): number {
  const given = headers.find(({ name }) => MAX_FORWARDS.test(name))?.value;
  return (given === undefined ? 70 : Number(given)) - 1;
}
