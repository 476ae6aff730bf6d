/** One line of the story of a call. */
export interface CallEvent {
  /** Since the start of the call, seconds. */
  readonly at: number;
  readonly kind:
    | 'call'
    | 'caller'
    | 'media'
    | 'step'
    | 'play'
    | 'recording'
    | 'digit'
    | 'callback'
    | 'web'
    | 'warning'
    | 'error';
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The story as text, one line for each event: `  1.81 s  play       sound started  say="Hello"`. */
export function formatTimeline(events: readonly CallEvent[]): string {
  return events.map(formatEvent).join('\n');
}

const MAX_VALUE = 80;

function formatEvent({ at, kind, text, data }: CallEvent): string {
  const fields = Object.entries(data)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${short(value)}`);
  return `${at.toFixed(2).padStart(7)} s  ${kind.padEnd(9)}  ${[text, ...fields].join('  ')}`.trimEnd();
}

function short(value: unknown): string {
  const text = typeof value === 'number' ? String(Math.round(value * 1000) / 1000) : JSON.stringify(value);
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE - 1)}…` : text;
}
