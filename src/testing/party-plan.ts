import type { AudioCodec } from '../mediaworker/protocol.ts';
import type { VirtualParty } from './party.ts';
import type { RecognitionStub } from './recognition.ts';

export interface EarlyMediaPlan {
  /** Seconds until it is heard; default 0. */
  readonly after?: number | undefined;
  /** What is heard, from then on; what goes wrong in it fails `ends()` of the call. */
  readonly does?: ((party: VirtualParty) => Promise<void>) | undefined;
}

/** How somebody refuses a call. */
export type Refusal = 'busy' | 'declined' | 'no_answer' | 'not_found' | 'error' | number;

/** What somebody does who is called. */
export interface PartyPlan {
  /** Seconds until its telephone rings; default 0, `never`: it says nothing until it answers. */
  readonly ringsAfter?: number | 'never' | undefined;
  /** Seconds until it answers, or refuses; default 2. */
  readonly answersAfter?: number | undefined;
  /**
   * What it does instead of answering, in a word, or as the status of its SIP response, 400 to 699; `no_answer`:
   * it rings on; `error`: it cannot be reached.
   */
  readonly refuses?: Refusal | undefined;
  /** It is heard before it answers (183 with SDP), if it has not answered by then. */
  readonly earlyMedia?: EarlyMediaPlan | undefined;
  /** Default PCMU. */
  readonly codec?: AudioCodec | undefined;
  /** How its keys travel: as events (default), or as tones in the audio. */
  readonly keys?: 'rfc4733' | 'inband' | undefined;
  /** What is understood of its utterances, one after the other; of further ones, what it says, word for word. */
  readonly recognition?: readonly RecognitionStub[] | undefined;
  /** What it does, from when it is called on; what goes wrong in it fails `ends()` of the call. */
  readonly does?: ((party: VirtualParty) => Promise<void>) | undefined;
}

/**
 * By destination, as the document has it; `*` in it stands for anything. Nobody is anywhere else. A function is
 * asked for each call that is made.
 */
export type Parties = Readonly<Record<string, PartyPlan>> | ((to: string) => PartyPlan | undefined);

export const DEFAULT_ANSWERS_AFTER = 2;

/** SIP responses (RFC 3261 21). */
export const REFUSALS = { busy: 486, declined: 603, not_found: 404 } as const;

/** The longest entry that fits. */
export function planFor(parties: Parties, to: string): PartyPlan | undefined {
  if (typeof parties === 'function') return parties(to);
  const fitting = Object.keys(parties)
    .filter((pattern) => new RegExp(`^${pattern.split('*').map(escaped).join('.*')}$`, 's').test(to))
    .sort((one, other) => other.length - one.length);
  return fitting[0] === undefined ? undefined : parties[fitting[0]];
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
