/** Who answers when the document of a virtual call calls others (`connect`). */
import { DialProgress } from '../call/dial-progress.ts';
import type { DialledCall, Dialler, DialRequest } from '../call/dialler.ts';
import { CallError, type CallInfo, type CallLeg } from '../call/leg.ts';
import { MediaLeg, type Signalling } from '../call/media-leg.ts';
import { sipData } from '../call/sip-data.ts';
import { silentLogger } from '../log/logger.ts';
import { warmUpOpus } from '../mediaworker/codecs.ts';
import { sleep } from '../time/clock.ts';
import type { CallParts } from './call-parts.ts';
import { CallStory } from './call-story.ts';
import type { CallTime } from './call-time.ts';
import { CallerLine } from './caller-line.ts';
import type { CallerSite } from './caller.ts';
import { Listening } from './listening.ts';
import { VirtualParty } from './party.ts';
import { DEFAULT_ANSWERS_AFTER, type Parties, type PartyPlan, planFor, REFUSALS } from './party-plan.ts';
import { VirtualRecogniser } from './recognition.ts';
import { SERVER_ADDRESS, VirtualSignalling } from './signalling.ts';
import type { Transcript } from './transcript.ts';

export interface PartyLinesOptions {
  readonly parties: Parties;
  readonly time: CallTime;
  readonly parts: CallParts;
  readonly random: () => number;
  readonly newId: () => string;
  /** Longest call, seconds. */
  readonly maxSeconds: number;
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

  /** Waits until somebody is called there whom nobody has waited for yet. */
  async next(to: string, taken: WeakSet<VirtualParty>): Promise<VirtualParty> {
    for (;;) {
      const party = this.#parties.find((one) => one.to === to && !taken.has(one));
      if (party !== undefined) return party;
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
  speaks(leg: CallLeg, text: string, lengthMs: number, isSecondTry = false): void {
    const transcript = this.#transcripts.get(leg.info.peer?.call_id ?? '');
    const { clock } = this.#options.time;
    if (transcript === undefined) {
      if (!isSecondTry) clock.after(PICKING_UP_MS, () => this.speaks(leg, text, lengthMs, true));
      return;
    }
    const playId = this.#options.newId();
    transcript.started(playId, { kind: 'say', text }, 0, clock.monotonic(), lengthMs);
    clock.after(lengthMs, () => transcript.ended(playId, lengthMs, clock.monotonic()));
  }

  dial(parent: CallLeg, request: DialRequest): DialledCall {
    const { parts, newId, time, streams, maxSeconds } = this.#options;
    const { clock } = time;
    const progress = new DialProgress();
    const story = new CallStory(clock, (sound) => parts.speech.lengthMs(sound));
    const recogniser = new VirtualRecogniser(undefined);
    const sessionId = newId();
    const line: { signalling: VirtualSignalling | undefined; over: boolean } = {
      signalling: undefined,
      over: false,
    };
    const leg = new MediaLeg({
      info: infoOf(request, parent.info, newId()),
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
      },
    });
    leg.limitDuration(maxSeconds);
    this.#legs.push(leg);
    this.register(leg.info.call_id, story.transcript);
    const work = this.#serve(leg, request, parent, story, recogniser, line).catch((cause: unknown) => {
      this.#failure ??= cause;
    });
    this.#work.push(work);
    const { alerted, earlySound, answered } = progress;
    return { leg, sessionId, alerted, earlySound, answered, failure: undefined };
  }

  async #serve(
    leg: MediaLeg,
    request: DialRequest,
    parent: CallLeg,
    story: CallStory,
    recogniser: VirtualRecogniser,
    line: { signalling: VirtualSignalling | undefined; over: boolean },
  ): Promise<void> {
    const { parts, time, note } = this.#options;
    const { clock } = time;
    const plan = planFor(this.#options.parties, request.to);
    if (plan === undefined) {
      note(`nobody is at ${request.to}: "parties" has no entry for it`);
      await leg.endedRemotely('not_found');
      return;
    }
    const { codec = 'PCMU', answersAfter = DEFAULT_ANSWERS_AFTER, refuses, does } = plan;
    if (codec === 'OPUS') await clock.holdWhile(warmUpOpus());
    const address = `10.0.1.${++this.#calls}`;
    const own = { clock, codec, telephoneEventPayloadType: TELEPHONE_EVENT };
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
    const listening = new Listening({ clock, line: callerLine, transcript: story.transcript });
    void leg.ended.then(() => listening.end(new Error('the call is over')));
    const party = new VirtualParty(
      leg,
      story,
      callerLine,
      this.#siteOf(leg, callerLine, listening, signalling, recogniser),
    );
    this.#parties.push(party);
    note(`${request.to} is called`);
    if (!leg.signal.aborted) leg.ringing();
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
    const noAnswer = clock.after(request.timeout * 1000, () => void leg.endedRemotely('noAnswer'));
    void signalling.answered.then(
      () => noAnswer.cancel(),
      () => noAnswer.cancel(),
    );
    const doing = does?.(party);
    doing?.catch(() => {});
    if (refuses !== 'no_answer') await this.#decide(leg, signalling, request, answersAfter, refuses);
    await doing;
  }

  /** After a while it answers, or does not want to. */
  async #decide(
    leg: MediaLeg,
    signalling: VirtualSignalling,
    { codecs }: DialRequest,
    answersAfter: number,
    refuses: Exclude<PartyPlan['refuses'], 'no_answer'>,
  ): Promise<void> {
    try {
      await sleep(this.#options.time.clock, answersAfter * 1000, leg.signal);
      if (refuses === undefined) leg.answered(await signalling.answer(codecs));
      else void leg.endedRemotely(REFUSALS[refuses]);
    } catch (cause) {
      // The call is over, or there is no common codec, which ends it.
      if (!leg.signal.aborted && !(cause instanceof CallError)) throw cause;
    }
  }

  #siteOf(
    leg: MediaLeg,
    line: CallerLine,
    listening: Listening,
    signalling: VirtualSignalling,
    recogniser: VirtualRecogniser,
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
        recogniser.says(text);
        this.speaks(leg, text, lengthMs);
      },
      pressBeside: (digit) => signalling.pressBeside(digit),
    };
  }
}

/** Of a call that is being made: only its end is ours. */
function dialledSignalling(line: { signalling: VirtualSignalling | undefined; over: boolean }): Signalling {
  const refuse = async (): Promise<never> => {
    throw new CallError('invalid_state', 'only its party can answer a call of ours');
  };
  return {
    localAddress: SERVER_ADDRESS,
    answer: refuse,
    earlyMedia: refuse,
    end: async (reason) => {
      line.over = true;
      await line.signalling?.end(reason);
    },
  };
}

function infoOf(
  { to, from: own, headers }: DialRequest,
  parent: CallInfo,
  callId: string,
): Omit<CallInfo, 'call_state' | 'peer'> {
  const type = /^sips?:/i.test(to) ? 'sip' : 'phone';
  const from = own ?? parent.from;
  return {
    call_id: callId,
    node_id: parent.node_id,
    segment_id: callId,
    direction: 'outbound',
    type,
    from,
    to,
    headers: [...(headers ?? [])],
    ...(type === 'sip' && {
      sip_data: sipData({ requestUri: to, from: { uri: from }, to: { uri: to }, contact: undefined }),
    }),
    parent: { device_type: parent.type, call_id: parent.call_id, node_id: parent.node_id },
    project_id: parent.project_id,
    space_id: parent.space_id,
  };
}
