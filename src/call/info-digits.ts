/** A key that came in a SIP INFO request. */
export interface InfoDigit {
  /** One of `0-9A-D*#`. */
  readonly digit: string;
  readonly durationMs: number;
}

/** What most phones mean when they give no duration. */
const DEFAULT_DURATION_MS = 160;

/**
 * Reads the two body types that phones use for keys in INFO: `application/dtmf-relay`
 * (`Signal=5`, `Duration=160`) and `application/dtmf` (the key alone). Neither has an RFC; both are in wide
 * use, and signals 10 and 11 stand for `*` and `#` in some phones.
 * @returns undefined for any other content
 */
export function parseInfoDigit(contentType: string, body: string): InfoDigit | undefined {
  const type = contentType.split(';')[0]!.trim().toLowerCase();
  if (type === 'application/dtmf-relay') {
    // Blanks, no line ends: of a body of empty lines, each would have the rest of them looked through again.
    const signal = /^[ \t]*signal[ \t]*=[ \t]*(\S+)/im.exec(body)?.[1];
    const duration = Number(/^[ \t]*duration[ \t]*=[ \t]*(\d{1,6})/im.exec(body)?.[1] ?? DEFAULT_DURATION_MS);
    return toDigit(signal, duration);
  }
  if (type === 'application/dtmf') return toDigit(body.trim(), DEFAULT_DURATION_MS);
  return undefined;
}

function toDigit(signal: string | undefined, durationMs: number): InfoDigit | undefined {
  if (signal === undefined) return undefined;
  const named = signal === '10' ? '*' : signal === '11' ? '#' : signal.toUpperCase();
  return /^[0-9A-D*#]$/.test(named) ? { digit: named, durationMs } : undefined;
}
