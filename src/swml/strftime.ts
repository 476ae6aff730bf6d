/**
 * A moment in the words of strftime (POSIX), in English.
 * @param zone IANA name
 * @returns undefined for an unknown zone
 */
export function strftime(unixMs: number, zone: string, format: string): string | undefined {
  let parts: Readonly<Record<string, string>>;
  try {
    parts = partsOf(unixMs, zone);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return format.replace(/%([A-Za-z%])/g, (whole, letter: string) => CONVERSIONS[letter]?.(parts) ?? whole);
}

type Parts = Readonly<Record<string, string>>;

const CONVERSIONS: Readonly<Record<string, (parts: Parts) => string>> = {
  '%': () => '%',
  Y: (p) => p['year']!,
  y: (p) => p['year']!.slice(-2),
  m: (p) => p['month']!,
  d: (p) => p['day']!,
  e: (p) => String(Number(p['day'])).padStart(2, ' '),
  H: (p) => p['hour']!,
  I: (p) => String(Number(p['hour']) % 12 || 12).padStart(2, '0'),
  M: (p) => p['minute']!,
  S: (p) => p['second']!,
  p: (p) => (Number(p['hour']) < 12 ? 'AM' : 'PM'),
  A: (p) => p['weekday']!,
  a: (p) => p['weekday']!.slice(0, 3),
  B: (p) => p['monthName']!,
  b: (p) => p['monthName']!.slice(0, 3),
  j: (p) => String(dayOfYear(p)).padStart(3, '0'),
  Z: (p) => p['zoneName']!,
  z: (p) => p['offset']!,
  F: (p) => `${p['year']}-${p['month']}-${p['day']}`,
  T: (p) => `${p['hour']}:${p['minute']}:${p['second']}`,
  R: (p) => `${p['hour']}:${p['minute']}`,
  D: (p) => `${p['month']}/${p['day']}/${p['year']!.slice(-2)}`,
};

function partsOf(unixMs: number, zone: string): Parts {
  const read = (options: Intl.DateTimeFormatOptions): Record<string, string> =>
    Object.fromEntries(
      new Intl.DateTimeFormat('en-US', { timeZone: zone, ...options })
        .formatToParts(unixMs)
        .map(({ type, value }) => [type, value]),
    );
  const numbers = read({
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  const names = read({ weekday: 'long', month: 'long', timeZoneName: 'short' });
  const { timeZoneName = '' } = read({ timeZoneName: 'longOffset' });
  return {
    ...numbers,
    weekday: names['weekday']!,
    monthName: names['month']!,
    zoneName: names['timeZoneName']!,
    offset: timeZoneName === 'GMT' ? '+0000' : timeZoneName.replace(/^GMT|:/g, ''),
  };
}

function dayOfYear(parts: Parts): number {
  const [year, month, day] = [Number(parts['year']), Number(parts['month']), Number(parts['day'])];
  return (Date.UTC(year, month - 1, day) - Date.UTC(year, 0, 1)) / 86_400_000 + 1;
}
