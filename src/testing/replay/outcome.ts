/** What came of a call, as far as its trace tells: what two runs of the same call are compared by. */
import type { CallEvent } from '../../trace/events.ts';

export interface RecordingOutcome {
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

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;
const RECORDING_URL = /\/api\/v1\/recordings\/([0-9a-f-]{36})\/download/i;

export function outcomeOf(events: readonly CallEvent[]): Outcome {
  const recordingIds = events.flatMap(({ kind, data }) => {
    const id = data['recording_id'];
    return kind === 'recording' && typeof id === 'string' ? [id] : [];
  });
  const order = [...new Set(recordingIds)];
  const named = (text: string): string => {
    const id = RECORDING_URL.exec(text)?.[1];
    return id === undefined ? text : `recording ${order.indexOf(id) + 1}`;
  };
  return {
    steps: events.flatMap((event) => (isStep(event) ? [stepName(event)] : [])),
    spoken: textsOf(events, 'say'),
    played: textsOf(events, 'url').map(named),
    recordings: events.flatMap((event) => (event.text === 'recording ended' ? [recordingOf(event)] : [])),
    callbacks: events.flatMap((event) => (isCallback(event) ? [callbackName(event)] : [])),
    requests: events.flatMap(({ kind, text, data }) =>
      kind === 'web' && data['for'] === 'request' ? [`${text} ${String(data['status'] ?? 'failed')}`] : [],
    ),
    vars: varsOf(events, named),
    problems: events.flatMap(({ kind, text }) => (kind === 'warning' || kind === 'error' ? [text] : [])),
    end: endOf(events),
    length: events.at(-1)?.at ?? 0,
  };
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

/** Repetitions of a callback say more of its receiver than of the call. */
function isCallback({ kind, data }: CallEvent): boolean {
  return kind === 'callback' && (data['attempt'] === undefined || data['attempt'] === 1);
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
      for (const [name, value] of Object.entries(set)) {
        vars[name] = typeof value === 'string' ? named(value).replace(UUID, '…') : value;
      }
    }
  }
  return vars;
}

function endOf(events: readonly CallEvent[]): string | undefined {
  const end = events.findLast(({ kind, text }) => kind === 'call' && text === 'ended');
  return end === undefined ? undefined : `${String(end.data['by'])} ${String(end.data['reason'])}`;
}
