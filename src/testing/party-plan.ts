import type { EndReason } from '../call/leg.ts';
import type { AudioCodec } from '../mediaworker/protocol.ts';
import type { VirtualParty } from './party.ts';

/** What somebody does who is called. */
export interface PartyPlan {
  /** Seconds until it answers, or refuses; default 2. */
  readonly answersAfter?: number | undefined;
  /** What it does instead of answering; `no_answer`: it rings on. */
  readonly refuses?: 'busy' | 'declined' | 'no_answer' | 'not_found' | 'error' | undefined;
  /** Default PCMU. */
  readonly codec?: AudioCodec | undefined;
  /** What it does, from when it is called on; what goes wrong in it fails `ends()` of the call. */
  readonly does?: ((party: VirtualParty) => Promise<void>) | undefined;
}

/** By destination, as the document has it; `*` in it stands for anything. Nobody is anywhere else. */
export type Parties = Readonly<Record<string, PartyPlan>>;

export const DEFAULT_ANSWERS_AFTER = 2;

/** How a call ends that is refused in each way. */
export const REFUSALS: Readonly<Record<NonNullable<PartyPlan['refuses']>, EndReason>> = {
  busy: 'busy',
  declined: 'decline',
  no_answer: 'noAnswer',
  not_found: 'not_found',
  error: 'error',
};

/** The longest entry that fits. */
export function planFor(parties: Parties, to: string): PartyPlan | undefined {
  const fitting = Object.keys(parties)
    .filter((pattern) => new RegExp(`^${pattern.split('*').map(escaped).join('.*')}$`, 's').test(to))
    .sort((one, other) => other.length - one.length);
  return fitting[0] === undefined ? undefined : parties[fitting[0]];
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
