import { classifyDest } from '../../methods/dest.ts';
import { isObject, type JsonValue, preview } from '../../swml/json.ts';
import * as s from '../../swml/schema.ts';
import { defineCommand } from './command.ts';
import { refusal } from './issues.ts';
import { type DocumentSource, replaceDocument } from './new-document.ts';

/** spec/call-control.md 10 */
export const transfer = defineCommand({
  name: 'calling.transfer',
  summary:
    'Puts another document, or a call to somebody, in the place of the running document; variables and recordings stay.',
  params: s.object(
    {
      dest: s.any({
        description:
          'A document: its URL (fetched by POST), or itself, as an object or as a text in JSON or YAML. Until it is there and holds, the running one goes on. Or a SIP URI or phone number, which is called as by `connect`; after the talk the call is hung up.',
        required: true,
      }),
    },
    { description: 'Parameters of `calling.transfer`.' },
  ),
  callId: 'id',
  needsAnswer: true,
  examples: [
    '{"dest": "https://example.com/next.yaml"}',
    '{"dest": {"sections": {"main": [{"play": "say:Goodbye."}]}}}',
    '{"dest": "sip:desk@example.com"}',
  ],
  async run(context, { dest }) {
    await replaceDocument(context, sourceOf(dest));
    return {};
  },
});

function sourceOf(dest: JsonValue): DocumentSource {
  const attribute = 'dest';
  if (isObject(dest) && !isDevice(dest)) return { kind: 'inline', value: dest, attribute };
  if (typeof dest === 'string') {
    const kind = classifyDest(dest);
    if (kind === 'url') return { kind: 'url', url: dest, attribute };
    if (kind === 'inline' || ONE_LINE.test(dest)) return { kind: 'inline', value: dest, attribute };
  }
  const to = isDevice(dest) ? addressOf(dest) : dest;
  if (typeof to === 'string' && CALLABLE.test(to)) {
    const main = [{ connect: { to } }, { hangup: {} }];
    return { kind: 'inline', value: { sections: { main } }, attribute };
  }
  if (isDevice(dest) || (typeof dest === 'string' && isAddress(dest))) {
    const message = `This version transfers to documents, SIP URIs and phone numbers only: found ${preview(dest)}`;
    throw refusal({ code: 'invalid_parameter', message, attribute });
  }
  const message = `"dest" is no destination: expected the URL of a document, a document as an object or a text in JSON or YAML, a SIP URI or a phone number, found ${preview(dest)}`;
  throw refusal({ code: 'invalid_parameter', message, attribute });
}

/** A document in YAML on a single line. In a document it would be the name of a section; here there are none. */
const ONE_LINE = /^\s*(["']?)sections\1\s*:/;

/** What `connect` can call. */
const CALLABLE = /^(?:sip:.+|\+?[0-9*#]+)$/i;

/** Where a device is: `to_number` of a phone, `to` of others. */
function addressOf(device: JsonValue): JsonValue | undefined {
  const params = isObject(device) ? device['params'] : undefined;
  if (params === undefined || !isObject(params)) return undefined;
  return params['to_number'] ?? params['to'];
}

/** `{type: "phone", params: {to_number}}`, as a client library writes it. */
function isDevice(dest: JsonValue): boolean {
  return isObject(dest) && typeof dest['type'] === 'string' && !Object.hasOwn(dest, 'sections');
}

/** E.164, a SIP URI, another kind of address, or a resource. */
function isAddress(dest: string): boolean {
  return /^(?:\+?\d+$|(?:sips?|tel|verto|client|context|queue):|\/)/i.test(dest);
}
