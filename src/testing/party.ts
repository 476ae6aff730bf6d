import type { CallEnd } from '../call/leg.ts';
import type { MediaLeg } from '../call/media-leg.ts';
import type { CallStory } from './call-story.ts';
import { VirtualCaller, type CallerSite } from './caller.ts';
import type { CallerLine } from './caller-line.ts';

/** Somebody whom the document calls: does what a caller does, on the other side. */
export class VirtualParty extends VirtualCaller {
  readonly #leg: MediaLeg;
  readonly #story: CallStory;
  readonly #line: CallerLine;
  readonly #received: () => Uint8Array;
  /** Number among the calls of the document, from 1, as the timeline has it. */
  readonly number: number;

  constructor(
    call: {
      readonly leg: MediaLeg;
      readonly number: number;
      readonly story: CallStory;
      readonly received: () => Uint8Array;
    },
    line: CallerLine,
    site: CallerSite,
  ) {
    super(site);
    this.#leg = call.leg;
    this.#story = call.story;
    this.#received = call.received;
    this.number = call.number;
    this.#line = line;
  }

  /** Of its call. */
  get callId(): string {
    return this.#leg.info.call_id;
  }

  /** The destination, as the document has it. */
  get to(): string {
    return this.#leg.info.to;
  }

  /** Who calls. */
  get from(): string {
    return this.#leg.info.from;
  }

  /** Whether its call was answered and is up. */
  get talking(): boolean {
    return this.#leg.info.call_state === 'answered';
  }

  /** How its call ended; undefined while it is up. */
  get end(): CallEnd | undefined {
    const { signal } = this.#leg;
    return signal.aborted ? (signal.reason as CallEnd) : undefined;
  }

  /** The texts that were spoken to it, in order: by the document, and by whoever it was connected with. */
  get spoken(): readonly string[] {
    return this.#story.sounds.flatMap(({ kind, text }) => (kind === 'say' ? [text] : []));
  }

  /** Keys that were sent to it. */
  get keysSent(): string {
    return this.#line.keysHeard;
  }

  /** Of its line, Hz. */
  get sampleRate(): number {
    return this.#line.sampleRate;
  }

  /** What the server received of it, a WAV file; empty without `trace: true` of the call, and before its end. */
  get received(): Uint8Array {
    return this.#received();
  }

  /** What it has heard since it was called, mono. */
  get heard(): Int16Array {
    return this.#line.heard.slice();
  }
}
