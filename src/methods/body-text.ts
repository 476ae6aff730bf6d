/**
 * The body of an answer, as `HttpAnswer` has it.
 * @param truncated it was cut at a number of bytes: what is left of a character at its end is left out
 */
export function bodyText(bytes: Uint8Array, truncated: boolean): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes, { stream: truncated });
}
