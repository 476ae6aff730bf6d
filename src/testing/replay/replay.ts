import path from 'node:path';
import { wavHeader } from '../../media/wav-format.ts';
import type { AudioCodec } from '../../mediaworker/protocol.ts';
import type { CallEvent } from '../../trace/events.ts';
import type { Trace } from '../../trace/format.ts';
import type { DocumentSource } from '../documents.ts';
import { type VirtualCall, virtualCall } from '../virtual-call.ts';
import { FakeWeb, type WebAnswer } from '../web.ts';
import { type Action, type Anchor, anchorOf, type CallerPlan, planOf, type Segment } from './caller-plan.ts';
import { compareOutcomes, type OutcomeDifference } from './compare-outcomes.ts';
import { outcomeOf } from './outcome.ts';
import { answerStreams } from './stream-answers.ts';

export interface ReplayOptions {
  /** Today's document. */
  readonly document: DocumentSource;
  /** Its text, where `document` is a URL. */
  readonly documentText?: string | undefined;
  /** What the party said, mono at `sampleRate`; undefined: nothing but keys. */
  readonly audio: { readonly samples: Int16Array; readonly sampleRate: number } | undefined;
}

export interface ReplayResult {
  readonly call: VirtualCall;
  readonly differences: readonly OutcomeDifference[];
}

/** What the caller did after something that does not happen any more is done so long after its time, seconds. */
const PATIENCE = 30;
/** A rest of audio so short is played to its end, for the sake of an unbroken line, ms. */
const SEAM_MS = 60;

/**
 * Lets the caller of a trace call again, and says in what the call comes out differently. What the caller said
 * and pressed follows the same sounds and beeps as it did then, not the same times, so that a prompt that became
 * longer is waited for. The web answers as it did then.
 */
export async function replay(trace: Trace, options: ReplayOptions): Promise<ReplayResult> {
  const plan = planOf(trace.events);
  const { from, to, headers, direction } = trace.header.call;
  const counts = new Map<string, number>();
  let follower: Follower | undefined;
  const early: CallEvent[] = [];
  const web = webOf(trace.events);
  if (options.documentText !== undefined && typeof options.document === 'string') {
    web.answers(options.document, { body: options.documentText });
  }
  const call = await virtualCall({
    document: options.document,
    baseDir: path.resolve('.'),
    ...(typeof from === 'string' && { from }),
    ...(typeof to === 'string' && { to }),
    headers: headersOf(headers),
    direction: direction === 'outbound' ? 'outbound' : 'inbound',
    codec: codecOf(plan),
    web,
    startsAt: new Date(trace.header.started_at),
    trace: true,
    onEvent: (event) => {
      if (follower === undefined) early.push(event);
      else follower.take(event, counts);
    },
  });
  answerStreams(call, trace.events);
  follower = new Follower(call, plan, options.audio);
  for (const event of early) follower.take(event, counts);
  await call.ends({ within: 14_400 });
  const differences = compareOutcomes(outcomeOf(trace.events), outcomeOf(call.timeline));
  return { call, differences };
}

/** Does what the plan says when its anchors come. */
class Follower {
  readonly #call: VirtualCall;
  readonly #plan: CallerPlan;
  readonly #audio: ReplayOptions['audio'];
  readonly #done = new Set<Action>();
  #segment = -1;
  #playingUntilMs = 0;

  constructor(call: VirtualCall, plan: CallerPlan, audio: ReplayOptions['audio']) {
    this.#call = call;
    this.#plan = plan;
    this.#audio = audio;
    for (const action of plan.actions) {
      const late = action.anchor.number === 0 ? action.at : action.at + PATIENCE;
      call.clock.after(late * 1000, () => this.#act(action));
    }
  }

  take(event: CallEvent, counts: Map<string, number>): void {
    const anchor = anchorOf(event, counts);
    if (anchor === undefined) return;
    const index = this.#plan.segments.findIndex((segment) => isSame(segment.anchor, anchor));
    for (const action of this.#plan.actions) {
      if (!isSame(action.anchor, anchor)) continue;
      this.#call.clock.after(action.after * 1000, () => this.#act(action));
    }
    // Back to something that came before it does not go: then it was heard twice.
    if (index <= this.#segment) return;
    this.#segment = index;
    this.#speak(this.#plan.segments[index]!);
  }

  #speak({ audio }: Segment): void {
    const { caller, clock, sampleRate } = this.#call;
    const now = clock.monotonic();
    if (this.#playingUntilMs - now > SEAM_MS) {
      caller.stopsSpeaking();
      this.#playingUntilMs = now;
    }
    const samples = pieceOf(this.#audio, audio.from, audio.to, sampleRate);
    if (samples.length === 0) return;
    this.#playingUntilMs = Math.max(now, this.#playingUntilMs) + (samples.length * 1000) / sampleRate;
    caller.sends(samples);
  }

  #act(action: Action): void {
    if (this.#done.has(action) || this.#call.end !== undefined) return;
    this.#done.add(action);
    const { caller } = this.#call;
    const acted = action.kind === 'hang up' ? caller.hangsUp() : caller.presses(action.digit);
    // A key that comes behind the end of the call is no longer pressed by anyone.
    acted.catch(() => {});
  }
}

function isSame(one: Anchor, other: Anchor): boolean {
  return one.kind === other.kind && one.number === other.number;
}

/** A part of the audio at the rate of the line; the rates are multiples of each other. */
function pieceOf(audio: ReplayOptions['audio'], from: number, to: number, sampleRate: number): Int16Array {
  if (audio === undefined) return new Int16Array(0);
  const piece = audio.samples.subarray(
    Math.round(from * audio.sampleRate),
    Math.round(to * audio.sampleRate),
  );
  if (audio.sampleRate === sampleRate) return piece.slice();
  const length = Math.round((piece.length * sampleRate) / audio.sampleRate);
  return Int16Array.from({ length }, (_, i) => piece[Math.floor((i * audio.sampleRate) / sampleRate)] ?? 0);
}

/** What was answered then, request by request; sounds as silence of the length in which they were heard. */
function webOf(events: readonly CallEvent[]): FakeWeb {
  const answers = new Map<string, WebAnswer[]>();
  for (const { kind, text, data } of events) {
    if (kind !== 'web') continue;
    const list = answers.get(text) ?? [];
    list.push(answerOf(text, data, events));
    answers.set(text, list);
  }
  const web = new FakeWeb();
  for (const [pattern, list] of answers) web.answers(pattern, list);
  // Of sounds a real call does not tell the requests.
  for (const url of new Set(playedUrls(events))) {
    if (!answers.has(`GET ${url}`)) web.answers(`GET ${url}`, { body: silenceFor(url, events) });
  }
  return web;
}

function answerOf(text: string, data: CallEvent['data'], events: readonly CallEvent[]): WebAnswer {
  const { failure, status, answer } = data;
  if (typeof status !== 'number') {
    return { fails: /time|did not answer/i.test(String(failure)) ? 'timeout' : 'network' };
  }
  if (data['for'] === 'sound' && status === 200) {
    return { body: silenceFor(text.slice(text.indexOf(' ') + 1), events) };
  }
  const { headers, body } = (answer ?? {}) as {
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
  return { status, ...(headers !== undefined && { headers }), ...(body !== undefined && { body }) };
}

function playedUrls(events: readonly CallEvent[]): readonly string[] {
  return events.flatMap(({ kind, data }) =>
    kind === 'play' && typeof data['url'] === 'string' ? [data['url']] : [],
  );
}

function silenceFor(url: string, events: readonly CallEvent[]): Uint8Array {
  let longest = 0;
  for (const [index, event] of events.entries()) {
    if (event.kind !== 'play' || event.data['url'] !== url) continue;
    const next = events.slice(index + 1).find(({ kind }) => kind === 'play');
    longest = Math.max(longest, (next?.at ?? event.at) - event.at);
  }
  const bytes = Math.round(longest * 8000) * 2;
  return Buffer.concat([wavHeader({ sampleRate: 8000, channels: 1 }, bytes), new Uint8Array(bytes)]);
}

function headersOf(headers: unknown): Record<string, string> {
  const list = Array.isArray(headers) ? (headers as { name: string; value: string }[]) : [];
  return Object.fromEntries(list.map(({ name, value }) => [name, value]));
}

function codecOf({ codec }: CallerPlan): AudioCodec {
  return codec === 'PCMA' || codec === 'G722' || codec === 'OPUS' ? codec : 'PCMU';
}
