/**
 * A moment in the words of strftime (POSIX, and the extensions `k`, `l`, `P`, `s` and `-` of GNU), in English.
 * @param zone IANA name
 * @returns undefined for an unknown zone; a conversion that is unknown stays as it is
 */
export function strftime(unixMs: number, zone: string, format: string): string | undefined {
  let moment: Moment;
  try {
    moment = momentOf(unixMs, zone);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return write(moment, format);
}

interface Moment {
  readonly unixMs: number;
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Sunday is 0. */
  readonly weekday: number;
  /** From 1. */
  readonly dayOfYear: number;
  readonly zoneName: string;
  /** `+0530` */
  readonly offset: string;
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October'],
  ...['November', 'December'],
];
const DAY_MS = 86_400_000;

function two(value: number, fill = '0'): string {
  return String(value).padStart(2, fill);
}

const CONVERSIONS: Readonly<Record<string, (m: Moment) => string>> = {
  '%': () => '%',
  a: (m) => DAYS[m.weekday]!.slice(0, 3),
  A: (m) => DAYS[m.weekday]!,
  b: (m) => MONTHS[m.month - 1]!.slice(0, 3),
  B: (m) => MONTHS[m.month - 1]!,
  c: (m) => write(m, '%a %b %e %H:%M:%S %Y'),
  C: (m) => two(Math.floor(m.year / 100)),
  d: (m) => two(m.day),
  D: (m) => write(m, '%m/%d/%y'),
  e: (m) => two(m.day, ' '),
  F: (m) => write(m, '%Y-%m-%d'),
  g: (m) => two(isoWeek(m).year % 100),
  G: (m) => String(isoWeek(m).year),
  h: (m) => write(m, '%b'),
  H: (m) => two(m.hour),
  I: (m) => two(m.hour % 12 || 12),
  j: (m) => String(m.dayOfYear).padStart(3, '0'),
  k: (m) => two(m.hour, ' '),
  l: (m) => two(m.hour % 12 || 12, ' '),
  m: (m) => two(m.month),
  M: (m) => two(m.minute),
  n: () => '\n',
  p: (m) => (m.hour < 12 ? 'AM' : 'PM'),
  P: (m) => (m.hour < 12 ? 'am' : 'pm'),
  r: (m) => write(m, '%I:%M:%S %p'),
  R: (m) => write(m, '%H:%M'),
  s: (m) => String(Math.floor(m.unixMs / 1_000)),
  S: (m) => two(m.second),
  t: () => '\t',
  T: (m) => write(m, '%H:%M:%S'),
  u: (m) => String(m.weekday || 7),
  U: (m) => two(Math.floor((m.dayOfYear + 6 - m.weekday) / 7)),
  V: (m) => two(isoWeek(m).week),
  w: (m) => String(m.weekday),
  W: (m) => two(Math.floor((m.dayOfYear + 6 - ((m.weekday + 6) % 7)) / 7)),
  x: (m) => write(m, '%m/%d/%y'),
  X: (m) => write(m, '%H:%M:%S'),
  y: (m) => two(m.year % 100),
  Y: (m) => String(m.year),
  z: (m) => m.offset,
  Z: (m) => m.zoneName,
};

function write(moment: Moment, format: string): string {
  return format.replace(/%(-?)([A-Za-z%])/g, (whole, unpadded: string, letter: string) => {
    const text = CONVERSIONS[letter]?.(moment);
    if (text === undefined) return whole;
    return unpadded === '' ? text : text.replace(/^[0 ]+(?=.)/, '');
  });
}

function momentOf(unixMs: number, zone: string): Moment {
  const read = (options: Intl.DateTimeFormatOptions): Readonly<Record<string, string>> =>
    Object.fromEntries(
      new Intl.DateTimeFormat('en-US', { timeZone: zone, ...options })
        .formatToParts(unixMs)
        .map(({ type, value }) => [type, value]),
    );
  const parts = read({
    ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' },
    ...{ second: 'numeric', hourCycle: 'h23', timeZoneName: 'short' },
  });
  const { timeZoneName = '' } = read({ timeZoneName: 'longOffset' });
  const number = (name: string): number => Number(parts[name]);
  const [year, month, day] = [number('year'), number('month'), number('day')];
  const midnight = Date.UTC(year, month - 1, day);
  return {
    ...{ unixMs, year, month, day, hour: number('hour'), minute: number('minute'), second: number('second') },
    weekday: new Date(midnight).getUTCDay(),
    dayOfYear: (midnight - Date.UTC(year, 0, 1)) / DAY_MS + 1,
    zoneName: parts['timeZoneName']!,
    offset: timeZoneName === 'GMT' ? '+0000' : timeZoneName.replace(/^GMT|:/g, ''),
  };
}

/** ISO 8601: weeks begin on Monday, and the first one has the first Thursday of its year. */
function isoWeek({ year, month, day, weekday }: Moment): { readonly year: number; readonly week: number } {
  const thursday = new Date(Date.UTC(year, month - 1, day + 4 - (weekday || 7)));
  const ofYear = thursday.getUTCFullYear();
  return { year: ofYear, week: Math.floor((thursday.getTime() - Date.UTC(ofYear, 0, 1)) / DAY_MS / 7) + 1 };
}
