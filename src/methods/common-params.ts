/** Properties that several methods have, and kinds of texts that several properties take. */
import * as s from '../swml/schema.ts';
import { anyCase } from '../swml/schema-json.ts';

export function statusUrl(event: string) {
  return s.string({ description: `Where \`${event}\` callbacks go.`, format: 'http-url' });
}

export const CALLBACK_METHOD = s.string({
  description: 'HTTP method of the callbacks.',
  enum: ['GET', 'POST'],
  default: 'POST',
});

/** A text that lists words: separated by commas or by blanks. */
export function wordList<const O extends s.SchemaInfo>(
  words: readonly string[],
  separator: 'comma' | 'blank',
  options: O,
) {
  const allowed = `a ${separator} list of ${words.join(', ')}`;
  return s.string({
    ...options,
    allowed,
    check: (text) =>
      splitWords(text, separator).every((word) => words.includes(word)) ? undefined : allowed,
  });
}

export function splitWords(text: string, separator: 'comma' | 'blank'): string[] {
  return text
    .split(separator === 'comma' ? ',' : /\s+/)
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** Names of codecs, separated by commas, in upper case. */
export function codecList(text: string): string[] {
  return splitWords(text, 'comma').map((name) => name.toUpperCase());
}

/** An address with one of these schemes. */
export function address<const O extends s.SchemaInfo>(schemes: readonly string[], options: O) {
  const allowed = `a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`;
  return s.string({
    ...options,
    allowed,
    jsonSchema: { pattern: `^\\s*(?:${schemes.map(anyCase).join('|')}):` },
    check: (text) => {
      const scheme = URL.parse(text)?.protocol.slice(0, -1);
      return scheme !== undefined && schemes.includes(scheme) ? undefined : allowed;
    },
  });
}

const STREAM_CODEC = /^(?:PCMU|PCMA|G722|L16)(?:@\d+h)?(?:@\d+i)?$/i;

/** How a two-way media stream is set up (`connect` to `stream:`, `join_conference.stream`). */
export const STREAM_PROPERTIES = {
  name: s.string({ description: 'Label of the stream, repeated in its events.' }),
  codec: s.string({
    description: 'Codec of the stream; `@<rate>h` and `@<ms>i` set sample rate and packet time.',
    default: 'PCMU',
    pattern: STREAM_CODEC,
    allowed: 'PCMU, PCMA, G722 or L16, with @<rate>h and @<ms>i behind it if need be',
    examples: ['L16@24000h@40i'],
  }),
  realtime: s.boolean({ description: 'Sends audio at once instead of evenly.', default: false }),
  status_url_method: s.string({
    description: 'HTTP method of the `calling.call.stream` callbacks.',
    enum: ['GET', 'POST'],
    default: 'POST',
  }),
  authorization_bearer_token: s.string({
    description: 'Sent as `Authorization: Bearer` with the handshake.',
  }),
  custom_parameters: s.record(s.string({ description: 'A value.' }), {
    description: 'Sent in the start message of the stream.',
  }),
} as const;

/** An operation to stop. */
export function controlIdToStop(variable: string) {
  return s.string({
    description: 'Which one to stop.',
    defaultText: `variable \`${variable}\`: the one that was started last`,
  });
}

export const newControlId = s.string({
  description: 'Name of this operation, to stop it by; one that no other running one has.',
  maxLength: 255,
  defaultText: 'a new UUID',
});

/** `success` or `failed`. */
export function successVariable(name: string, description: string) {
  return { name, type: 'string', values: ['success', 'failed'], description } as const;
}
