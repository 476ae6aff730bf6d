import { createHash } from 'node:crypto';
import { redactUrl } from '../../log/redact.ts';
import type { HttpHeaders } from '../../net/exchange.ts';
import type { HttpClient, HttpRequest, HttpStream } from '../../net/http-client.ts';
import { HttpError } from '../../net/http-errors.ts';
import { headerText } from '../../net/redirects.ts';
import type { Clock } from '../../time/clock.ts';
import { freshnessOf, validatorsOf } from './freshness.ts';
import { SharedDownload, until } from './shared-download.ts';
import type { SoundDisk } from './sound-disk.ts';

export interface SoundCacheOptions {
  readonly http: Pick<HttpClient, 'stream'>;
  readonly clock: Clock;
  /** Of all files together, bytes. */
  readonly maxBytes: number;
  /** Where files lie over a restart, and those for which there is no room in memory. */
  readonly disk?: SoundDisk | undefined;
}

/** A file that came whole. */
interface Entry {
  readonly chunks: readonly Buffer[];
  /** What it counts for, bytes: {@link sizeOf}. */
  readonly size: number;
  readonly url: string;
  headers: HttpHeaders;
  freshUntilMs: number;
  staleUntilMs: number;
  /** When it was last written to disk, or read from there; wall clock. */
  storedAtMs: number;
}

/** What a request came to: something that any number may read, or a response for whoever asked first. */
type Source =
  | { readonly kind: 'shared'; readonly open: (signal: AbortSignal | undefined) => HttpStream }
  | { readonly kind: 'private'; response: HttpStream | undefined };

/** A file may take this share of the cache. */
const LARGEST_SHARE = 4;
/** What a file, and each piece of it, takes beside its bytes, about. */
const BYTES_BESIDE = 128;
/** A file that was found to hold is not written anew each time, ms. */
const REWRITE_MS = 3_600_000;

/**
 * Sounds that were fetched, in memory and behind it on disk, as their servers allow (RFC 9111): a private cache of GET alone, whose
 * keys are whole URLs, credentials included. A file that is being downloaded is not asked for again; one that
 * may be stale is asked for with what it said of itself; one whose server is gone stands in for itself for a
 * while (RFC 5861 4). The files used longest ago are forgotten first.
 */
export class SoundCache {
  readonly #options: SoundCacheOptions;
  /** In order of last use, oldest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #coming = new Map<string, Promise<Source>>();
  #bytes = 0;

  constructor(options: SoundCacheOptions) {
    this.#options = options;
  }

  /** As {@link HttpClient.stream}, of a GET without headers. @throws HttpError; the signal's reason */
  async stream(request: HttpRequest): Promise<HttpStream> {
    const { http, clock, maxBytes } = this.#options;
    if (maxBytes === 0) return await http.stream(request);
    const { signal } = request;
    const key = keyOf(request.url);
    const entry = this.#entries.get(key);
    if (entry !== undefined && isFresh(entry, clock.now())) return this.#use(key, entry, signal);
    let coming = this.#coming.get(key);
    if (coming === undefined) {
      coming = this.#fetch(key, request, entry);
      this.#coming.set(key, coming);
      coming.catch(() => this.#coming.delete(key));
    }
    const source = await until(coming, signal).catch((error: unknown) => {
      // Whoever leaves while it is being asked for leaves nothing open behind.
      void coming?.then(leave, () => {});
      throw error;
    });
    if (source.kind === 'shared') return source.open(signal);
    const { response } = source;
    source.response = undefined;
    return response === undefined ? await http.stream(request) : takenBy(signal, response);
  }

  async #fetch(key: string, request: HttpRequest, known: Entry | undefined): Promise<Source> {
    const { http, clock, maxBytes, disk } = this.#options;
    const entry = known ?? (await this.#fromDisk(key, request));
    if (entry !== undefined && isFresh(entry, clock.now())) return this.#kept(key, entry);
    const { signal: _ofOneReader, ...asked } = request;
    const validators = entry === undefined ? undefined : validatorsOf(entry.headers);
    const standsIn = entry !== undefined && clock.now() < entry.staleUntilMs;
    let response: HttpStream;
    try {
      response = await http.stream({ ...asked, ...(validators !== undefined && { headers: validators }) });
      // What led to this file leads elsewhere now, perhaps: its date says nothing of another one.
      const byDate = validators?.['if-modified-since'] !== undefined;
      if (response.status === 304 && response.temporary === true && byDate) {
        response.cancel();
        response = await http.stream(asked);
      }
    } catch (error) {
      if (entry === undefined || !standsIn || !isAway(error)) throw error;
      return this.#kept(key, entry);
    }
    const { status, headers, temporary } = response;
    if (entry !== undefined && (status === 304 || (status >= 500 && standsIn))) {
      response.cancel();
      // How long others have kept it is told anew with each answer.
      if (status === 304)
        this.#confirm(key, entry, { ...entry.headers, age: undefined, ...headers }, temporary);
      return this.#kept(key, entry);
    }
    if (entry !== undefined) this.#forget(key);
    const limit = Math.floor(maxBytes / LARGEST_SHARE);
    const length = Number(headerText(headers, 'content-length') ?? 0);
    if (status !== 200 || length > limit || !freshnessOf(headers, clock.now(), temporary).storable) {
      this.#coming.delete(key);
      if (entry !== undefined) disk?.drop(key);
      return { kind: 'private', response };
    }
    const download = new SharedDownload(response, limit, (chunks) => {
      this.#coming.delete(key);
      if (chunks !== undefined) this.#keep(key, response, chunks);
    });
    return { kind: 'shared', open: (signal) => download.open(signal) };
  }

  #kept(key: string, entry: Entry): Source {
    this.#coming.delete(key);
    return { kind: 'shared', open: (signal) => this.#use(key, entry, signal) };
  }

  #use(key: string, entry: Entry, signal: AbortSignal | undefined): HttpStream {
    if (this.#entries.delete(key)) this.#entries.set(key, entry);
    const { url, headers, chunks } = entry;
    return { status: 200, headers, url, redirects: 0, body: pieces(chunks, signal), cancel: () => {} };
  }

  #keep(key: string, { url, headers, temporary }: HttpStream, chunks: readonly Buffer[]): void {
    const entry: Entry = { ...blank(chunks, url, headers), url, headers };
    this.#renew(entry, headers, temporary);
    this.#remember(key, entry);
    this.#store(key, entry);
  }

  #remember(key: string, entry: Entry): void {
    this.#forget(key);
    this.#entries.set(key, entry);
    this.#bytes += entry.size;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#options.maxBytes) break;
      this.#forget(oldest);
    }
  }

  async #fromDisk(
    key: string,
    { url, maxBodyBytes = Number.POSITIVE_INFINITY }: HttpRequest,
  ): Promise<Entry | undefined> {
    const { clock, disk, maxBytes } = this.#options;
    if (disk === undefined) return undefined;
    const stored = await clock.holdWhile(disk.get(key));
    if (stored === undefined) return undefined;
    const { chunks, headers } = stored;
    // It was stored with other settings, perhaps.
    if (lengthOf(chunks) > Math.min(maxBytes / LARGEST_SHARE, maxBodyBytes)) return undefined;
    const entry: Entry = { ...blank(chunks, url, headers), ...stored, url: redactUrl(url) };
    this.#remember(key, entry);
    return entry;
  }

  #store(key: string, entry: Entry): void {
    entry.storedAtMs = this.#options.clock.now();
    this.#options.disk?.put(key, entry);
  }

  /** Its server says that it still holds, and perhaps that it is not to be kept any more. */
  #confirm(key: string, entry: Entry, headers: HttpHeaders, temporary: boolean | undefined): void {
    if (!this.#renew(entry, headers, temporary)) {
      this.#forget(key);
      this.#options.disk?.drop(key);
      return;
    }
    const agoMs = this.#options.clock.now() - entry.storedAtMs;
    if (agoMs < 0 || agoMs > REWRITE_MS) this.#store(key, entry);
  }

  /** @returns whether it may be kept */
  #renew(entry: Entry, headers: HttpHeaders, temporary: boolean | undefined): boolean {
    const nowMs = this.#options.clock.now();
    const { storable, freshMs, staleMs } = freshnessOf(headers, nowMs, temporary);
    entry.headers = headers;
    entry.freshUntilMs = nowMs + freshMs;
    entry.staleUntilMs = nowMs + freshMs + staleMs;
    return storable;
  }

  #forget(key: string): void {
    this.#bytes -= this.#entries.get(key)?.size ?? 0;
    this.#entries.delete(key);
  }
}

/** Not where the clock was set back behind the time at which it was stored: nobody knows then how old it is. */
function isFresh({ storedAtMs, freshUntilMs }: Entry, nowMs: number): boolean {
  return nowMs >= storedAtMs && nowMs < freshUntilMs;
}

function blank(chunks: readonly Buffer[], url: string, headers: HttpHeaders) {
  const size = sizeOf(chunks, url, headers);
  return { chunks, size, freshUntilMs: 0, staleUntilMs: 0, storedAtMs: 0 };
}

/** With what is kept beside its bytes: of very many small files, or empty ones, that is the most. */
function sizeOf(chunks: readonly Buffer[], url: string, headers: HttpHeaders): number {
  let size = lengthOf(chunks) + (chunks.length + 1) * BYTES_BESIDE + url.length;
  for (const [name, value] of Object.entries(headers)) size += name.length + String(value).length;
  return size;
}

function lengthOf(chunks: readonly Buffer[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}

/** No answer is to be had; not: one that is of no use the next time either, of a file that is too large, say. */
function isAway(error: unknown): boolean {
  return error instanceof HttpError && (error.retry !== 'never' || (error.status ?? 200) >= 500);
}

/** It was asked for without the signal of anybody: from now on, it ends with whoever has it. */
function takenBy(signal: AbortSignal | undefined, response: HttpStream): HttpStream {
  if (signal?.aborted === true) response.cancel();
  else signal?.addEventListener('abort', () => response.cancel(), { once: true });
  return response;
}

function leave(source: Source): void {
  if (source.kind === 'shared') source.open(undefined).cancel();
  else source.response?.cancel();
  if (source.kind === 'private') source.response = undefined;
}

/** Credentials are part of it, and not to be read in it. The fragment is for us alone, and never sent. */
function keyOf(url: string): string {
  return createHash('sha256').update(url.replace(/#.*$/s, '')).digest('base64');
}

async function* pieces(chunks: readonly Buffer[], signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  for (const chunk of chunks) {
    signal?.throwIfAborted();
    yield chunk;
  }
}
