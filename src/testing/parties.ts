/** Who answers when the document of a virtual call calls others (`connect`). */
import { DialProgress } from '../call/dial-progress.ts';
import type { DialledCall, Dialler, DialRequest } from '../call/dialler.ts';
import { CallError, type CallLeg } from '../call/leg.ts';
import { MediaLeg } from '../call/media-leg.ts';
import { reasonOfStatus } from '../call/sip-end.ts';
import { silentLogger } from '../log/logger.ts';
import { warmUpOpus } from '../mediaworker/codecs.ts';
import { sleep } from '../time/clock.ts';
import type { CallTracer } from '../trace/call-tracer.ts';
import type { CallParts } from './call-parts.ts';
import { CallStory } from './call-story.ts';
import type { CallTime } from './call-time.ts';
import { CallerLine } from './caller-line.ts';
import {
  type DialledParty,
  dialledSignalling,
  faultOf,
  infoOf,
  type LineState,
  receivedName,
} from './dialled-party.ts';
import type { CallerSite } from './caller.ts';
import { Listening } from './listening.ts';
import { VirtualParty } from './party.ts';
import {
  DEFAULT_ANSWERS_AFTER,
  type EarlyMediaPlan,
  type Parties,
  type PartyPlan,
  planFor,
  REFUSALS,
} from './party-plan.ts';
import { VirtualRecogniser } from './recognition.ts';
import { VirtualSignalling } from './signalling.ts';
import type { Transcript } from './transcript.ts';

export interface PartyLinesOptions {
  readonly parties: Parties;
  readonly time: CallTime;
  readonly parts: CallParts;
  readonly random: () => number;
  readonly newId: () => string;
  /** Longest call, seconds. */
  readonly maxSeconds: number;
  /** Of the call; it is told of those that are made. */
  readonly tracer: CallTracer;
  /** Whether levels and what is received are kept. */
  readonly trace: boolean;
  /** Puts what parties do on the timeline of the call. */
  readonly note: (text: string, data?: Readonly<Record<string, unknown>>) => void;
  readonly fileUrl: CallerSite['fileUrl'];
  readonly fail: CallerSite['fail'];
  readonly streams: NonNullable<ConstructorParameters<typeof MediaLeg>[0]['streams']>;
}

const TELEPHONE_EVENT = 101;
/** Who answers is bridged within this time, and may speak before, ms. */
const PICKING_UP_MS = 100;
/** The telephones that can be called, each with somebody at it. */
export class PartyLines implements Dialler {
  readonly #options: PartyLinesOptions;
  readonly #parties: VirtualParty[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #work: Promise<void>[] = [];
  /** What is heard on a call, by call id. */
  readonly #transcripts = new Map<string, Transcript>();
  /** By call id. */
  readonly #tracers = new Map<string, CallTracer>();
  readonly #legs: MediaLeg[] = [];
  #failure: unknown;
  #calls = 0;

  constructor(options: PartyLinesOptions) {
    this.#options = options;
  }

  /** Those who were called, in order. */
  get called(): readonly VirtualParty[] {
    return this.#parties;
  }

  /**
   * Waits until somebody is called there who is not taken yet, and takes it.
   * @param signal nobody waits any more
   */
  async next(to: string, taken: WeakSet<VirtualParty>, signal: AbortSignal): Promise<VirtualParty> {
    for (;;) {
      signal.throwIfAborted();
      const party = this.#parties.find((one) => one.to === to && !taken.has(one));
      if (party !== undefined) {
        taken.add(party);
        return party;
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Resolves when all have done what they were to do. @throws what went wrong in it */
  async settled(): Promise<void> {
    for (let index = 0; index < this.#work.length; index++) await this.#work[index];
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Ends the calls that are still up. */
  async close(): Promise<void> {
    await Promise.all(this.#legs.map((leg) => leg.hangup()));
  }

  /** A call whose party may hear, and be heard, across a bridge. */
  register(callId: string, transcript: Transcript): void {
    this.#transcripts.set(callId, transcript);
  }

  /** Somebody says this on a call: whoever is bridged to it, or is so in a moment, hears the words. */
  speaks(leg: CallLeg, text: string, lengthMs: number, beganMs?: number): void {
    const transcript = this.#transcripts.get(leg.info.peer?.call_id ?? '');
    const { clock } = this.#options.time;
    const startMs = beganMs ?? clock.monotonic();
    if (transcript === undefined) {
      if (beganMs === undefined) {
        clock.after(PICKING_UP_MS, () => this.speaks(leg, text, lengthMs, startMs));
      }
      return;
    }
    const playId = this.#options.newId();
    transcript.started(playId, { kind: 'say', text }, 0, startMs, lengthMs);
    const ended = (): void => {
      const now = clock.monotonic();
      transcript.ended(playId, Math.min(now - startMs, lengthMs), now);
    };
    clock.after(startMs + lengthMs - clock.monotonic(), ended);
    // What is said behind the talk, nobody hears. Who is heard before the answer is bridged anew at it.
    const follow = (): void => {
      if (leg.bridged === undefined) ended();
      else void leg.bridged.over.then(follow);
    };
    follow();
  }

  dial(parent: CallLeg, request: DialRequest): DialledCall {
    const { parts, newId, time, streams, maxSeconds, trace } = this.#options;
    const { clock } = time;
    const progress = new DialProgress();
    const story = new CallStory(clock, (sound) => parts.speech.lengthMs(sound));
    const recogniser = new VirtualRecogniser(clock);
    const sessionId = newId();
    const line: LineState = { signalling: undefined, over: false, failure: undefined };
    const info = infoOf(request, parent.info, newId());
    const tracer = this.#options.tracer.called(info);
    this.#tracers.set(info.call_id, tracer);
    const leg = new MediaLeg({
      info,
      signalling: dialledSignalling(line),
      sounds: parts.sounds,
      recordings: parts.recordings,
      recogniser,
      streams,
      eventChannel: `swml:${sessionId}`,
      clock,
      log: silentLogger,
      onEvent: (event) => {
        progress.take(event);
        story.legEvent(event, leg.signal.aborted);
        tracer.leg(event);
      },
      onMedia: (media) => {
        const name = receivedName(tracer.number);
        if (trace) tracer.media(media, { path: `/${name}`, name });
      },
    });
    leg.limitDuration(maxSeconds);
    this.#legs.push(leg);
    this.register(info.call_id, story.transcript);
    const call: DialledParty = {
      leg,
      number: tracer.number ?? 0,
      request,
      parent,
      story,
      recogniser,
      line,
    };
    const work = this.#serve(call).catch((cause: unknown) => {
      this.#failure ??= cause;
    });
    this.#work.push(work);
    const { alerted, answered } = progress;
    return {
      ...{ leg, sessionId, alerted, answered },
      onEarlySound: (listener) => progress.onEarlySound(listener),
      get failure() {
        return line.failure;
      },
    };
  }

  /** What traces a call that was made; undefined for any other. */
  tracerOf(callId: unknown): CallTracer | undefined {
    return this.#tracers.get(String(callId));
  }

  async #serve(call: DialledParty): Promise<void> {
    const { leg, request, parent, story, recogniser, line } = call;
    const { parts, time, note } = this.#options;
    const { clock } = time;
    // Also for one that cannot be made: whoever counts the calls, as a replay does, is asked for each.
    const plan = planFor(this.#options.parties, request.to);
    const fault = faultOf(request, leg.info);
    if (fault !== undefined) {
      line.failure = fault;
      // As by a server: whoever follows the call has it by then.
      await Promise.resolve();
      await leg.refused();
      return;
    }
    if (plan === undefined) {
      note(`nobody is at ${leg.info.to}: "parties" has no entry for it`);
      await leg.endedRemotely('not_found', REFUSALS.not_found);
      return;
    }
    const { codec = 'PCMU', keys, recognition = [], does, ringsAfter = 0, earlyMedia } = plan;
    recogniser.expects(recognition);
    if (codec === 'OPUS') await clock.holdWhile(warmUpOpus());
    const address = `10.0.1.${++this.#calls}`;
    const telephoneEventPayloadType = keys === 'inband' ? undefined : TELEPHONE_EVENT;
    const own = { clock, codec, telephoneEventPayloadType };
    const { random } = this.#options;
    const socket = await parts.network.open(address);
    const callerLine = new CallerLine({ ...own, log: silentLogger, random, socket });
    const signalling = new VirtualSignalling({
      ...own,
      media: parts.media,
      sessionId: leg.info.call_id,
      line: callerLine,
      address,
      beside: parent.info.call_id,
    });
    line.signalling = signalling;
    if (line.over) await signalling.end('cancel');
    signalling.attach(leg);
    // Who refuses, or does not answer, ends the call as well, and nobody else tells its telephone.
    leg.signal.addEventListener('abort', () => void signalling.end('hangup'), { once: true });
    const listening = new Listening({ clock, line: callerLine, transcript: story.transcript });
    void leg.ended.then(() => listening.end(new Error('the call is over')));
    const site = this.#siteOf(call, callerLine, listening, signalling);
    const received = (): Uint8Array => parts.disk.read(`/${receivedName(call.number)}`) ?? new Uint8Array(0);
    const party = new VirtualParty({ ...call, received }, callerLine, site);
    this.#parties.push(party);
    note(`${leg.info.to} is called`);
    this.#ring(leg, ringsAfter);
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
    const noAnswer = clock.after(request.timeout * 1000, () => void leg.endedRemotely('noAnswer'));
    void signalling.answered.then(
      () => noAnswer.cancel(),
      () => noAnswer.cancel(),
    );
    const early = this.#early(call, signalling, earlyMedia, (heard) => {
      return new VirtualParty({ ...call, received }, callerLine, { ...site, answered: heard });
    });
    early.catch(() => {});
    const doing = does?.(party);
    doing?.catch(() => {});
    await this.#decide(call, signalling, plan);
    await early;
    await doing;
  }

  #ring(leg: MediaLeg, after: number | 'never'): void {
    if (after === 'never') return;
    const ring = (): void => {
      if (!leg.signal.aborted) leg.ringing();
    };
    if (after === 0) ring();
    else this.#options.time.clock.after(after * 1000, ring);
  }

  /** It is heard before it answers. @param party one for whom the call counts as answered from then on */
  async #early(
    { leg, request }: DialledParty,
    signalling: VirtualSignalling,
    plan: EarlyMediaPlan | undefined,
    party: (heard: Promise<void>) => VirtualParty,
  ): Promise<void> {
    if (plan === undefined || !signalling.takes(request.codecs)) return;
    try {
      await sleep(this.#options.time.clock, (plan.after ?? 0) * 1000, leg.signal);
      if (leg.state === 'answered') return;
      leg.ringingWithSound(await signalling.heardEarly());
    } catch (cause) {
      // The call is over.
      if (!leg.signal.aborted) throw cause;
      return;
    }
    await plan.does?.(party(Promise.resolve()));
  }

  /** After a while it answers, or does not want to. */
  async #decide(
    { leg, request, line }: DialledParty,
    signalling: VirtualSignalling,
    { answersAfter = DEFAULT_ANSWERS_AFTER, refuses }: PartyPlan,
  ): Promise<void> {
    if (refuses === 'no_answer') return;
    try {
      await sleep(this.#options.time.clock, answersAfter * 1000, leg.signal);
      if (refuses === undefined) {
        leg.answered(await signalling.answer(request.codecs));
      } else if (refuses === 'error') {
        line.failure = 'it cannot be reached';
        void leg.endedRemotely('error');
      } else {
        const status = typeof refuses === 'number' ? refuses : REFUSALS[refuses];
        const reason = reasonOfStatus(status);
        if (reason === 'error') line.failure = String(status);
        void leg.endedRemotely(reason, status);
      }
    } catch (cause) {
      // The call is over, or there is no common codec, which ends it.
      if (cause instanceof CallError) line.failure = cause.message;
      else if (!leg.signal.aborted) throw cause;
    }
  }

  #siteOf(
    { leg, recogniser }: DialledParty,
    line: CallerLine,
    listening: Listening,
    signalling: VirtualSignalling,
  ): CallerSite {
    const { time, parts, random, note, fileUrl, fail } = this.#options;
    const { to } = leg.info;
    return {
      time,
      line,
      listening,
      network: parts.network,
      random,
      answered: signalling.answered,
      signal: leg.signal,
      load: (sound) => parts.load(sound, line.sampleRate),
      fileUrl,
      hangUp: () => signalling.hangUp(),
      note: (text, data) => note(`${to} ${text}`, data),
      fail: (summary) => fail(`${to}: ${summary}`),
      speaks: (text, lengthMs) => {
        recogniser.says(text, lengthMs);
        this.speaks(leg, text, lengthMs);
      },
      pressBeside: (digit) => signalling.pressBeside(digit),
    };
  }
}
