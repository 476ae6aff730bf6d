/** Trace files: JSON Lines, the first one says what call it was, each further one what happened. */
import { type CallEvent, EVENT_KINDS, type EventKind } from './events.ts';

export const TRACE_VERSION = 2;

export interface TraceHeader {
  /** Version of this format: 1 says nothing of the calls that the call has made. */
  readonly openswml_trace: 1 | typeof TRACE_VERSION;
  /** The `call` object as it was at the beginning. */
  readonly call: Readonly<Record<string, unknown>>;
  /** ISO 8601, UTC. */
  readonly started_at: string;
  /** Path or URL (without credentials) of the document; undefined for one that had neither. */
  readonly document?: string | undefined;
  /** Text of a document that had neither. */
  readonly document_text?: string | undefined;
  /** Wall clock or virtual time. */
  readonly virtual: boolean;
  /** Version of the program that wrote it. */
  readonly version?: string | undefined;
}

export interface Trace {
  readonly header: TraceHeader;
  readonly events: readonly CallEvent[];
}

/** A file that is no trace, or a damaged one; the message says where. */
export class TraceError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TraceError';
  }
}

/** Text of an event in a trace: times to the millisecond. */
export function eventLine({ at, kind, leg, text, data }: CallEvent): string {
  const fields = Object.keys(data).length === 0 ? {} : { data };
  return `${JSON.stringify({ at: Math.round(at * 1000) / 1000, kind, leg, text, ...fields })}\n`;
}

export function traceText({ header, events }: Trace): string {
  return `${JSON.stringify(header)}\n${events.map(eventLine).join('')}`;
}

/**
 * Reads a trace. A last line without its end, as a crash leaves it, is passed over.
 * @param file for messages
 * @throws TraceError
 */
export function parseTrace(text: string, file: string): Trace {
  const lines = text.split('\n');
  const whole = text.endsWith('\n')
    ? lines.slice(0, -1)
    : lines.slice(0, -1).concat(unfinished(lines.at(-1)));
  const header = readHeader(whole[0] ?? '');
  if (header.openswml_trace === undefined) throw new TraceError(`${file}:1: this is no trace of OpenSWML`);
  if (header.openswml_trace !== 1 && header.openswml_trace !== TRACE_VERSION) {
    throw new TraceError(
      `${file}:1: version ${String(header.openswml_trace)} of traces cannot be read, only 1 and ${TRACE_VERSION}`,
    );
  }
  if (typeof header.call !== 'object' || header.call === null) {
    throw new TraceError(`${file}:1: expected "call", which says what call it was`);
  }
  const events = whole
    .slice(1)
    .map((line, index) => readEvent(parseLine(line, index + 2, file), index + 2, file));
  return { header: header as TraceHeader, events };
}

function readHeader(line: string): Partial<TraceHeader> {
  try {
    return Object(JSON.parse(line)) as Partial<TraceHeader>;
  } catch {
    return {};
  }
}

function unfinished(line: string | undefined): readonly string[] {
  try {
    JSON.parse(line ?? '');
    return [line ?? ''];
  } catch {
    return [];
  }
}

function parseLine(line: string, number: number, file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new TraceError(`${file}:${number}: this line is no JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TraceError(`${file}:${number}: expected an object`);
  }
  return value as Record<string, unknown>;
}

function readEvent(value: Record<string, unknown>, line: number, file: string): CallEvent {
  const { at, kind, leg, text, data = {} } = value;
  const isLeg = leg === undefined || (Number.isInteger(leg) && Number(leg) >= 1);
  if (
    !isLeg ||
    typeof at !== 'number' ||
    typeof text !== 'string' ||
    !EVENT_KINDS.includes(kind as EventKind)
  ) {
    throw new TraceError(`${file}:${line}: expected an event with "at", "kind" and "text"`);
  }
  if (typeof data !== 'object' || data === null) {
    throw new TraceError(`${file}:${line}: expected an object as "data"`);
  }
  const event = { at, kind: kind as EventKind, text, data: data as CallEvent['data'] };
  return leg === undefined ? event : { ...event, leg: Number(leg) };
}
