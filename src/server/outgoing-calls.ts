import { randomUUID } from 'node:crypto';
import { callerNumber } from '../call/caller-number.ts';
import { DialProgress } from '../call/dial-progress.ts';
import type { DialledCall, Dialler, DialRequest } from '../call/dialler.ts';
import type { CallInfo, CallLeg } from '../call/leg.ts';
import type { LegEvent } from '../call/media-leg.ts';
import type { CallTrace } from './call-traces.ts';
import { callBySip, type OutboundSipLeg } from '../call/outbound-sip-leg.ts';
import { chosenCodecs } from '../call/sip-leg.ts';
import type { Logger } from '../log/logger.ts';
import { AddressGuard } from '../net/address-guard.ts';
import type { SipEndpoint } from '../sip/api.ts';
import type { AudioCodecName } from '../sip/sdp/offer-answer.ts';
import { timeOrderedId } from '../storage/time-ordered-id.ts';
import type { CallsOptions } from './calls.ts';
import { CallFigures } from './call-figures.ts';
import { type DialPlan, dialPlan } from './dial-plan.ts';
import { legSite } from './leg-site.ts';
import type { CallCallback } from './live-calls.ts';
import type { Refusal } from './load/admission.ts';
import { consentRefusal } from './recording-consent.ts';
import type { ServedCall } from './served-call.ts';

/** What the server does with calls in either direction. */
export interface OutgoingCallsSite {
  /** Whether there is room for one more. */
  readonly admit: () => Refusal | undefined;
  readonly find: (callId: string) => ServedCall | undefined;
  /** Keeps the call until it is over. */
  readonly keep: (call: ServedCall, sipCallId: () => string | undefined) => void;
  readonly emit: (callback: CallCallback, sessionId: string) => void;
  readonly noteSipCall: (sipCallId: string, callId: string) => void;
  readonly onEvent: (callId: string, event: LegEvent, log: Logger) => void;
}

type CallingEndpoint = Pick<SipEndpoint, 'call' | 'localAddressFor'>;

/** Where calls are made before there is an endpoint. */
const NOWHERE: CallingEndpoint = {
  localAddressFor: () => '',
  call: () => {
    throw new Error('the server is not up yet');
  },
};

/** The calls that documents make. */
export class OutgoingCalls implements Dialler {
  readonly #options: CallsOptions;
  readonly #site: OutgoingCallsSite;
  readonly #guard: AddressGuard;
  #endpoint: CallingEndpoint = NOWHERE;

  constructor(options: CallsOptions, site: OutgoingCallsSite) {
    this.#options = options;
    this.#site = site;
    this.#guard = new AddressGuard(options.config.network.allow);
  }

  /** Calls are made here; before, none can be. */
  attach(endpoint: CallingEndpoint): void {
    this.#endpoint = endpoint;
  }

  dial(parent: CallLeg, request: DialRequest): DialledCall {
    const { config, log, metrics, clock } = this.#options;
    const callId = timeOrderedId(clock.now());
    const sessionId = randomUUID();
    const callLog = log.child({ call_id: callId, parent_call_id: parent.info.call_id });
    const refusal = this.#site.admit();
    const figures = new CallFigures(metrics, clock, 'outbound', 0, refusal?.reason);
    const progress = new DialProgress();
    const calling = this.#site.find(parent.info.call_id);
    const hopsLeft = calling?.hopsLeft ?? 0;
    let trace: CallTrace | undefined;
    let sipCallId: string | undefined;
    const outgoing: OutboundSipLeg = callBySip({
      ...legSite(this.#options),
      ...this.#plan(parent.info, request, { hopsLeft, refusal }),
      endpoint: this.#endpoint,
      to: request.to,
      parent: {
        device_type: parent.info.type,
        call_id: parent.info.call_id,
        node_id: parent.info.node_id,
      },
      callId,
      codecs: this.#codecs(parent, request),
      eventChannel: `swml:${sessionId}`,
      recordingRefusal: consentRefusal(
        config.recording.consent_variable,
        () => this.#site.find(callId)?.variables,
      ),
      log: callLog,
      onEvent: (event) => {
        figures.take(event);
        progress.take(event);
        this.#site.onEvent(callId, event, callLog);
        trace?.tracer.leg(event);
      },
      onMedia: (media) => trace?.media(media),
      onSipCall: (id) => {
        sipCallId = id;
        this.#site.noteSipCall(id, callId);
      },
    });
    const { leg } = outgoing;
    trace = calling?.trace?.called(leg.info);
    leg.limitDuration(config.limits.max_call_seconds);
    callLog.info({ from: leg.info.from, to: leg.info.to }, 'outgoing call');
    const call: ServedCall = {
      leg,
      createdAt: clock.now(),
      documentUrl: undefined,
      script: undefined,
      variables: undefined,
      statusUrl: undefined,
      emit: (callback) => this.#site.emit(callback, sessionId),
      sessionId,
      log: callLog,
      figures,
      hopsLeft: hopsLeft - 1,
      trace,
    };
    this.#site.keep(call, () => sipCallId);
    return {
      leg,
      sessionId,
      alerted: progress.alerted,
      onEarlySound: (listener) => progress.onEarlySound(listener),
      answered: progress.answered,
      get failure() {
        return outgoing.failure;
      },
    };
  }

  /** Without a wish of the document, that of the caller goes first: then nothing has to be turned into another. */
  #codecs(parent: CallLeg, { codecs }: DialRequest): readonly AudioCodecName[] {
    const ours = this.#options.config.rtp.codecs;
    if (codecs !== undefined) return chosenCodecs(ours, codecs);
    const { codec } = this.#site.find(parent.info.call_id)?.leg ?? {};
    return [...ours.filter((name) => name === codec), ...ours.filter((name) => name !== codec)];
  }

  /** What cannot be called has its fault instead of a way there. */
  #plan(
    parent: CallInfo,
    request: DialRequest,
    { hopsLeft, refusal }: { readonly hopsLeft: number; readonly refusal: Refusal | undefined },
  ): DialPlan & { readonly fault?: unknown } {
    const { dial } = this.#options.config;
    try {
      if (refusal !== undefined) {
        throw new Error(`the server makes no more calls at the moment: ${refusal.reason}`);
      }
      if (hopsLeft <= 0) throw new Error('the call was passed on too often: it seems to go in a circle');
      const plan = dialPlan(request, parent, dial, this.#guard);
      return { ...plan, invite: { ...plan.invite, maxForwards: hopsLeft } };
    } catch (fault) {
      const type = /^sips?:/i.test(request.to) ? 'sip' : 'phone';
      const from =
        type === 'sip' ? (request.from ?? parent.from) : callerNumber(request.from ?? dial.from, parent.from);
      return { invite: { to: request.to }, type, from, refusal: () => undefined, fault };
    }
  }
}
