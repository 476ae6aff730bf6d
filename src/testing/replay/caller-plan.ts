/** What a party did, cut out of the trace of its call, and tied to what it had heard before. */
import type { AudioCodec } from '../../mediaworker/protocol.ts';
import type { CallEvent } from '../../trace/events.ts';
import type { RecognitionStub } from '../recognition.ts';

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
  /** How its keys came: keys that sound in the audio count only on a line without events. */
  readonly keys: 'rfc4733' | 'inband';
}

/** What lies at a moment of the received audio was said so long before: that holds each packet where it came, seconds. */
const FRAME = 0.02;
/**
 * What a recording that begins while the party talks writes at a moment was on its way for so long: a frame, and the
 * delay with which the live head follows what arrives (rtp/receive-timeline.ts), seconds.
 */
const LEAD = FRAME + 0.04;

interface PlacedAnchor {
  readonly anchor: Anchor;
  /** Seconds. */
  readonly at: number;
  /** Of a recording's beginning or end. */
  readonly recordingId?: unknown;
}

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
  const anchors: PlacedAnchor[] = [];
  let actions: Action[] = [];
  const start: Anchor = { kind: 'media', number: 0 };
  const paused = new Set(events.filter(({ text }) => text === 'recording paused').map(recordingOf));
  let pressedInAudio = false;
  for (const event of events) {
    const anchor = anchorOf(event, counts);
    const last: PlacedAnchor = anchors.at(-1) ?? { anchor: start, at: 0 };
    const action = actionOf(event);
    if (event.kind === 'digit') pressedInAudio = action === undefined;
    if (action !== undefined) {
      const after = Math.max(0, event.at - last.at);
      actions.push({ ...action, anchor: last.anchor, after, at: event.at });
    }
    const began = last.recordingId !== undefined && last.recordingId === recordingOf(event);
    // What was said in a pause may not be in the file.
    if (began && !paused.has(recordingOf(event)) && !pressedInAudio) {
      actions = withEnd(actions, last.anchor, event);
    }
    if (anchor !== undefined) {
      // Told late, it may have happened before what was told before it; what was said is said again once.
      const at = Math.max(happenedAt(event), last.at);
      anchors.push({ anchor, at, recordingId: recordingOf(event) });
    }
  }
  const received = events.find(({ kind, data }) => kind === 'media' && typeof data['audio'] === 'string');
  const end = events.at(-1)?.at ?? 0;
  return {
    segments: anchors.map(({ anchor, at }, index) => ({
      anchor,
      at,
      audio: audioBetween(received && happenedAt(received), at, anchors[index + 1]?.at ?? end),
    })),
    actions,
    audio: received === undefined ? undefined : String(received.data['audio']),
    codec: events.find(({ text }) => text === 'media closed')?.data['codec'] as string | undefined,
    keys: cameBy(events, 'inband') && !cameBy(events, 'rfc4733') ? 'inband' : 'rfc4733',
  };
}

function cameBy(events: readonly CallEvent[], via: string): boolean {
  return events.some(({ kind, data }) => kind === 'digit' && data['via'] === via);
}

/** How a prompt warns that recognition has failed (methods/calling/prompt.ts); the reason is behind it. */
const RECOGNITION_FAILED = /(?:Speech is not understood|The prompt failed: recognition failed): (.*)/s;

/**
 * What was understood of the party, utterance by utterance: a prompt that ended by speech, or of which recognition has
 * failed, has had one.
 * @param events of this call alone
 */
export function understoodOf(events: readonly CallEvent[]): readonly RecognitionStub[] {
  return events.flatMap(({ kind, text, data }): readonly RecognitionStub[] => {
    if (kind === 'warning') {
      const error = RECOGNITION_FAILED.exec(String(data['reason']))?.[1];
      return error === undefined ? [] : [{ error }];
    }
    if (kind !== 'step' || text !== 'prompt done') return [];
    const set = Object(data['set']) as Readonly<Record<string, unknown>>;
    const { prompt_result: result, prompt_value: words, prompt_speech_confidence: confidence } = set;
    if (result === 'no_match') return [''];
    if (result !== 'match_speech') return [];
    return [{ text: String(words), ...(typeof confidence === 'number' && { confidence }) }];
  });
}

/** When it happened, seconds: what the media side does is told a little later. */
function happenedAt({ at, data }: CallEvent): number {
  const { late_ms: lateMs } = data;
  return typeof lateMs === 'number' ? Math.max(0, at - lateMs / 1000) : at;
}

function recordingOf({ data }: CallEvent): unknown {
  return data['recording_id'];
}

/**
 * The last action of all, if it has ended the recording that began at `anchor`: the recording's length says when,
 * better than the times at which both were told.
 */
function withEnd(actions: Action[], anchor: Anchor, { text, data }: CallEvent): Action[] {
  const { ended_by: endedBy, duration_ms: durationMs } = data;
  const last = actions.at(-1);
  const kind = endedBy === 'terminator' ? 'key' : endedBy === 'hangup' ? 'hang up' : undefined;
  if (text !== 'recording ended' || last?.anchor !== anchor || last.kind !== kind) return actions;
  const after = Math.max(0, Number(durationMs) / 1000 - LEAD);
  return actions.map((action) => {
    if (action.anchor !== anchor) return action;
    return { ...action, after: action === last ? after : Math.min(action.after, after) };
  });
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
  const inFile = (at: number): number => Math.max(0, at - startedAt + FRAME);
  return { from: inFile(from), to: inFile(to) };
}

/** The codec that was agreed on. */
export function codecOf({ codec }: CallerPlan): AudioCodec {
  return codec === 'PCMA' || codec === 'G722' || codec === 'OPUS' ? codec : 'PCMU';
}
