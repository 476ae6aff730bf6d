import path from 'node:path';
import type { JsonObject } from '../../swml/json.ts';
import type { Path, Position } from '../../swml/position.ts';
import type { Clock } from '../../time/clock.ts';
import { parseIsoTime } from '../../time/iso-time.ts';
import type { FoundDocument } from '../documents.ts';
import { VirtualCallError } from '../errors.ts';
import { MumblingVoice } from '../mumbling-voice.ts';
import type { VirtualCallOptions } from '../options.ts';
import type { Difference } from '../partial.ts';
import type { RecognitionStub } from '../recognition.ts';
import type { Parties, PartyPlan } from '../party-plan.ts';
import type { VirtualParty } from '../party.ts';
import { VirtualCall } from '../virtual-call.ts';
import type { CallerAction } from './format-caller.ts';
import type { TestSpec } from './format.ts';
import type { WebStubs } from '../web.ts';
import { checkCall, type Failure } from './check-call.ts';
import { checkProblems, documentFile, readDocument } from './check-document.ts';
import type { TestCase } from './load.ts';
import { ActionError, conditionsOf, runCaller } from './run-caller.ts';
import type { DiffLine } from './sequence.ts';
import type { CallEvent } from '../../trace/events.ts';

/** Of all tests: it remembers what it has spoken. */
const MUMBLING = new MumblingVoice();

export interface RunOptions {
  /** In the time of the machine. */
  readonly realTime?: boolean | undefined;
  /** Keeps levels and what the server received, for the trace. */
  readonly trace?: boolean | undefined;
  /** Of the machine, for the time that a test takes. */
  readonly clock: Clock;
}

/** What is wrong, and where it was expected. */
export interface TestFailure {
  readonly message: string;
  readonly position: Position;
  readonly differences: readonly Difference[];
  readonly diff: readonly DiffLine[];
}

export interface TestResult {
  readonly test: TestCase;
  readonly failures: readonly TestFailure[];
  /** Undefined when the call was not placed, and in results that are kept. */
  readonly call: VirtualCall | undefined;
  /** From the beginning of the call to its end; undefined when it was not placed. */
  readonly seconds: number | undefined;
  /** The story of the call; empty when it was not placed. */
  readonly timeline: readonly CallEvent[];
  /** Time that it took, ms of the machine. */
  readonly tookMs: number;
}

/** Runs one test; never rejects. */
export async function runTest(test: TestCase, options: RunOptions): Promise<TestResult> {
  const startedMs = options.clock.monotonic();
  const failures: TestFailure[] = [];
  const fail = (failure: Failure): void => {
    const { path: place, message, differences = [], diff = [] } = failure;
    failures.push({ message, position: test.locate(place), differences, diff });
  };
  const lost: ActionError[] = [];
  let call: VirtualCall | undefined;
  try {
    const checked = await readDocument(test);
    for (const failure of checkProblems(test, checked)) fail(failure);
    if (checked.document !== undefined) call = await place(test, checked.document, options, lost);
  } catch (cause) {
    fail({ path: ['document'], message: wordsOf(cause) });
  }
  if (call !== undefined) {
    for (const failure of await play(call, test, options, lost)) fail(failure);
  }
  const tookMs = options.clock.monotonic() - startedMs;
  return { test, failures, call, seconds: call?.seconds, timeline: call?.timeline ?? [], tookMs };
}

/**
 * Lets the caller do its part, and says what is not as expected.
 * @param lost what those who were called could not do until then
 */
async function play(
  call: VirtualCall,
  test: TestCase,
  { realTime, trace }: RunOptions,
  lost: readonly ActionError[],
): Promise<readonly Failure[]> {
  const { caller = [], expect, limit } = test.spec;
  try {
    if (test.spec.line_noise !== undefined) call.caller.lineNoise(test.spec.line_noise);
    await runCaller(call, caller);
    await call.ends({ within: limit });
    const failures = checkCall(call, expect);
    // What the caller did before has taken its time, too.
    const { seconds } = call;
    if (seconds <= limit) return failures;
    const message = `The call took ${Math.round(seconds * 100) / 100} s, its limit is ${limit} s`;
    return [{ path: ['limit'], message }, ...failures];
  } catch (cause) {
    const failed = [cause, ...lost.filter((other) => other !== cause)].map((one): Failure => {
      const at: Path = one instanceof ActionError ? one.path : [];
      return { path: at, message: wordsOf(one) };
    });
    const { error } = call;
    // It would go on in the time of the machine, and keep whoever runs the test until its end; and of its recordings,
    // and of what the server received, nothing would be there to be kept.
    if (realTime === true || trace === true) await call.close().catch(() => {});
    // An error of the script is more often the reason than the consequence.
    return error === undefined
      ? failed
      : [...failed, { path: [], message: `The script ended with an error: ${error.message}` }];
  }
}

/** Who can be called, each with what it does once the call is there. @param lost takes what it cannot do */
function partiesOf(
  spec: TestSpec,
  call: () => VirtualCall | undefined,
  lost: ActionError[],
): Parties | undefined {
  if (spec.parties === undefined) return undefined;
  const plans = Object.entries(spec.parties).map(([to, party]): [string, PartyPlan] => {
    const {
      rings_after: ringsAfter,
      answers_after: answersAfter,
      refuses,
      codec,
      early_media: early,
    } = party;
    const acting =
      (actions: readonly CallerAction[] = [], ...at: readonly string[]) =>
      async (who: VirtualParty): Promise<void> => {
        try {
          await runCaller(call()!, actions, ['parties', to, ...at], who);
        } catch (cause) {
          if (cause instanceof ActionError) lost.push(cause);
          throw cause;
        }
      };
    const earlyMedia = early && { after: early.after, does: acting(early.does, 'early_media', 'does') };
    return [to, { ringsAfter, answersAfter, refuses, codec, earlyMedia, does: acting(party.does, 'does') }];
  });
  return Object.fromEntries(plans);
}

async function place(
  test: TestCase,
  document: FoundDocument,
  options: RunOptions,
  lost: ActionError[],
): Promise<VirtualCall> {
  const { spec } = test;
  const baseDir = path.dirname(path.resolve(test.file));
  const { from, to, headers, direction, answer_after: answerAfter, codec, keys } = spec.call ?? {};
  const callOptions: VirtualCallOptions = {
    // Only for the head of the trace: the document itself is there already.
    document: documentFile(test) ?? ('url' in document ? document.url : ''),
    baseDir,
    ...{ from, to, headers, direction, answerAfter, codec, keys },
    vars: spec.vars as JsonObject | undefined,
    params: spec.params as JsonObject | undefined,
    envs: spec.envs as JsonObject | undefined,
    web: spec.web as WebStubs | undefined,
    recognition: spec.recognition as readonly RecognitionStub[] | undefined,
    voice: spec.voice === 'mumble' ? MUMBLING : undefined,
    strict: spec.strict,
    network: spec.network === undefined ? undefined : conditionsOf(spec.network),
    signingKey: spec.signing_key,
    seed: spec.seed,
    startsAt: startOf(spec),
    realTime: options.realTime,
    trace: options.trace,
    parties: partiesOf(spec, () => call, lost),
  };
  const call: VirtualCall = await VirtualCall.place(callOptions, document);
  return call;
}

/** The same moment wherever the test runs: times without a zone are UTC. */
function startOf({ starts_at: text }: TestSpec): Date | undefined {
  const ms = text === undefined ? undefined : parseIsoTime(text);
  return ms === undefined ? undefined : new Date(ms);
}

function wordsOf(cause: unknown): string {
  if (cause instanceof VirtualCallError) return cause.summary;
  return cause instanceof Error ? cause.message : String(cause);
}
