/** What came of a call, as far as its trace tells: what two runs of the same call are compared by. */
import { withoutSecretsOfAnswer } from '../../trace/call-tracer.ts';
import type { CallEvent } from '../../trace/events.ts';
import { withoutIds } from './ids.ts';
import { legsOf, type TracedLeg } from './traced-parties.ts';
import { withoutFragment } from './web-answers.ts';

export interface RecordingOutcome {
  /** Destination of the called party whose call it is; undefined: the caller. */
  readonly of?: string | undefined;
  readonly state: string;
  readonly endedBy: string;
  /** Seconds. */
  readonly length: number;
}

export interface Outcome {
  /** `method`, or `section: method` outside of `main`. */
  readonly steps: readonly string[];
  readonly spoken: readonly string[];
  /** URLs; those of recordings by their number. */
  readonly played: readonly string[];
  /** Whom the call has called, and what came of it. */
  readonly parties: readonly string[];
  readonly recordings: readonly RecordingOutcome[];
  /** `event state`. */
  readonly callbacks: readonly string[];
  readonly requests: readonly string[];
  /** As they were set last; undefined where they were removed. */
  readonly vars: Readonly<Record<string, unknown>>;
  /** Codes of errors and warnings. */
  readonly problems: readonly string[];
  /** `by reason`; undefined in the trace of a call that was still up. */
  readonly end: string | undefined;
  /** Seconds. */
  readonly length: number;
}

const CONNECT = 'calling.call.connect';
const WARNING = 'calling.script.warning';
const RECORDING_URL = /\/api\/v1\/recordings\/([0-9a-f-]{36})\/download/i;

/** Of what a called party was told, and did, each line begins with its destination. */
const OF = ': ';

/** @param unknown numbers of calls to somebody who is not in the trace that is compared with */
export function outcomeOf(events: readonly CallEvent[], unknown: ReadonlySet<number> = new Set()): Outcome {
  const own = events.filter(({ leg }) => leg === undefined);
  const legs = legsOf(events);
  // What happens at the same time on two calls is in no order.
  const sorted = [...own, ...legs.flatMap((leg) => leg.events)];
  const order = [...new Set(sorted.flatMap(recordingId))];
  const named = (text: string): string => {
    const id = RECORDING_URL.exec(text)?.[1];
    return id === undefined ? withoutIds(text) : `recording ${order.indexOf(id) + 1}`;
  };
  const all = <T>(
    read: (events: readonly CallEvent[]) => readonly T[],
    prefixed: (to: string, value: T) => T,
  ): readonly T[] => [
    ...read(own),
    ...legs.flatMap((leg) => read(leg.events).map((value) => prefixed(leg.to, value))),
  ];
  const texts = (read: (events: readonly CallEvent[]) => readonly string[]): readonly string[] =>
    all(read, (to, text) => `${to}${OF}${text}`);
  return {
    steps: texts((part) => part.flatMap((event) => (isStep(event) ? [stepName(event)] : []))),
    spoken: texts((part) => textsOf(part, 'say')),
    played: texts((part) => textsOf(part, 'url').map(named)),
    recordings: all(
      (part) => part.flatMap((event) => (event.text === 'recording ended' ? [recordingOf(event)] : [])),
      (to, recording) => ({ ...recording, of: to }),
    ),
    parties: legs.map((leg) =>
      unknown.has(leg.number) ? `${leg.to} (the trace knows of no such call)` : partyStory(leg),
    ),
    callbacks: texts(callbacksOf),
    requests: events.flatMap(({ kind, text, data }) =>
      kind === 'web' && data['for'] === 'request'
        ? [`${withoutIds(withoutFragment(text))} ${String(data['status'] ?? 'failed')}`]
        : [],
    ),
    vars: {
      ...varsOf(own, named),
      ...Object.fromEntries(
        legs.flatMap((leg) =>
          Object.entries(varsOf(leg.events, named)).map(([name, value]) => [`${leg.to}${OF}${name}`, value]),
        ),
      ),
    },
    problems: texts((part) =>
      part.flatMap(({ kind, text }) => (kind === 'warning' || kind === 'error' ? [text] : [])),
    ),
    end: endOf(own),
    length: own.at(-1)?.at ?? 0,
  };
}

function recordingId({ kind, data }: CallEvent): readonly string[] {
  const id = data['recording_id'];
  return kind === 'recording' && typeof id === 'string' ? [id] : [];
}

/** What became of a call that was made, in words. */
function partyStory({ to, events }: TracedLeg): string {
  const happened = (text: string): boolean =>
    events.some((event) => event.kind === 'call' && event.text === text);
  const answered = happened('answered');
  const parts = [
    ...(happened('early media') ? ['heard before its answer'] : []),
    ...(answered ? ['answered'] : []),
    ...(answered && happened('bridged') ? ['connected'] : []),
    endStory(events, answered),
  ];
  return `${to}: ${parts.join(', ')}`;
}

function endStory(events: readonly CallEvent[], answered: boolean): string {
  const { data } = events.findLast(({ kind, text }) => kind === 'call' && text === 'ended') ?? {};
  if (data === undefined) return 'still up';
  const { by, reason, status } = data;
  if (answered) return by === 'remote' ? 'hung up' : `was hung up (${String(reason)})`;
  if (status !== undefined) return `${String(reason)} (${String(status)})`;
  if (reason === 'noAnswer') return 'did not answer';
  return reason === 'cancel' ? 'cancelled' : String(reason);
}

function isStep({ kind, text }: CallEvent): boolean {
  return kind === 'step' && !text.endsWith(' done');
}

function stepName({ text, data }: CallEvent): string {
  const section = data['section'] ?? 'main';
  return section === 'main' ? text : `${String(section)}: ${text}`;
}

function textsOf(events: readonly CallEvent[], name: 'say' | 'url'): string[] {
  return events.flatMap(({ kind, data }) => {
    const text = data[name];
    return kind === 'play' && typeof text === 'string' ? [text] : [];
  });
}

function recordingOf({ data }: CallEvent): RecordingOutcome {
  return {
    state: String(data['state']),
    endedBy: String(data['ended_by']),
    length: Number(data['duration_ms']) / 1000,
  };
}

/** Those of one type in their order; operations that end at the same time report it in any. */
function callbacksOf(events: readonly CallEvent[]): readonly string[] {
  // A caller who hangs up ends the trace: whether the end of the talk is told before that is chance.
  const left = events.findIndex(({ kind, text }) => kind === 'call' && text === 'the party hung up');
  const callbacks = events.filter(
    (event, index) => isCallback(event) && (left < 0 || index < left || event.text !== CONNECT),
  );
  const types = [...new Set(callbacks.map(({ text }) => text))].sort();
  return types.flatMap((type) => callbacks.filter(({ text }) => text === type).map(callbackName));
}

/**
 * Repetitions of a callback say more of its receiver than of the call. Warnings are compared as such: whether a server
 * tells somebody of them is one of its settings.
 */
function isCallback({ kind, text, data }: CallEvent): boolean {
  return kind === 'callback' && text !== WARNING && (data['attempt'] === undefined || data['attempt'] === 1);
}

function callbackName({ text, data }: CallEvent): string {
  return data['state'] === undefined ? text : `${text} ${String(data['state'])}`;
}

function varsOf(
  events: readonly CallEvent[],
  named: (text: string) => string,
): Readonly<Record<string, unknown>> {
  const vars: Record<string, unknown> = {};
  for (const { kind, data } of events) {
    if (kind !== 'step') continue;
    const { set, unset } = data;
    for (const name of Array.isArray(unset) ? unset : []) delete vars[String(name)];
    if (typeof set === 'object' && set !== null) {
      // Traces of older versions have more of them.
      for (const [name, value] of Object.entries(withoutSecretsOfAnswer(set as CallEvent['data']))) {
        vars[name] = withTexts(value, named);
      }
    }
  }
  return vars;
}

/** The value with what `change` makes of each text in it. */
function withTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => withTexts(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withTexts(part, change)]));
}

function endOf(events: readonly CallEvent[]): string | undefined {
  const end = events.findLast(({ kind, text }) => kind === 'call' && text === 'ended');
  return end === undefined ? undefined : `${String(end.data['by'])} ${String(end.data['reason'])}`;
}
