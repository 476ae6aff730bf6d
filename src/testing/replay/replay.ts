import path from 'node:path';
import { redactUris } from '../../log/redact.ts';
import type { Synthesizer } from '../../speech/synthesizer.ts';
import type { CallEvent } from '../../trace/events.ts';
import { type Trace, TraceError } from '../../trace/format.ts';
import type { DocumentSource } from '../documents.ts';
import type { PartyPlan } from '../party-plan.ts';
import type { VirtualParty } from '../party.ts';
import { type VirtualCall, virtualCall } from '../virtual-call.ts';
import { withoutSecrets } from '../web.ts';
import { codecOf, planOf, understoodOf } from './caller-plan.ts';
import { compareOutcomes, type OutcomeDifference } from './compare-outcomes.ts';
import { Follower, type PartyAudio } from './follower.ts';
import { isId } from './ids.ts';
import { outcomeOf } from './outcome.ts';
import { answerStreams } from './stream-answers.ts';
import { legsOf, partyOf, type TracedParty } from './traced-parties.ts';
import { type AskedDocument, webOf } from './web-answers.ts';

export interface ReplayOptions {
  /** Today's document. */
  readonly document: DocumentSource;
  /** Its text, where `document` is a URL. */
  readonly documentText?: string | undefined;
  /** What the caller said; undefined: nothing but keys. */
  readonly audio: PartyAudio | undefined;
  /** What those said whom the call has called, by their number in the trace. */
  readonly partyAudio?: ReadonlyMap<number, PartyAudio> | undefined;
  /** Speaks the prompts; default: the embedded voice. */
  readonly voice?: Synthesizer | undefined;
}

export interface ReplayResult {
  readonly call: VirtualCall;
  readonly differences: readonly OutcomeDifference[];
}

/** Seconds. */
const LONGEST_CALL = 14_400;

/**
 * Lets the parties of a trace call again, and says in what the call comes out differently. What the caller and
 * those whom the call has called said and pressed follows the same sounds and beeps as it did then, not the same
 * times, so that a prompt that became longer is waited for. The web answers as it did then.
 * @throws TraceError when the trace is too old to tell of those who are called
 */
export async function replay(trace: Trace, options: ReplayOptions): Promise<ReplayResult> {
  const own = trace.events.filter(({ leg }) => leg === undefined);
  const plan = planOf(own);
  const { from, to, headers, direction } = trace.header.call;
  const early: CallEvent[] = [];
  const web = webOf(trace.events, idsOf(trace), askedDocument(trace, options));
  const called = new CalledParties(trace, options.partyAudio);
  let caller: Follower | undefined;
  const call = await virtualCall({
    document: options.document,
    baseDir: path.resolve('.'),
    ...(typeof from === 'string' && { from }),
    ...(typeof to === 'string' && { to }),
    headers: headersOf(headers),
    direction: direction === 'outbound' ? 'outbound' : 'inbound',
    // Of a call to the caller; one that was never answered is not answered now, either.
    answerAfter: own.find(({ kind, text }) => kind === 'call' && text === 'answered')?.at ?? LONGEST_CALL,
    codec: codecOf(plan),
    keys: plan.keys,
    recognition: understoodOf(own),
    web,
    voice: options.voice,
    parties: (destination) => called.planFor(destination),
    startsAt: new Date(trace.header.started_at),
    trace: true,
    onEvent: (event) => {
      if (event.leg !== undefined) called.take(event.leg, event);
      else if (caller === undefined) early.push(event);
      else caller.take(event);
    },
  });
  called.attach(call);
  answerStreams(call, trace.events);
  const { clock, sampleRate } = call;
  const line = { party: call.caller, clock, sampleRate, isOver: () => call.end !== undefined };
  caller = new Follower(line, plan, options.audio);
  for (const event of early) caller.take(event);
  await call.ends({ within: LONGEST_CALL });
  called.assertKnown();
  const differences = compareOutcomes(outcomeOf(trace.events), outcomeOf(call.timeline, called.unknown));
  return { call, differences };
}

/** Those whom the traced call has called: each call to a destination meets what the trace has of the next one there. */
class CalledParties {
  /** Numbers of calls, of the call that runs, of which the trace knows nothing. */
  readonly unknown = new Set<number>();
  readonly #trace: Trace;
  readonly #audio: ReplayOptions['partyAudio'];
  readonly #waiting: TracedParty[];
  /** By the number of the call that runs. */
  readonly #followers = new Map<number, Follower>();
  /** What happened on calls before their followers were there. */
  readonly #before = new Map<number, CallEvent[]>();
  readonly #call = Promise.withResolvers<VirtualCall>();
  #made = 0;

  constructor(trace: Trace, audio: ReplayOptions['partyAudio']) {
    this.#trace = trace;
    this.#audio = audio;
    this.#waiting = legsOf(trace.events).map(partyOf);
  }

  attach(call: VirtualCall): void {
    this.#call.resolve(call);
  }

  planFor(destination: string): PartyPlan | undefined {
    const number = ++this.#made;
    const index = this.#waiting.findIndex(({ to }) => to === redactUris(destination));
    const [traced] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (traced === undefined) {
      this.unknown.add(number);
      return undefined;
    }
    const follow = async (party: VirtualParty): Promise<void> => {
      const { clock } = await this.#call.promise;
      const line = { party, clock, sampleRate: party.sampleRate, isOver: () => party.end !== undefined };
      const follower = new Follower(line, traced.plan, this.#audio?.get(traced.number));
      this.#followers.set(number, follower);
      for (const event of this.#before.get(number) ?? []) follower.take(event);
    };
    return { ...traced.line, does: follow };
  }

  take(number: number, event: CallEvent): void {
    const follower = this.#followers.get(number);
    if (follower !== undefined) follower.take(event);
    else this.#before.set(number, [...(this.#before.get(number) ?? []), event]);
  }

  /** @throws TraceError when calls were made then, but the trace does not tell of them */
  assertKnown(): void {
    const { header, events } = this.#trace;
    const isOld =
      header.openswml_trace === 1 && events.some(({ kind, text }) => kind === 'step' && text === 'connect');
    if (!isOld || this.unknown.size === 0) return;
    throw new TraceError(
      'the trace does not tell what those did whom the call has called: it was written by an older version, and a call with "connect" cannot be replayed from it',
    );
  }
}

/** Today's document, where that comes from a URL. */
function askedDocument(
  { header, events }: Trace,
  { document, documentText }: ReplayOptions,
): AskedDocument | undefined {
  if (documentText === undefined || typeof document !== 'string') return undefined;
  const url = withoutSecrets(document);
  const then = header.document === undefined ? undefined : withoutSecrets(header.document);
  const first = events.find(({ kind, data }) => kind === 'web' && data['for'] === 'document');
  return { url, text: documentText, wasAsked: then === url && first?.text.startsWith('GET ') !== true };
}

/** Ids of its calls and recordings, and of where they were: those of the call that runs are others. */
function idsOf({ header, events }: Trace): readonly string[] {
  const values = [
    ...Object.values(header.call),
    ...events.flatMap(({ data }) => [data['call_id'], data['recording_id']]),
  ];
  return [...new Set(values.filter(isId))];
}

function headersOf(headers: unknown): Record<string, string> {
  const list = Array.isArray(headers) ? (headers as { name: string; value: string }[]) : [];
  return Object.fromEntries(list.map(({ name, value }) => [name, value]));
}
