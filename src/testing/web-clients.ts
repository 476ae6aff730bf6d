/** The fake web in the forms in which the parts of a call ask for things. */
import { callSigner, type HttpSenderOptions, refusedReceiver } from '../callbacks/http-sender.ts';
import { HEADER_NAME } from '../call/invite-check.ts';
import type { SoundLoaderOptions } from '../call/sounds/loader.ts';
import type { DocumentLoader } from '../engine/document-source.ts';
import { bodyText } from '../methods/body-text.ts';
import { type HttpClient, HttpFailure } from '../methods/context.ts';
import { MAX_DOCUMENT_BYTES } from '../swml/parse.ts';
import type { Clock } from '../time/clock.ts';
import {
  type ExchangeListener,
  type FakeWeb,
  redirection,
  type WebCall,
  WebFailure,
  type WebResponse,
  withoutSecrets,
} from './web.ts';

export interface WebClients {
  /** `request` and its like. */
  readonly script: HttpClient;
  /** Documents by URL. */
  readonly documents: DocumentLoader;
  /** Sounds by URL. */
  readonly sounds: SoundLoaderOptions['http'];
  /** Callbacks. */
  readonly callbacks: HttpSenderOptions['http'];
}

/** Deadlines of the server's own requests (spec/callbacks.md 4), ms. */
const SERVER_DEADLINES = { readMs: 5000, totalMs: 15_000 };
/** Within which the fragment of a URL may set them, ms. */
const MIN_DEADLINE_MS = 100;
const MAX_DEADLINE_MS = 15_000;

/** What values of headers may not hold (RFC 9110 5.5). */
const UNSAFE_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * @param startMs the clock's monotonic reading at the start of the call
 * @param signingKey signs the requests for documents; callbacks bring their own signatures
 */
export function webClients(
  web: FakeWeb,
  clock: Clock,
  startMs: number,
  listener: ExchangeListener,
  signingKey?: string,
): WebClients {
  const sign = callSigner(signingKey);
  const ask = (call: WebCall): Promise<WebResponse> => web.exchange(clock, call, startMs, listener);
  return {
    script: {
      async request({ url, method, headers, body, timeoutMs, maxBodyBytes, signal }) {
        try {
          assertHeaders(url, headers);
          const response = await ask({
            purpose: 'request',
            url,
            method,
            headers,
            body,
            ...patienceFor(url, { readMs: timeoutMs, totalMs: timeoutMs }),
            signal,
          });
          // What leads on behind as many redirects as are followed is no answer to a script.
          if (redirection(response) !== undefined) {
            throw new WebFailure('network', `${withoutSecrets(url)}: too many redirects`);
          }
          const truncated = response.body.length > maxBodyBytes;
          return {
            status: response.status,
            headers: Object.entries(response.headers),
            body: bodyText(response.body.subarray(0, maxBodyBytes), truncated),
            truncated,
          };
        } catch (cause) {
          if (cause instanceof WebFailure) throw new HttpFailure(cause.reason, cause.message, { cause });
          throw cause;
        }
      },
    },
    documents: {
      async load({ url, method, payload, signal }) {
        const hasBody = method !== 'GET';
        const response = await ask({
          purpose: 'document',
          url,
          method,
          ...(hasBody && {
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(payload),
          }),
          sign,
          ...patienceFor(url),
          signal,
        });
        if (response.body.length > MAX_DOCUMENT_BYTES) {
          throw new Error(
            `${response.url}: the body is larger than the limit of ${MAX_DOCUMENT_BYTES} bytes`,
          );
        }
        if (response.status < 200 || response.status > 299) {
          throw new Error(`${response.url} answered ${response.status}, expected 2xx`);
        }
        return { text: Buffer.from(response.body).toString('utf8'), name: response.url };
      },
    },
    sounds: {
      async stream({ url, signal }) {
        const response = await ask({
          purpose: 'sound',
          url,
          method: 'GET',
          ...patienceFor(url),
          signal,
        });
        return { ...response, redirects: 0, body: inOnePiece(response.body), cancel: () => {} };
      },
    },
    callbacks: {
      async fetch({ url, method = 'GET', headers = {}, body, sign, signal }) {
        const response = await ask({
          purpose: 'callback',
          url,
          method,
          headers,
          body,
          sign,
          ...patienceFor(url),
          signal,
        }).catch((cause: unknown) => {
          // Which is not tried again.
          if (!(cause instanceof WebFailure && cause.reason === 'refused')) throw cause;
          throw refusedReceiver(cause.message, cause);
        });
        return { ...response, body: Buffer.from(response.body), truncated: false, redirects: 0 };
      },
    },
  };
}

/** @throws WebFailure for a header that the HTTP client of a server cannot send: then nobody is asked */
function assertHeaders(url: string, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    if (HEADER_NAME.test(name) && !UNSAFE_VALUE.test(value)) continue;
    const reason = `the request is not valid (invalid ${name.toLowerCase()} header)`;
    throw new WebFailure('network', `${withoutSecrets(url)}: ${reason}`);
  }
}

/**
 * How long an answer is waited for, ms: as by the HTTP client of a server, for which `#rt=4000&tt=9000` in the URL goes
 * before anything else. Whoever answers here is connected to at once, and answers in one piece.
 */
function patienceFor(
  url: string,
  { readMs, totalMs } = SERVER_DEADLINES,
): Required<Pick<WebCall, 'timeoutMs' | 'totalMs'>> {
  const fields = new URLSearchParams(/#(.*)$/s.exec(url.trim())?.[1]);
  const deadline = (name: string, otherwise: number): number => {
    const value = fields.get(name) ?? '';
    if (!/^\d{1,9}$/.test(value)) return otherwise;
    return Math.min(Math.max(Number(value), MIN_DEADLINE_MS), MAX_DEADLINE_MS);
  };
  return { timeoutMs: deadline('rt', readMs), totalMs: deadline('tt', totalMs) };
}

async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Buffer> {
  yield Buffer.from(bytes);
}
