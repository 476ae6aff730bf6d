/** `connect` from its beginning to the end of the talk (spec/call-control.md 3.4). */
import type { DialledCall } from '../../call/dialler.ts';
import { type Bridge, CallError } from '../../call/leg.ts';
import { resultChoice } from '../choice-params.ts';
import type { MethodContext } from '../context.ts';
import { type Flow, NEXT } from '../flow.ts';
import { tellStream } from '../stream-events.ts';
import { answerCaller } from './answer.ts';
import { Dialling, failureOf } from './dialling.ts';
import { ConnectEvents } from './events.ts';
import type { ConnectParams } from './params.ts';
import { type ConnectPlan, planOf } from './plan.ts';
import { Ringback } from './ringback.ts';
import { talkToStream } from './stream.ts';
import type { FailedReason } from './strategy.ts';

export async function runConnect(context: MethodContext, params: ConnectParams): Promise<Flow> {
  const plan = readPlan(context, params);
  const events = new ConnectEvents(context, params.status_url);
  const reason = await connect(context, params, plan, events);
  if (context.signal.aborted) return NEXT;
  const { vars } = context;
  const result = reason === undefined ? 'connected' : 'failed';
  vars.set('connect_result', result);
  vars.set('return_value', result);
  if (reason === undefined) vars.unset('connect_failed_reason');
  else vars.set('connect_failed_reason', reason);
  const { transfer_after_bridge: dest } = params;
  // An empty one, as a variable gives that is not set, is none.
  if (reason === undefined && dest !== undefined && dest !== '') {
    return { kind: 'transfer', dest, params: {}, parameter: 'transfer_after_bridge' };
  }
  const choice = resultChoice(params.result);
  const block = choice === undefined ? undefined : context.choose(choice);
  return block === undefined ? NEXT : { kind: 'block', block };
}

function readPlan(context: MethodContext, params: ConnectParams): ConnectPlan {
  try {
    return planOf(params);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw context.error('invalidParameter', `There are too many destinations: ${error.message}`);
  }
}

/** @returns undefined after a talk, else why there was none */
async function connect(
  context: MethodContext,
  params: ConnectParams,
  plan: ConnectPlan,
  events: ConnectEvents,
): Promise<FailedReason | undefined> {
  const { signal } = context;
  events.tell('connecting');
  const fail = (reason: FailedReason): FailedReason => {
    events.tell('failed', { reason });
    return reason;
  };
  if (!params.answer_on_bridge && params.auto_answer) {
    const fault = await answerCaller(context);
    if (fault !== undefined) return fail(fault);
  }
  const ringback = new Ringback(context, params.ringback);
  let unanswered: FailedReason | undefined;
  let bridge: Bridge | undefined;
  let winner: DialledCall;
  try {
    if (plan.calls.length > 0) ringback.start();
    const outcome = await new Dialling(context, plan, events, ringback).run();
    if ('failed' in outcome) return fail(outcome.failed);
    if ('stream' in outcome) {
      ringback.stop();
      tellStream(outcome.stream, {
        call: context.leg.info,
        url: params.status_url,
        method: outcome.statusMethod,
        emit: (callback) => context.emit(callback),
      });
      events.tell('connected');
      await talkToStream(outcome.stream, context, params.max_duration);
      events.tell('disconnected');
      return undefined;
    }
    winner = outcome.winner;
    unanswered = await answerCaller(context);
    bridge = unanswered === undefined ? join(context, winner) : undefined;
  } finally {
    ringback.stop();
  }
  if (bridge === undefined) return fail(await letGo(winner, signal, unanswered));
  winner.leg.limitDuration(params.max_duration);
  events.tell('connected', { peer: winner.leg });
  await talk(bridge, winner, signal);
  events.tell('disconnected');
  return undefined;
}

function join(context: MethodContext, { leg: peer }: DialledCall): Bridge | undefined {
  const { leg, signal } = context;
  try {
    return leg.bridge(peer);
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    if (!signal.aborted && !peer.signal.aborted)
      context.warn('failed', `The call could not be connected: ${error.message}`);
    return undefined;
  }
}

/**
 * Of one that answered and could not be connected.
 * @param unanswered why the caller was not answered for it
 * @returns why
 */
async function letGo(
  { leg: peer }: DialledCall,
  signal: AbortSignal,
  unanswered: FailedReason | undefined,
): Promise<FailedReason> {
  // It hung up in the moment in which the caller was answered for it.
  if (peer.signal.aborted && !signal.aborted) return failureOf(await peer.ended);
  const left = peer.hangup(signal.aborted && unanswered !== 'error' ? 'hangup' : 'error');
  // As in `talk`: no step waits for it.
  if (!signal.aborted) await left;
  return unanswered ?? (signal.aborted ? 'cancel' : 'error');
}

/**
 * Until either side hangs up, someone parts the two, or the step is broken off, which ends the other side. Nobody waits
 * for that: the call of a caller who hung up is over before the other side has taken its leave, and no trace has what is
 * told of it then.
 */
async function talk(bridge: Bridge, { leg: peer }: DialledCall, signal: AbortSignal): Promise<void> {
  const { promise: broken, resolve } = Promise.withResolvers<void>();
  const onAbort = (): void => resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) resolve();
  await Promise.race([bridge.over, broken]);
  // What the peer recorded is there before the next step.
  if (!signal.aborted && peer.signal.aborted) await Promise.race([peer.ended, broken]);
  if (signal.aborted) void peer.hangup();
  signal.removeEventListener('abort', onAbort);
}
