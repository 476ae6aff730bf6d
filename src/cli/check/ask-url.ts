/** Asks a web server for a document in the way in which a call does. */
import { callingPayload, messagingPayload } from '../../engine/payload.ts';
import { silentLogger } from '../../log/logger.ts';
import { redactUrl } from '../../log/redact.ts';
import { HttpClient, type HttpResponse } from '../../net/http-client.ts';
import { HttpError } from '../../net/http-errors.ts';
import { parseHttpUrl } from '../../net/http-url.ts';
import type { DocumentKind } from '../../swml/error-codes.ts';
import type { JsonObject } from '../../swml/json.ts';
import { MAX_DOCUMENT_BYTES } from '../../swml/parse.ts';
import { RealClock } from '../../time/real-clock.ts';
import { UsageError } from '../errors.ts';
import type { FoundDocument } from './find-documents.ts';

export interface AskOptions {
  /** What is sent; default: a made-up call or message. */
  readonly payload?: JsonObject;
  /** What cannot be done, in messages; default `check`. */
  readonly action?: string;
}

/** Answers of servers that only hand out files. */
const METHOD_REFUSED: ReadonlySet<number> = new Set([405, 501]);

/**
 * By POST, with the payload of a made-up call or message, or another one (spec/document.md 2.3, 2.4); by GET when the server
 * takes no POST. The address was typed by the user, so it may be a private one; what it redirects to may not.
 * @throws UsageError when no document comes
 */
export async function askForDocument(
  url: string,
  kind: DocumentKind,
  options: AskOptions = {},
): Promise<FoundDocument> {
  const { payload = SAMPLES[kind], action = 'check' } = options;
  const name = redactUrl(url);
  try {
    const http = new HttpClient({ clock: new RealClock(), log: silentLogger, allow: [authorityOf(url)] });
    try {
      let response = await ask(http, url, payload);
      if (METHOD_REFUSED.has(response.status)) response = await ask(http, url, undefined);
      if (response.status < 200 || response.status > 299) {
        throw new UsageError(`cannot ${action} ${name}: it answered ${response.status}, expected 2xx`);
      }
      return { name, text: response.body.toString('utf8') };
    } finally {
      await http.close();
    }
  } catch (cause) {
    if (!(cause instanceof HttpError)) throw cause;
    // The message names the URL, too.
    throw new UsageError(`cannot ${action} ${name}: ${cause.message.replace(`${name}: `, '')}`, { cause });
  }
}

function ask(http: HttpClient, url: string, payload: JsonObject | undefined): Promise<HttpResponse> {
  return http.fetch({
    url,
    method: payload === undefined ? 'GET' : 'POST',
    ...(payload !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(payload),
    }),
    maxBodyBytes: MAX_DOCUMENT_BYTES,
  });
}

/** `host:port`, as the guard of addresses takes it. */
function authorityOf(text: string): string {
  const { url } = parseHttpUrl(text);
  return `${url.hostname}:${url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port}`;
}

const ID = '00000000-0000-4000-8000-000000000000';
const NOTHING = { vars: {}, envs: {}, params: {} };

const SAMPLES: Readonly<Record<DocumentKind, JsonObject>> = {
  calling: callingPayload(
    {
      call_id: ID,
      node_id: ID,
      segment_id: ID,
      call_state: 'created',
      direction: 'inbound',
      type: 'sip',
      from: 'sip:caller@example.com',
      to: 'sip:check@example.com',
      headers: [],
      sip_data: {
        sip_req_user: 'check',
        sip_req_host: 'example.com',
        sip_req_uri: 'check@example.com',
        sip_from_user: 'caller',
        sip_from_host: 'example.com',
        sip_from_uri: 'caller@example.com',
        sip_to_user: 'check',
        sip_to_host: 'example.com',
        sip_to_uri: 'check@example.com',
      },
      project_id: ID,
      space_id: ID,
    },
    NOTHING,
  ),
  messaging: messagingPayload(
    {
      message_id: ID,
      project_id: ID,
      space_id: ID,
      direction: 'inbound',
      type: 'sms',
      from: '+15550100',
      to: '+15550101',
      body: 'check',
      media: [],
      segments: 1,
      timestamp: '2026-01-01T00:00:00Z',
    },
    { params: {} },
  ),
};
