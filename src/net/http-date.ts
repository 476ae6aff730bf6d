/** Begins with the name of a day; `Date.parse` alone would take much else for one: `3600` is a year to it. */
const DATE = /^[A-Z][a-z]{2,8}[, ]/;
/** Ends with the time of day, or with the year behind that (asctime): no zone is named. */
const WITHOUT_ZONE = /:\d{2}(?: \d{4})?$/;

/**
 * Unix ms of a date in a header, in any of its three forms (RFC 9110 5.6.7); undefined when it is none. The oldest
 * form names no zone, and is UTC like the others.
 */
export function parseHttpDate(text: string | undefined): number | undefined {
  const written = text?.trim() ?? '';
  if (!DATE.test(written)) return undefined;
  const ms = Date.parse(WITHOUT_ZONE.test(written) ? `${written} GMT` : written);
  return Number.isNaN(ms) ? undefined : ms;
}
