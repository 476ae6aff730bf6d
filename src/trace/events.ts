/** One line of the story of a call: what traces hold, and what people read. */
export interface CallEvent {
  /** Since the start of the call, seconds. */
  readonly at: number;
  readonly kind: EventKind;
  /** The call that it belongs to among those that this one has made, from 1; undefined: this one itself. */
  readonly leg?: number | undefined;
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export const EVENT_KINDS = [
  'call',
  'caller',
  'sip',
  'step',
  'play',
  'recording',
  'digit',
  'media',
  'level',
  'callback',
  'web',
  'warning',
  'error',
] as const;

export type EventKind = (typeof EVENT_KINDS)[number];

/** Longest value that a line shows. */
const MAX_VALUE = 80;
/** What a line leaves out: whole messages, and what only programs need. */
const HIDDEN = new Set([
  'body',
  'message',
  'request',
  'answer',
  'path',
  'section',
  'index',
  'depth',
  'file',
  'unset',
]);
/** What a trace holds cannot steer the terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
export const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** The story as text, one line for each event: `  1.81 s  play       sound started  say="Hello"`. */
export function formatTimeline(events: readonly CallEvent[]): string {
  return events.filter(isTold).map(formatEvent).join('\n');
}

/** Lines of a story that is told among other things: its beginning, and its end. */
const FIRST_LINES = 60;
const LAST_LINES = 140;

/** The story as text, without the middle of a very long one. */
export function shortTimeline(events: readonly CallEvent[]): string {
  const told = events.filter(isTold);
  const left = told.length - FIRST_LINES - LAST_LINES;
  if (left <= 1) return told.map(formatEvent).join('\n');
  return [
    ...told.slice(0, FIRST_LINES).map(formatEvent),
    `      …    ${left} more lines`,
    ...told.slice(-LAST_LINES).map(formatEvent),
  ].join('\n');
}

/** Whether people want to read it: no levels, and the end of a step only when something came of it. */
function isTold({ kind, text, data }: CallEvent): boolean {
  if (kind === 'level') return false;
  return kind !== 'step' || !text.endsWith(' done') || Object.keys(data).length > 0;
}

function formatEvent({ at, kind, leg, text, data }: CallEvent): string {
  const fields = fieldsOf(data).map(([name, value]) => `${name}=${short(value)}`);
  const line = `${at.toFixed(2).padStart(7)} s  ${kind.padEnd(9)}  ${[leg === undefined ? text : `[${leg}] ${text}`, ...fields].join('  ')}`;
  return line.trimEnd().replace(CONTROL, ' ');
}

function fieldsOf(data: CallEvent['data']): readonly (readonly [string, unknown])[] {
  return Object.entries(data).flatMap(([name, value]): (readonly [string, unknown])[] => {
    if (value === undefined || HIDDEN.has(name)) return [];
    // Variables are shown as if each were a field of its own.
    if (name === 'set' && typeof value === 'object' && value !== null) return Object.entries(value);
    return [[name, value]];
  });
}

function short(value: unknown): string {
  const text = typeof value === 'number' ? String(Math.round(value * 1000) / 1000) : JSON.stringify(value);
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE - 1)}…` : text;
}
