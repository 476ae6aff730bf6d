import type { CallbackEnvelope } from './events.ts';

/**
 * The URL of a callback that goes out by GET: the event is flattened into the query, nested names joined by
 * dots (`params.record.audio.format=wav`), items of lists by their index, `null` as an empty value. What the
 * URL already has stays in front; its fragment stays behind.
 */
export function withEventQuery(url: string, envelope: CallbackEnvelope): string {
  const query = new URLSearchParams();
  flatten(query, '', envelope);
  // Blanks behind it are no part of it, and would be one in front of the query.
  const written = url.trim();
  const hash = written.indexOf('#');
  const address = hash < 0 ? written : written.slice(0, hash);
  const fragment = hash < 0 ? '' : written.slice(hash);
  const separator = !address.includes('?') ? '?' : /[?&]$/.test(address) ? '' : '&';
  return `${address}${separator}${query}${fragment}`;
}

function flatten(query: URLSearchParams, name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) {
    query.append(name, value === null ? '' : String(value));
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    flatten(query, name === '' ? key : `${name}.${key}`, inner);
  }
}
