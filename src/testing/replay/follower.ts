import type { Clock } from '../../time/clock.ts';
import type { CallEvent } from '../../trace/events.ts';
import type { VirtualCaller } from '../caller.ts';
import { type Action, type Anchor, anchorOf, type CallerPlan, type Segment } from './caller-plan.ts';

/** What a party said, mono at `sampleRate`. */
export interface PartyAudio {
  readonly samples: Int16Array;
  readonly sampleRate: number;
}

/** Somebody at an end of the call. */
export interface FollowedLine {
  readonly party: VirtualCaller;
  readonly clock: Clock;
  readonly sampleRate: number;
  readonly isOver: () => boolean;
}

/** What a party did after something that does not happen any more is done so long after its time, seconds. */
const PATIENCE = 30;
/** A rest of audio so short is played to its end, for the sake of an unbroken line, ms. */
const SEAM_MS = 60;

/** Does what the plan says when its anchors come. */
export class Follower {
  readonly #line: FollowedLine;
  readonly #plan: CallerPlan;
  readonly #audio: PartyAudio | undefined;
  readonly #counts = new Map<string, number>();
  readonly #done = new Set<Action>();
  #segment = -1;
  #playingUntilMs = 0;

  /** The call of the plan begins now. */
  constructor(line: FollowedLine, plan: CallerPlan, audio: PartyAudio | undefined) {
    this.#line = line;
    this.#plan = plan;
    this.#audio = audio;
    for (const action of plan.actions) {
      const late = action.anchor.number === 0 ? action.at : action.at + PATIENCE;
      line.clock.after(late * 1000, () => this.#act(action));
    }
  }

  /** Something happens on the call of this party. */
  take(event: CallEvent): void {
    const anchor = anchorOf(event, this.#counts);
    if (anchor === undefined) return;
    const index = this.#plan.segments.findIndex((segment) => isSame(segment.anchor, anchor));
    for (const action of this.#plan.actions) {
      if (!isSame(action.anchor, anchor)) continue;
      this.#line.clock.after(action.after * 1000, () => this.#act(action));
    }
    // Back to something that came before it does not go: then it was heard twice.
    if (index <= this.#segment) return;
    this.#segment = index;
    this.#speak(this.#plan.segments[index]!);
  }

  #speak({ audio }: Segment): void {
    const { party, clock, sampleRate } = this.#line;
    const now = clock.monotonic();
    if (this.#playingUntilMs - now > SEAM_MS) {
      party.stopsSpeaking();
      this.#playingUntilMs = now;
    }
    const samples = pieceOf(this.#audio, audio.from, audio.to, sampleRate);
    if (samples.length === 0) return;
    this.#playingUntilMs = Math.max(now, this.#playingUntilMs) + (samples.length * 1000) / sampleRate;
    party.sends(samples);
  }

  #act(action: Action): void {
    if (this.#done.has(action) || this.#line.isOver()) return;
    this.#done.add(action);
    const { party } = this.#line;
    const by = action.via === 'info' ? 'info' : undefined;
    const acted = action.kind === 'hang up' ? party.hangsUp() : party.presses(action.digit, { by });
    // A key that comes behind the end of the call is no longer pressed by anyone.
    acted.catch(() => {});
  }
}

function isSame(one: Anchor, other: Anchor): boolean {
  return one.kind === other.kind && one.number === other.number;
}

/** A part of the audio at the rate of the line; the rates are multiples of each other. */
function pieceOf(audio: PartyAudio | undefined, from: number, to: number, sampleRate: number): Int16Array {
  if (audio === undefined) return new Int16Array(0);
  const piece = audio.samples.subarray(
    Math.round(from * audio.sampleRate),
    Math.round(to * audio.sampleRate),
  );
  if (audio.sampleRate === sampleRate) return piece.slice();
  const length = Math.round((piece.length * sampleRate) / audio.sampleRate);
  return Int16Array.from({ length }, (_, i) => piece[Math.floor((i * audio.sampleRate) / sampleRate)] ?? 0);
}
