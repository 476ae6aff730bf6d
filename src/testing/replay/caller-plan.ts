/** What a party did, cut out of the trace of its call, and tied to what it had heard before. */
import type { AudioCodec } from '../../mediaworker/protocol.ts';
import type { CallEvent } from '../../trace/events.ts';

/** Something that the party could hear, by its number among those of its kind. */
export interface Anchor {
  readonly kind:
    | 'media'
    | 'sound started'
    | 'play ended'
    | 'recording started'
    | 'recording ended'
    | 'bridged'
    | 'parted';
  /** From 1. */
  readonly number: number;
}

/** What follows an anchor. */
export interface Segment {
  readonly anchor: Anchor;
  /** When the anchor came, seconds of the traced call. */
  readonly at: number;
  /** Part of the received audio up to the next anchor, seconds of the file; empty where there is none. */
  readonly audio: { readonly from: number; readonly to: number };
}

/** A key, or the end; so long after an anchor. */
export interface Action {
  readonly kind: 'key' | 'hang up';
  readonly digit: string;
  readonly via: 'rfc4733' | 'info';
  readonly anchor: Anchor;
  /** Seconds. */
  readonly after: number;
  /** In the traced call, seconds. */
  readonly at: number;
}

export interface CallerPlan {
  readonly segments: readonly Segment[];
  readonly actions: readonly Action[];
  /** Name of the file with the received audio; undefined when the trace has none. */
  readonly audio: string | undefined;
  readonly codec: string | undefined;
}

/**
 * What the recorder writes at a moment was on its way for so long: a frame, and the delay with which the live
 * head follows what arrives (rtp/receive-timeline.ts), seconds.
 */
const LEAD = 0.06;

/** The anchor that an event is, if it is one; `counts` has how many there were of each kind. */
export function anchorOf(event: CallEvent, counts: Map<string, number>): Anchor | undefined {
  const kind = anchorKind(event);
  if (kind === undefined) return undefined;
  const number = (counts.get(kind) ?? 0) + 1;
  counts.set(kind, number);
  return { kind, number };
}

/** @param events of this call alone */
export function planOf(events: readonly CallEvent[]): CallerPlan {
  const counts = new Map<string, number>();
  const anchors: { readonly anchor: Anchor; readonly at: number }[] = [];
  const actions: Action[] = [];
  const start: Anchor = { kind: 'media', number: 0 };
  for (const event of events) {
    const anchor = anchorOf(event, counts);
    if (anchor !== undefined) anchors.push({ anchor, at: event.at });
    const last = anchors.at(-1) ?? { anchor: start, at: 0 };
    const action = actionOf(event);
    if (action !== undefined) {
      actions.push({ ...action, anchor: last.anchor, after: event.at - last.at, at: event.at });
    }
  }
  const received = events.find(({ kind, data }) => kind === 'media' && typeof data['audio'] === 'string');
  const end = events.at(-1)?.at ?? 0;
  return {
    segments: anchors.map(({ anchor, at }, index) => ({
      anchor,
      at,
      audio: audioBetween(received?.at, at, anchors[index + 1]?.at ?? end),
    })),
    actions,
    audio: received === undefined ? undefined : String(received.data['audio']),
    codec: events.find(({ text }) => text === 'media closed')?.data['codec'] as string | undefined,
  };
}

function anchorKind({ kind, text, data }: CallEvent): Anchor['kind'] | undefined {
  if (kind === 'media' && data['audio'] !== undefined) return 'media';
  if (kind === 'play' && (text === 'sound started' || text === 'play ended')) return text;
  if (kind === 'recording' && (text === 'recording started' || text === 'recording ended')) return text;
  if (kind === 'call' && (text === 'bridged' || text === 'parted')) return text;
  return undefined;
}

function actionOf({ kind, text, data }: CallEvent): Pick<Action, 'kind' | 'digit' | 'via'> | undefined {
  if (kind === 'digit') {
    const { digit, via } = data;
    // Keys that sound in the audio are played with it.
    if (via !== 'rfc4733' && via !== 'info') return undefined;
    return { kind: 'key', digit: String(digit), via };
  }
  if (kind === 'call' && text === 'the party hung up') return { kind: 'hang up', digit: '', via: 'info' };
  return undefined;
}

function audioBetween(startedAt: number | undefined, from: number, to: number): Segment['audio'] {
  if (startedAt === undefined) return { from: 0, to: 0 };
  const inFile = (at: number): number => Math.max(0, at - startedAt + LEAD);
  return { from: inFile(from), to: inFile(to) };
}

/** The codec that was agreed on. */
export function codecOf({ codec }: CallerPlan): AudioCodec {
  return codec === 'PCMA' || codec === 'G722' || codec === 'OPUS' ? codec : 'PCMU';
}
