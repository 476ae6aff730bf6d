/** Those whom a call has called, as its trace tells of them: what each does when it is called again. */
import { CALLED } from '../../trace/call-tracer.ts';
import type { CallEvent } from '../../trace/events.ts';
import type { PartyPlan, Refusal } from '../party-plan.ts';
import { type CallerPlan, codecOf, planOf, understoodOf } from './caller-plan.ts';

/** A call that was made. */
export interface TracedLeg {
  /** From 1, in the order in which they were made. */
  readonly number: number;
  readonly to: string;
  /** Times in the traced call; without `leg`. */
  readonly events: readonly CallEvent[];
}

/** What somebody did who was called, in times since that. */
export interface TracedParty {
  readonly number: number;
  readonly to: string;
  readonly line: Omit<PartyPlan, 'does'>;
  readonly plan: CallerPlan;
}

/** The calls that a call has made, each with what its trace says of it. */
export function legsOf(events: readonly CallEvent[]): readonly TracedLeg[] {
  const legs = new Map<number, { number: number; to: string; events: CallEvent[] }>();
  for (const { leg: number, ...event } of events) {
    if (number === undefined) continue;
    const leg = legs.get(number) ?? { number, to: '', events: [] };
    legs.set(number, leg);
    if (event.kind === 'call' && event.text === CALLED) leg.to = String(event.data['to']);
    leg.events.push(event);
  }
  return [...legs.values()].sort((one, other) => one.number - other.number);
}

export function partyOf({ number, to, events }: TracedLeg): TracedParty {
  const start = events[0]?.at ?? 0;
  const since = events.map((event) => ({ ...event, at: event.at - start }));
  const plan = planOf(since);
  const answer = timeOf(since, 'answered');
  const early = timeOf(since, 'early media');
  const end = endOf(since);
  return {
    number,
    to,
    line: {
      ringsAfter: timeOf(since, 'ringing') ?? 'never',
      answersAfter: answer ?? end.at,
      refuses: answer === undefined ? end.refuses : undefined,
      codec: codecOf(plan),
      keys: plan.keys,
      recognition: understoodOf(since),
      earlyMedia: early === undefined ? undefined : { after: early },
    },
    // Who has not answered does not hang up: it refuses.
    plan: {
      ...plan,
      actions: plan.actions.filter(({ kind }) => kind !== 'hang up' || answer !== undefined),
    },
  };
}

function timeOf(events: readonly CallEvent[], text: string): number | undefined {
  return events.find((event) => event.kind === 'call' && event.text === text)?.at;
}

/**
 * How the call ended, and when. Whom we rang in vain, or cancelled, rings on the next time: nobody knows what it
 * would have done.
 */
function endOf(events: readonly CallEvent[]): { readonly at: number; readonly refuses: Refusal } {
  const ended = events.find(({ kind, text }) => kind === 'call' && text === 'ended');
  const at = timeOf(events, 'the party hung up') ?? timeOf(events, 'hanging up') ?? ended?.at ?? 0;
  const { status, reason } = ended?.data ?? {};
  if (typeof status === 'number') return { at, refuses: status };
  return { at, refuses: reason === 'error' ? 'error' : 'no_answer' };
}
