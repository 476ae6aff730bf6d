import { readdir, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CallInfo } from '../call/leg.ts';
import type { MediaClient } from '../call/media-client.ts';
import type { DocumentLoader } from '../engine/document-source.ts';
import { callObject } from '../engine/payload.ts';
import type { Logger } from '../log/logger.ts';
import { redactUrisIn, redactUrl } from '../log/redact.ts';
import type { HttpClient } from '../methods/context.ts';
import { recordingFileName } from '../recording/recording-path.ts';
import type { Clock, Timer } from '../time/clock.ts';
import {
  CallTracer,
  type WebAnswerFacts,
  type WebRequestFacts,
  withoutSecretsOfCall,
} from '../trace/call-tracer.ts';
import { TRACE_VERSION, type TraceHeader } from '../trace/format.ts';
import { TraceFile } from '../trace/trace-file.ts';
import type { Config } from './config-keys.ts';
import type { AskedServer, AskListener } from './documents.ts';

export interface CallTracesOptions {
  /** Folder of the traces. */
  readonly dir: string;
  /** Days after which traces are deleted. */
  readonly keepDays: number;
  /** How what callers say is kept: as it is, encrypted as recordings are, or not at all. */
  readonly audio: 'plain' | 'encrypted' | 'none';
  /** Path or URL of the document of all calls, without credentials. */
  readonly document: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const DAY_MS = 86_400_000;
const SWEEP_INTERVAL_MS = 3_600_000;
const DAY_FOLDER = /^\d{4}-\d\d-\d\d$/;
const TRACE_NAME = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(?:jsonl|wav|wav\.enc)(?:\.part)?$/;

/** The traces of a server's calls: a file for each call, and one with what the party said. */
export class CallTraces {
  readonly #options: CallTracesOptions;
  #timer: Timer | undefined;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(options: CallTracesOptions) {
    this.#options = options;
  }

  /** Deletes old traces, now and once an hour. */
  start(): void {
    const sweep = (): void => {
      this.#sweeping = this.#sweep().catch((cause: unknown) =>
        this.#options.log.error({ err: cause, folder: this.#options.dir }, 'old traces cannot be deleted'),
      );
    };
    this.#timer = this.#options.clock.every(SWEEP_INTERVAL_MS, sweep);
    sweep();
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.#sweeping;
  }

  /** Begins the trace of a call. */
  open(call: CallInfo, log: Logger): CallTrace {
    const { dir, clock, document, version, audio } = this.#options;
    const startedAt = new Date(clock.now()).toISOString();
    const folder = path.join(dir, startedAt.slice(0, 10));
    const header: TraceHeader = {
      openswml_trace: TRACE_VERSION,
      call: redactUrisIn(withoutSecretsOfCall(callObject(call))),
      started_at: startedAt,
      document,
      virtual: false,
      version,
    };
    const file = new TraceFile(path.join(folder, `${call.call_id}.jsonl`), header, { clock, log });
    return new CallTrace({
      tracer: new CallTracer(clock, (event) => file.write(event)),
      callId: call.call_id,
      audio: (callId) => {
        const name = recordingFileName(callId, 'wav', audio === 'encrypted');
        return audio === 'none' ? undefined : { path: path.join(folder, name), name };
      },
      close: () => file.close(),
    });
  }

  async #sweep(): Promise<void> {
    const { dir, clock, keepDays, log } = this.#options;
    const oldest = clock.now() - keepDays * DAY_MS;
    const oldestDay = new Date(oldest).toISOString().slice(0, 10);
    const failed: { readonly err: unknown; readonly place: string }[] = [];
    for (const day of await namesIn(dir)) {
      // Of later days, all is kept: there may be a million files to ask for their age, each hour.
      if (!DAY_FOLDER.test(day) || day > oldestDay) continue;
      const folder = path.join(dir, day);
      // What cannot be deleted (files of another user, say) must not keep the others.
      const kept = await sweepDay(folder, oldest, (place, err) => failed.push({ err, place }));
      // That of today may be made just now, for the first call of the day, whose files are about to come.
      if (kept === 0 && day < oldestDay) await rmdir(folder).catch(() => {});
    }
    const [first] = failed;
    if (first !== undefined) log.error({ ...first, places: failed.length }, 'old traces cannot be deleted');
  }
}

/** @param onFailed told of each place that cannot be deleted, or looked into @returns what is left, NaN where nobody knows */
async function sweepDay(
  folder: string,
  oldest: number,
  onFailed: (place: string, cause: unknown) => void,
): Promise<number> {
  let kept = 0;
  const names = await namesIn(folder).catch((cause: unknown) => {
    onFailed(folder, cause);
    kept = Number.NaN;
    return [];
  });
  for (const name of names) {
    const file = path.join(folder, name);
    try {
      if (TRACE_NAME.test(name) && (await isOlder(file, oldest))) await rm(file, { force: true });
      else kept++;
    } catch (cause) {
      kept++;
      onFailed(file, cause);
    }
  }
  return kept;
}

interface CallTraceOptions {
  readonly tracer: CallTracer;
  readonly callId: string;
  /** Where what the party of a call says is kept; undefined: nowhere. */
  readonly audio: (callId: string) => { readonly path: string; readonly name: string } | undefined;
  readonly close: () => Promise<void>;
}

/** The trace of one call, or the part of it that is about a call that this one has made. */
export class CallTrace {
  readonly tracer: CallTracer;
  readonly #options: CallTraceOptions;
  /** Of the calls that this one has made and that are not over. */
  #open = 1;

  constructor(options: CallTraceOptions) {
    this.tracer = options.tracer;
    this.#options = options;
  }

  /** The call makes another one, which goes into the same file. */
  called(call: CallInfo): CallTrace {
    this.#open++;
    return new CallTrace({
      ...this.#options,
      tracer: this.tracer.called(call),
      callId: call.call_id,
      close: () => this.close(),
    });
  }

  /** The call has a media session: its levels, and what the party says. */
  media(media: MediaClient): void {
    this.tracer.media(media, this.#options.audio(this.#options.callId));
  }

  /** A server was asked for the document at the beginning. */
  document({ url, method }: AskedServer, answer: Parameters<AskListener>[1]): void {
    this.tracer.web(
      { purpose: 'document', method, url, headers: {}, body: '' },
      'text' in answer ? { status: 200, headers: {}, body: answer.text } : answer,
    );
  }

  /** Notes what scripts ask for and get. */
  http(client: HttpClient): HttpClient {
    return {
      request: (request) => {
        const { method, headers, body = '' } = request;
        return this.#noted(
          { purpose: 'request', method, url: redactUrl(request.url), headers, body },
          () => client.request(request),
          (answer) => ({ ...answer, headers: Object.fromEntries(answer.headers) }),
        );
      },
    };
  }

  /** Notes the documents that scripts load. */
  loader(loader: DocumentLoader): DocumentLoader {
    return {
      load: (request) => {
        const { method, payload } = request;
        const body = method === 'GET' ? '' : JSON.stringify(payload);
        return this.#noted(
          { purpose: 'document', method, url: redactUrl(request.url), headers: {}, body },
          () => loader.load(request),
          ({ text }) => ({ status: 200, headers: {}, body: text }),
        );
      },
    };
  }

  /** Asks, and notes that with what came of it. */
  async #noted<A>(
    asked: WebRequestFacts,
    ask: () => Promise<A>,
    factsOf: (answer: A) => WebAnswerFacts,
  ): Promise<A> {
    const askedAt = this.tracer.seconds;
    try {
      const answer = await ask();
      this.tracer.web(asked, factsOf(answer), askedAt);
      return answer;
    } catch (cause) {
      this.tracer.web(asked, { failure: messageOf(cause) }, askedAt);
      throw cause;
    }
  }

  /** The call is over; the file is complete when those are that it has made, too. */
  async close(): Promise<void> {
    if (--this.#open === 0) await this.#options.close();
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    // Not made yet, or something else of the same name.
    if (['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '')) return [];
    throw cause;
  }
}

/** Whether it was last written to before `time`, Unix ms. */
async function isOlder(file: string, time: number): Promise<boolean> {
  try {
    return (await stat(file)).mtimeMs < time;
  } catch (cause) {
    // What a party says gets its final name when the call ends, also just now.
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw cause;
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** As the settings ask for them; undefined: there are none. */
export function tracesOf(
  { trace, recording, document }: Config,
  {
    encrypted,
    ...others
  }: Pick<CallTracesOptions, 'version' | 'clock' | 'log'> & { readonly encrypted: boolean },
): CallTraces | undefined {
  if (trace.dir === undefined) return undefined;
  // What the party says is kept for the trace before anybody could have asked for consent.
  const keepsAudio = trace.audio && recording.consent_variable === undefined;
  return new CallTraces({
    ...others,
    dir: trace.dir,
    keepDays: trace.keep_days,
    audio: !keepsAudio ? 'none' : encrypted ? 'encrypted' : 'plain',
    document: redactUrl(document.source ?? ''),
  });
}
