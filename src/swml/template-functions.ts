/**
 * Template functions of prompts and tools of AI methods (spec/document.md 4.5). Methods of a script have
 * placeholders only.
 *
 *     ${lc:path}  ${enc:url:path}  ${lc:enc:url:path}      ; left to right
 *     @{strftime_tz <zone> <format>}  @{fmt_ph <format>[:sep:<s>] <number>}
 *     @{expr <arithmetic>}  @{echo <text>}  @{separate <text>}  @{sleep <seconds>}
 */
import { evaluateArithmetic } from './arithmetic.ts';
import { type JsonValue, toText } from './json.ts';
import { formatPhone, type PhoneFormat } from './phone-format.ts';
import { closingBrace, parsePath, type PathSegments } from './placeholders.ts';
import { strftime } from './strftime.ts';

export interface TemplateEnvironment {
  readonly lookup: (path: PathSegments) => JsonValue | undefined;
  /** Unix ms. */
  readonly now: () => number;
}

export interface Expanded {
  readonly text: string;
  /** What `@{sleep n}` asks for, seconds. */
  readonly sleepSeconds: number;
}

/** Functions inside functions. */
const MAX_DEPTH = 16;
const MAX_SLEEP_SECONDS = 60;

/** A form that is unknown or malformed stays as it is. */
export function expandTemplate(text: string, environment: TemplateEnvironment): Expanded {
  let sleepSeconds = 0;
  const expand = (source: string, depth: number): string => {
    if (depth > MAX_DEPTH) return source;
    let result = '';
    let from = 0;
    const opening = /[$%@]\{/g;
    for (let match = opening.exec(source); match !== null; match = opening.exec(source)) {
      const end = closingBrace(source, match.index + 1);
      if (end < 0) break;
      const whole = source.slice(match.index, end + 1);
      const body = expand(source.slice(match.index + 2, end), depth + 1);
      const value = whole.startsWith('@') ? callFunction(body) : readValue(body, environment);
      result += source.slice(from, match.index) + (value ?? whole);
      from = end + 1;
      opening.lastIndex = from;
    }
    return result + source.slice(from);
  };
  const callFunction = (body: string): string | undefined => {
    const [, name = '', argument = ''] = /^\s*(\w+)\s?([\s\S]*)$/.exec(body) ?? [];
    if (name !== 'sleep')
      return Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name]?.(argument, environment) : undefined;
    const seconds = Number(argument);
    if (!(seconds >= 0)) return undefined;
    sleepSeconds = Math.min(MAX_SLEEP_SECONDS, sleepSeconds + seconds);
    return '';
  };
  const expanded = expand(text, 0);
  return { text: expanded, sleepSeconds };
}

type TemplateFunction = (argument: string, environment: TemplateEnvironment) => string | undefined;

const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  echo: (text) => text,
  separate: (text) => [...text].join(' '),
  expr: (text) => {
    const value = evaluateArithmetic(text);
    return value === undefined ? undefined : String(value);
  },
  strftime_tz: (text, { now }) => {
    const [, zone, format] = /^(\S+)\s+([\s\S]+)$/.exec(text) ?? [];
    return zone === undefined || format === undefined ? undefined : strftime(now(), zone, format);
  },
  fmt_ph: (text) => {
    const [, format = 'national', separator, number = ''] =
      /^(?:(national|international|RFC3966|e164)(?::sep:(\S+))?\s+)?(.+)$/is.exec(text) ?? [];
    return formatPhone(number, format.toLowerCase() as PhoneFormat, separator);
  },
};

/** Filters before the last colon of each, then a path. */
function readValue(body: string, { lookup }: TemplateEnvironment): string | undefined {
  let rest = body.trim();
  const filters: ((text: string) => string)[] = [];
  for (;;) {
    const match = /^(lc|enc:url|enc):/.exec(rest);
    if (match === null) break;
    filters.push(match[1] === 'lc' ? (text) => text.toLowerCase() : percentEncode);
    rest = rest.slice(match[0].length);
  }
  const path = parsePath(rest);
  if (path === undefined) return undefined;
  return filters.reduce((text, filter) => filter(text), toText(lookup(path)));
}

function percentEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
