import type { DialledCall } from '../../call/dialler.ts';
import type { StreamOperation } from '../../call/streams/types.ts';
import { CallError, type CallEnd, type CallLeg, type EndReason, type HangupCause } from '../../call/leg.ts';
import { sleep } from '../../time/clock.ts';
import type { MethodContext } from '../context.ts';
import { answerCaller } from './answer.ts';
import type { ConnectEvents } from './events.ts';
import type { ConnectPlan, PlannedCall } from './plan.ts';
import type { PlannedStream } from './stream.ts';
import type { Ringback } from './ringback.ts';
import { type FailedReason, step, type StrategyEffect, type StrategyInput, strategyOf } from './strategy.ts';

/** Who was reached, or why nobody was. */
export type DialOutcome =
  | { readonly winner: DialledCall }
  | { readonly stream: StreamOperation; readonly statusMethod: 'GET' | 'POST' }
  | { readonly failed: FailedReason };

/** How the end of a leg that nobody was connected to counts (spec/call-control.md 3.4). */
const FAILURES: Readonly<Record<EndReason, FailedReason>> = {
  noAnswer: 'no_answer',
  busy: 'busy',
  decline: 'decline',
  // The called side answered and then wanted no call.
  hangup: 'decline',
  cancel: 'cancel',
  abandoned: 'cancel',
  not_found: 'not_found',
  max_duration: 'error',
  error: 'error',
};

/** @param end of a leg that nobody was connected to */
export function failureOf(end: CallEnd): FailedReason {
  return FAILURES[end.reason];
}

/** Of a step that is broken off. A caller whose call could not go on (no codec in common, say) has not given up. */
function reasonOfBreak({ signal }: CallLeg): FailedReason {
  const end = signal.aborted ? (signal.reason as CallEnd) : undefined;
  return end?.reason === 'error' ? 'error' : 'cancel';
}

/** Telephones that are told so do not show a missed call (RFC 3326 section 3.1). */
const ANSWERED_ELSEWHERE: HangupCause = { status: 200, text: 'Call completed elsewhere' };

/** Calls by a plan until one is reached or all are lost: carries out what the strategy decides. */
export class Dialling {
  readonly #context: MethodContext;
  readonly #plan: ConnectPlan;
  readonly #events: ConnectEvents;
  readonly #ringback: Ringback;
  readonly #made = new Map<number, DialledCall>();
  readonly #streams = new Map<number, StreamOperation>();
  /** Ends of calls that came of a script of ours, not of the party. */
  readonly #own = new Map<number, FailedReason>();
  /** Calls that bring sound before their answer. */
  readonly #sounding = new Set<number>();
  readonly #outcome = Promise.withResolvers<DialOutcome>();
  /** Of the caller, for the first stream: why it was not answered, if it was not. */
  #answering: Promise<FailedReason | undefined> | undefined;
  #strategy;
  #isOver = false;

  constructor(context: MethodContext, plan: ConnectPlan, events: ConnectEvents, ringback: Ringback) {
    this.#context = context;
    this.#plan = plan;
    this.#events = events;
    this.#ringback = ringback;
    this.#strategy = strategyOf(plan.groups);
  }

  /** Resolves with the outcome; when the step is broken off meanwhile, all calls are taken back. */
  async run(): Promise<DialOutcome> {
    const { leg: caller, signal } = this.#context;
    const giveUp = (): void => {
      if (this.#isOver) return;
      this.#isOver = true;
      for (const { leg } of this.#made.values()) void leg.hangup('cancel');
      for (const stream of this.#streams.values()) stream.stop();
      this.#outcome.resolve({ failed: reasonOfBreak(caller) });
    };
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    else this.#take({ kind: 'start' });
    const outcome = await this.#outcome.promise;
    signal.removeEventListener('abort', giveUp);
    return outcome;
  }

  #take(input: StrategyInput): void {
    if (this.#isOver) return;
    const { state, effects } = step(this.#strategy, input);
    this.#strategy = state;
    for (const effect of effects) this.#do(effect);
    // The one that is left may have brought its sound while others were called, too.
    if (input.kind === 'lost') void this.#passEarlySound();
  }

  #do(effect: StrategyEffect): void {
    if (effect.kind === 'fail') {
      this.#isOver = true;
      this.#outcome.resolve({ failed: effect.reason });
      return;
    }
    const made = this.#made.get(effect.call);
    const stream = this.#streams.get(effect.call);
    if (stream !== undefined) {
      this.#doWithStream(effect, stream);
    } else if (effect.kind === 'dial') {
      this.#dial(effect.call);
    } else if (made === undefined) {
      return;
    } else if (effect.kind === 'confirm') {
      void this.#confirm(effect.call, made);
    } else if (effect.kind === 'cancel') {
      void made.leg.hangup('cancel', ANSWERED_ELSEWHERE);
    } else {
      this.#isOver = true;
      if (this.#plan.groups.some((group) => group.length > 1 && group.includes(effect.call)))
        made.leg.wonDial();
      this.#outcome.resolve({ winner: made });
    }
  }

  #dial(call: number): void {
    const { dial } = this.#context;
    const planned = this.#plan.calls[call]!;
    const { to } = planned.request;
    if (planned.stream !== undefined) {
      void this.#openStream(call, planned, planned.stream);
      return;
    }
    const refusal = planned.refusal ?? (dial === undefined ? 'nobody can be called here' : undefined);
    if (refusal !== undefined || dial === undefined) {
      this.#context.warn('failed', `"${to}" cannot be called: ${refusal}`);
      // Behind the other calls of its group, which are still to be made.
      queueMicrotask(() => this.#take({ kind: 'lost', call, reason: 'error' }));
      return;
    }
    const made = dial(planned.request);
    this.#made.set(call, made);
    this.#events.follow(made, planned);
    void made.answered.then(() => this.#take({ kind: 'answered', call }));
    made.onEarlySound((sounds) => {
      if (sounds) this.#sounding.add(call);
      else this.#sounding.delete(call);
      void this.#passEarlySound();
    });
    void made.leg.ended.then((end) => this.#ended(call, made, end));
  }

  /** Such a destination answers an unanswered call: before, there is no audio to stream. */
  async #openStream(call: number, { request }: PlannedCall, options: PlannedStream): Promise<void> {
    const { leg, clock, signal } = this.#context;
    const isWanted = (): boolean => !this.#isOver && this.#strategy.calls[call] === 'dialling';
    const settled = new AbortController();
    sleep(clock, request.timeout * 1000, AbortSignal.any([signal, settled.signal])).then(
      () => this.#take({ kind: 'lost', call, reason: 'no_answer' }),
      () => {},
    );
    try {
      this.#answering ??= answerCaller(this.#context);
      if ((await this.#answering) !== undefined) {
        this.#take({ kind: 'lost', call, reason: 'error' });
        return;
      }
      // The caller's own telephone rings no more: what is heard from here on, also behind this one, comes from us.
      this.#ringAgain();
      // Its time may be over by now, or another has won: then nobody is called.
      if (!isWanted()) return;
      const stream = await leg.stream({ ...options, controlId: this.#context.newId() });
      if (!isWanted()) {
        stream.stop();
        return;
      }
      this.#streams.set(call, stream);
      void stream.done.then(() => this.#take({ kind: 'lost', call, reason: 'error' }));
      this.#take({ kind: 'answered', call });
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (isWanted()) this.#context.warn('failed', `"${request.to}" cannot be reached: ${error.message}`);
      this.#take({ kind: 'lost', call, reason: 'error' });
    } finally {
      settled.abort();
    }
  }

  /** Nothing is asked of the other side of a stream: it is there once it is connected. */
  #doWithStream(effect: Exclude<StrategyEffect, { readonly kind: 'fail' }>, stream: StreamOperation): void {
    if (effect.kind === 'confirm') {
      this.#take({ kind: 'confirmed', call: effect.call });
    } else if (effect.kind === 'bridge') {
      this.#isOver = true;
      this.#outcome.resolve({ stream, statusMethod: this.#plan.calls[effect.call]!.streamStatusMethod });
    } else {
      stream.stop();
    }
  }

  #ended(call: number, made: DialledCall, end: CallEnd): void {
    if (this.#isOver) return;
    const { failure } = made;
    if (end.reason === 'error' && failure !== undefined) {
      this.#context.warn('failed', `"${this.#plan.calls[call]!.request.to}" cannot be reached: ${failure}`);
    }
    this.#take({ kind: 'lost', call, reason: this.#own.get(call) ?? failureOf(end) });
    this.#ringAgain();
  }

  /** Unless sound of a party is in its place. */
  #ringAgain(): void {
    if (!this.#isOver && this.#context.leg.bridged === undefined) this.#ringback.start();
  }

  /** The caller hears ringing meanwhile; the call is lost when its script ends it, fails, or takes too long. */
  async #confirm(call: number, made: DialledCall): Promise<void> {
    const { confirm, confirmTimeout, request } = this.#plan.calls[call]!;
    if (confirm === undefined) {
      this.#take({ kind: 'confirmed', call });
      return;
    }
    const { clock, signal } = this.#context;
    const over = new AbortController();
    const limit = AbortSignal.any([signal, over.signal, made.leg.signal]);
    let isTooLong = false;
    sleep(clock, confirmTimeout * 1000, limit).then(
      () => {
        isTooLong = true;
        this.#own.set(call, 'no_answer');
        // Which ends the script, too: one that was stopped would say that another document took its place.
        void made.leg.hangup();
      },
      () => {},
    );
    const fault = await this.#context.runOn(made, confirm, signal);
    over.abort();
    // Its end is on its way.
    if (isTooLong) return;
    if (fault === undefined) {
      this.#take({ kind: 'confirmed', call });
    } else if (!made.leg.signal.aborted) {
      if (!signal.aborted) this.#context.warn('failed', `"confirm" of "${request.to}" failed: ${fault}`);
      this.#own.set(call, 'error');
      await made.leg.hangup('error');
    }
  }

  /** The only party that is called, if it brings sound that the caller is to hear. */
  #soundingAlone(): number | undefined {
    if (this.#isOver || this.#ringback.chosen) return undefined;
    const { calls } = this.#strategy;
    const call = calls.indexOf('dialling');
    // One that has answered may still be connected, once its `confirm` is over.
    const isAlone = call >= 0 && !calls.includes('dialling', call + 1) && !calls.includes('confirming');
    const isHeard = isAlone && this.#sounding.has(call) && this.#plan.calls[call]!.confirm === undefined;
    return isHeard ? call : undefined;
  }

  /** The only party that is called is heard before it answers, as its own exchange wants it. */
  async #passEarlySound(): Promise<void> {
    const { leg } = this.#context;
    const call = this.#soundingAlone();
    if (call === undefined || leg.bridged !== undefined) return;
    // An unanswered caller hears something only once there is sound of ours. One that hears ringing of ours does
    // already, and more would wait behind that.
    if (!leg.hearsUs) {
      const opened = await leg.play([{ kind: 'silence', seconds: 0.02 }]).done;
      // Where there is no codec in common, the call is over by that.
      if (opened.state === 'error' && leg.signal.aborted) {
        this.#context.warn('failed', `The caller cannot hear the called side: ${opened.error}`);
      }
      if (opened.state !== 'finished' || this.#isOver || leg.bridged !== undefined) return;
      if (this.#soundingAlone() !== call) {
        this.#ringAgain();
        return;
      }
    }
    const { leg: peer } = this.#made.get(call)!;
    try {
      const bridge = leg.bridge(peer);
      this.#ringback.stop();
      // Its call was sent on to another place, which may only ring.
      void bridge.over.then(() => {
        if (!peer.signal.aborted) this.#ringAgain();
      });
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      // It was lost while the caller was made to hear us, whose telephone does not ring by itself any more.
      this.#ringAgain();
    }
  }
}
