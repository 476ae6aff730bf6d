import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Fields with a place of their own in the line. */
const PLACED: ReadonlySet<string> = new Set(['time', 'level', 'msg', 'call_id', 'component']);
const LEVEL_STYLES: Readonly<Record<string, Style>> = {
  trace: 'gray',
  debug: 'gray',
  info: 'green',
  warn: 'yellow',
  error: 'red',
  fatal: ['bold', 'red'],
};
/** A UUID is told apart by its first part; the whole one is in the JSON format. */
const SHORT_ID = 8;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/**
 * Turns one JSON line of the log into a line for people, local time, the stack of an error below it:
 * `12:03:04.567 INFO  7d0c41aa sip: call answered  codec=PCMU after_ms=12`.
 * @param colors ANSI colours
 */
export function prettyLine(json: string, colors: boolean): string {
  const paint = (style: Style, text: string): string =>
    colors ? styleText(style, text, { validateStream: false }) : text;
  const log = JSON.parse(json) as Record<string, unknown>;
  const level = String(log['level']);
  const parts = [
    paint('gray', localTime(String(log['time']))),
    paint(LEVEL_STYLES[level] ?? 'white', level.toUpperCase().padEnd(5)),
  ];
  if (typeof log['call_id'] === 'string') {
    parts.push(paint('magenta', escapeControls(log['call_id'].slice(0, SHORT_ID))));
  }
  if (typeof log['component'] === 'string') {
    parts.push(paint('blue', `${escapeControls(log['component'])}:`));
  }
  parts.push(escapeControls(String(log['msg'] ?? '')));
  const stacks: string[] = [];
  const fields: string[] = [];
  for (const [name, value] of Object.entries(log)) {
    if (PLACED.has(name)) continue;
    if (isError(value)) stacks.push(paint('gray', stackText(value)));
    else fields.push(`${paint('gray', `${escapeControls(name)}=`)}${valueText(value)}`);
  }
  if (fields.length > 0) parts.push(` ${fields.join(' ')}`);
  return `${[parts.join(' '), ...stacks].join('\n')}\n`;
}

function localTime(iso: string): string {
  const time = new Date(iso);
  const two = (value: number): string => String(value).padStart(2, '0');
  const ms = String(time.getMilliseconds()).padStart(3, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${ms}`;
}

/** Logged text comes from callers too: it must not be able to move the cursor or to fake a line. */
function escapeControls(text: string): string {
  return text.replace(CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function valueText(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"'=\\{}[\]]+$/.test(value)) return escapeControls(value);
  return escapeControls(JSON.stringify(value) ?? String(value));
}

interface LoggedError {
  readonly message: string;
  readonly stack: string;
  readonly cause?: unknown;
}

function isError(value: unknown): value is LoggedError {
  const error = value as Partial<LoggedError> | null;
  return typeof error === 'object' && typeof error?.stack === 'string' && typeof error.message === 'string';
}

function stackText(error: LoggedError): string {
  const lines = (error.stack || error.message).split('\n').map((line) => `    ${escapeControls(line)}`);
  if (isError(error.cause)) lines.push('    caused by', stackText(error.cause));
  return lines.join('\n');
}
