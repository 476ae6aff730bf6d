/** The outside world of a virtual call: every request of it is answered here, from memory. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isSecretName } from '../log/redact.ts';
import type { JsonValue } from '../swml/json.ts';
import { type Clock, sleep } from '../time/clock.ts';
import { type SoundPiece, soundFile } from './made-sounds.ts';

/** What a request was made for. */
export type WebPurpose = 'request' | 'document' | 'sound' | 'callback';

/** A request of the call, as its receiver got it. */
export interface WebRequest {
  readonly purpose: WebPurpose;
  readonly method: string;
  /** Without credentials and fragment. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty when there is none. */
  readonly body: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: JsonValue | undefined;
  /** Since the start of the call, seconds. */
  readonly at: number;
}

/** What answers a request; by default status 200 without a body. */
export interface WebAnswer {
  /** Default 200. */
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The body as it is. At most one of `body`, `json`, `file` and `sound`. */
  readonly body?: string | Uint8Array | undefined;
  /** The body as JSON. */
  readonly json?: unknown;
  /** The body from a file, relative to the test's folder. */
  readonly file?: string | undefined;
  /** The body as a WAV file with these sounds. */
  readonly sound?: SoundPiece | readonly SoundPiece[] | undefined;
  /** Time until the answer, seconds. */
  readonly delay?: number | undefined;
  /** No answer: the request fails in this way. `timeout` waits as long as the request allows. */
  readonly fails?: 'timeout' | 'refused' | 'network' | undefined;
}

/** @param patience how long who asks waits for an answer, seconds */
export type WebHandler = (request: WebRequest, patience: number) => WebAnswer | Promise<WebAnswer>;

/** An answer; several, one for each request, of which the last one stays; or a function that gives it. */
export type WebStub = WebAnswer | readonly WebAnswer[] | WebHandler;

/** Answers by what they are for: `URL`, `METHOD URL`; `*` stands for anything. */
export type WebStubs = Readonly<Record<string, WebStub>>;

/** An answer on its way to the one who asked. */
export interface WebResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Behind redirects. */
  readonly url: string;
}

/** No answer came. */
export class WebFailure extends Error {
  readonly reason: 'timeout' | 'refused' | 'network' | 'aborted';

  constructor(reason: WebFailure['reason'], message: string) {
    super(message);
    this.name = 'WebFailure';
    this.reason = reason;
  }
}

/** One request, before it is looked at. */
export interface WebCall {
  readonly purpose: WebPurpose;
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | undefined;
  /** Headers of each request that is sent, redirects included, by its URL and body: signatures. */
  readonly sign?: ((url: string, body: string | Uint8Array) => Readonly<Record<string, string>>) | undefined;
  /** For each answer, ms. */
  readonly timeoutMs: number;
  /** For the last answer, with the redirects that led to it, ms; default: `timeoutMs`. */
  readonly totalMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Rule {
  readonly pattern: string;
  readonly matches: (method: string, url: string) => boolean;
  readonly answer: WebHandler;
}

/** A request with what became of it. */
export interface WebExchange {
  readonly request: WebRequest;
  /** Of the answer; undefined while it is being answered, and when none came. */
  readonly status: number | undefined;
  /** Why none came. */
  readonly failure: string | undefined;
  readonly response: WebResponse | undefined;
}

type Entry = { -readonly [K in keyof WebExchange]: WebExchange[K] };

/** Told of a request when it arrives, and again when it is answered or has failed. */
export type ExchangeListener = (exchange: WebExchange, phase: 'arrived' | 'done') => void;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const MAX_REDIRECTS = 3;
/** Callbacks are taken unless something else is said of them. */
const TAKEN: WebAnswer = { status: 200 };

/** A web in memory. What nobody answers for cannot be reached, except that callbacks are taken by default. */
export class FakeWeb {
  readonly #rules: Rule[] = [];
  readonly #log: Entry[] = [];
  readonly #unreadable = new Set<string>();
  readonly #baseDir: string;

  /** @param baseDir that relative paths of `file` start from; default: the working directory */
  constructor(stubs: WebStubs = {}, baseDir = process.cwd()) {
    this.#baseDir = baseDir;
    for (const [pattern, stub] of Object.entries(stubs)) this.answers(pattern, stub);
  }

  /**
   * Answers requests for `pattern` (`URL` or `METHOD URL`, `*` for anything; a pattern without `?` takes any
   * query). Of several patterns that fit, the longest answers; of equal ones, the one given last.
   * @param anything for which `*` stands, as the source of a regular expression
   */
  answers(pattern: string, stub: WebStub, anything = '.*'): this {
    this.#rules.unshift({ pattern, matches: matcher(pattern, anything), answer: answerer(stub) });
    this.#rules.sort((one, other) => other.pattern.length - one.pattern.length);
    return this;
  }

  /** All requests so far, in order. */
  get requests(): readonly WebRequest[] {
    return this.#log.map(({ request }) => request);
  }

  /** Requests that nobody answered for, as `METHOD URL`. */
  get unanswered(): readonly string[] {
    return this.#log
      .filter(({ failure }) => failure === UNANSWERED)
      .map(({ request: { method, url } }) => `${method} ${url}`);
  }

  /** Files of answers that could not be read, each with the reason. */
  get unreadable(): readonly string[] {
    return [...this.#unreadable];
  }

  /**
   * @param startMs the clock's monotonic reading at the start of the call
   * @throws WebFailure
   */
  async exchange(
    clock: Clock,
    call: WebCall,
    startMs: number,
    listener: ExchangeListener = () => {},
  ): Promise<WebResponse> {
    let { method, body, url, headers } = call;
    const endMs = clock.monotonic() + (call.totalMs ?? call.timeoutMs);
    for (let hop = 0; ; hop++) {
      const timeoutMs = Math.min(call.timeoutMs, endMs - clock.monotonic());
      const signed = call.sign?.(withoutSecrets(url), body ?? '');
      const asked = { ...call, method, url, body, headers: { ...headers, ...signed }, timeoutMs };
      const response = await this.#once(clock, asked, startMs, listener);
      const location = redirection(response);
      if (location === undefined || hop === MAX_REDIRECTS) return response;
      const { status } = response;
      const next = URL.parse(location, url);
      if (next === null) {
        throw new WebFailure('network', `${response.url} leads to "${location}", which is no URL`);
      }
      const from = URL.parse(url);
      const isElsewhere = next.origin !== from?.origin;
      if (from !== null && !isElsewhere && next.username === '' && next.password === '') {
        next.username = from.username;
        next.password = from.password;
      }
      url = next.href;
      // RFC 9110 15.4: 303, and by custom 301 and 302 behind a POST, are followed by GET.
      const toGet = status === 303 || ((status === 301 || status === 302) && method === 'POST');
      if (toGet) [method, body] = ['GET', undefined];
      headers = headersBehind(headers ?? {}, { isElsewhere, toGet });
    }
  }

  async #once(
    clock: Clock,
    call: WebCall,
    startMs: number,
    listener: ExchangeListener,
  ): Promise<WebResponse> {
    const request = requestOf(call, (clock.monotonic() - startMs) / 1000);
    const entry: Entry = { request, status: undefined, failure: undefined, response: undefined };
    this.#log.push(entry);
    listener(entry, 'arrived');
    try {
      const response = await this.#answer(clock, call, request);
      entry.status = response.status;
      entry.response = response;
      return response;
    } catch (cause) {
      entry.failure ??= cause instanceof Error ? cause.message : String(cause);
      throw cause;
    } finally {
      listener(entry, 'done');
    }
  }

  async #answer(clock: Clock, call: WebCall, request: WebRequest): Promise<WebResponse> {
    const { method, url } = request;
    const rule = this.#rules.find(({ matches }) => matches(method, url));
    if (rule === undefined && call.purpose !== 'callback') throw new WebFailure('network', UNANSWERED);
    const patience = call.timeoutMs / 1000;
    const answer =
      rule === undefined ? TAKEN : await clock.holdWhile(Promise.resolve(rule.answer(request, patience)));
    const { delay = 0 } = answer;
    // In seconds, as who answers was told: 16.1 times 1000 is more than 16,100.
    const tooSlow = answer.fails === 'timeout' || delay > patience;
    await this.#pause(clock, tooSlow ? call.timeoutMs : delay * 1000, call.signal);
    if (tooSlow) {
      const seconds = Math.round(call.timeoutMs) / 1000;
      throw new WebFailure('timeout', `${url} did not answer within ${seconds} s`);
    }
    if (answer.fails === 'refused')
      throw new WebFailure('refused', `${url} is not an address that is allowed`);
    if (answer.fails === 'network') throw new WebFailure('network', `${url} cannot be reached`);
    return { ...(await this.#response(clock, answer)), url };
  }

  async #pause(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) throw new WebFailure('aborted', 'the request was given up');
    if (ms <= 0) return;
    try {
      await sleep(clock, ms, signal);
    } catch {
      throw new WebFailure('aborted', 'the request was given up');
    }
  }

  async #response(clock: Clock, answer: WebAnswer): Promise<Omit<WebResponse, 'url'>> {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(answer.headers ?? {})) headers[name.toLowerCase()] = value;
    const body = answer.file === undefined ? bodyOf(answer) : await clock.holdWhile(this.#read(answer.file));
    if (answer.json !== undefined) headers['content-type'] ??= 'application/json';
    if (answer.sound !== undefined) headers['content-type'] ??= 'audio/wav';
    return { status: answer.status ?? 200, headers, body };
  }

  /** Who asks takes it for a web that fails, which a document may well expect; so it is noted for the test. */
  async #read(file: string): Promise<Uint8Array> {
    try {
      return await readFile(path.resolve(this.#baseDir, file));
    } catch (cause) {
      const reason = `${file} (${cause instanceof Error ? cause.message : String(cause)})`;
      this.#unreadable.add(reason);
      throw new WebFailure('network', `the file of the answer cannot be read: ${reason}`);
    }
  }
}

const UNANSWERED = 'nothing in the test answers for this address';

function bodyOf({ body, json, sound }: WebAnswer): Uint8Array {
  if (sound !== undefined) return soundFile(sound);
  if (json !== undefined) return Buffer.from(JSON.stringify(json));
  return typeof body === 'string' ? Buffer.from(body) : (body ?? new Uint8Array(0));
}

function requestOf(call: WebCall, at: number): WebRequest {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(call.headers ?? {})) headers[name.toLowerCase()] = value;
  const userinfo = /^\s*[a-z][a-z0-9+.-]*:\/\/([^/?#]*)@/i.exec(call.url)?.[1];
  if (userinfo !== undefined) headers['authorization'] ??= basic(userinfo);
  const body = typeof call.body === 'string' ? call.body : Buffer.from(call.body ?? '').toString('utf8');
  return {
    purpose: call.purpose,
    method: call.method,
    url: withoutSecrets(call.url),
    headers,
    body,
    json: parseJson(body),
    at,
  };
}

/** As the HTTP client of a server makes it: with a colon also where there is no password. */
export function basic(userinfo: string): string {
  const [user = '', ...password] = userinfo.split(':');
  return `Basic ${Buffer.from(`${decoded(user)}:${decoded(password.join(':'))}`).toString('base64')}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Where an answer sends whoever asked; undefined: nowhere. */
export function redirection({ status, headers }: WebResponse): string | undefined {
  return REDIRECTS.has(status) ? headers['location'] : undefined;
}

/** What is sent on to where a redirect leads, as by a server: credentials are for one origin. */
function headersBehind(
  headers: Readonly<Record<string, string>>,
  { isElsewhere, toGet }: { readonly isElsewhere: boolean; readonly toGet: boolean },
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => {
      const isOfOrigin = /^host$/i.test(name) || isSecretName(name);
      return !(isElsewhere && isOfOrigin) && !(toGet && /^content-/i.test(name));
    }),
  );
}

/** A URL as requests have it: without credentials, fragment, line ends, and blanks around it. */
export function withoutSecrets(url: string): string {
  return url
    .replace(/[\t\n\r]/g, '')
    .trim()
    .replace(/#.*$/s, '')
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1');
}

function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

function matcher(pattern: string, anything: string): Rule['matches'] {
  const [, method, place] = /^(?:([A-Z]+)\s+)?(.*)$/s.exec(pattern.trim())!;
  const source = place!
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join(anything);
  const query = place!.includes('?') ? '' : '(?:\\?.*)?';
  const url = new RegExp(`^${source}${query}$`, 's');
  return (asked, where) => (method === undefined || method === asked) && url.test(where);
}

function answerer(stub: WebStub): Rule['answer'] {
  if (typeof stub === 'function') return stub;
  if (!Array.isArray(stub)) return () => stub as WebAnswer;
  const answers = stub as readonly WebAnswer[];
  let next = 0;
  return () => answers[Math.min(next++, answers.length - 1)] ?? TAKEN;
}
