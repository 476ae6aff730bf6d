import type { Logger } from '../../log/logger.ts';
import { redactUrl } from '../../log/redact.ts';
import { CODEC_RATES } from '../../mediaworker/codec-rates.ts';
import { packetTimeOf } from '../../mediaworker/codecs.ts';
import { CallError, type CallInfo } from '../leg.ts';
import type { RecordingRefusal } from '../leg-recordings.ts';
import type { MediaClient } from '../media-client.ts';
import type { LegEvent } from '../media-leg.ts';
import { copyAudio } from './audio-copy.ts';
import { parseCodec } from './codec-notation.ts';
import { MediaStream } from './media-stream.ts';
import { failureLabel, type StreamNetwork } from './network.ts';
import { parseRtpUri } from './rtp-target.ts';
import { SocketOutput } from './socket-output.ts';
import type {
  StreamEnd,
  StreamOperation,
  StreamOptions,
  TapFacts,
  TapOperation,
  TapOptions,
} from './types.ts';

export interface LegStreamsOptions {
  /** Undefined: nothing goes out. */
  readonly network: StreamNetwork | undefined;
  /** Our address, as the outside sees it. */
  readonly localAddress: () => string;
  readonly call: CallInfo;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly onEvent: (event: LegEvent) => void;
  readonly sendDigits: (digits: string, signal: AbortSignal) => Promise<void>;
  /** What is not recorded here for lack of consent is not copied to others either. */
  readonly copyRefusal?: RecordingRefusal | undefined;
}

type Kind = 'tap' | 'stream';

interface Running {
  readonly kind: Kind;
  readonly name: string | undefined;
  readonly isTwoWay: boolean;
  /** Undefined while it starts. */
  operation: TapOperation | StreamOperation | undefined;
  /** It was told to end, and its end is on its way. */
  stopped: boolean;
}

/** Of taps, and of streams, on one call at once. */
const MAX_AT_ONCE = 16;
const DEFAULT_PTIME_MS = 20;

/** The taps and streams of one leg: starts them, finds them by control id, and ends with the call. */
export class LegStreams {
  readonly #options: LegStreamsOptions;
  readonly #running = new Map<string, Running>();
  readonly #open = new Set<Promise<unknown>>();
  #nextId = 1;

  constructor(options: LegStreamsOptions) {
    this.#options = options;
  }

  tapping(controlId: string): TapOperation | undefined {
    return this.#running.get(`tap ${controlId}`)?.operation as TapOperation | undefined;
  }

  streaming(controlId: string): StreamOperation | undefined {
    return this.#running.get(`stream ${controlId}`)?.operation as StreamOperation | undefined;
  }

  /** The stream in both directions that the party talks with. */
  get joined(): StreamOperation | undefined {
    for (const { isTwoWay, stopped, operation } of this.#running.values()) {
      if (isTwoWay && !stopped && operation !== undefined) return operation as StreamOperation;
    }
    return undefined;
  }

  /** Resolves when none runs any more: with the end of the media session. */
  async settled(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open);
  }

  /** Resolves when audio is on its way. @throws CallError */
  tap(media: MediaClient, asked: TapOptions): Promise<TapOperation> {
    // Blanks around a URL are no part of it: the check of documents lets them pass.
    const options = { ...asked, uri: asked.uri.trim() };
    return this.#start('tap', options, async (network, log) => {
      const { controlId } = options;
      const own = media.agreed;
      const codec = options.codec ?? (own === undefined || own.codec === 'G722' ? 'PCMU' : own.codec);
      const rate = CODEC_RATES[codec].sampleRate;
      const ptimeMs = packetTimeOf(codec, options.ptimeMs ?? own?.ptimeMs ?? DEFAULT_PTIME_MS);
      const facts = { uri: options.uri, codec, rate, ptimeMs };
      const started = /^rtp:/i.test(options.uri)
        ? await this.#tapByRtp(media, network, options, facts)
        : await this.#tapBySocket(media, network, options, facts, log);
      return { controlId, ...started };
    });
  }

  /** Resolves when it is connected. @throws CallError */
  stream(media: MediaClient, options: StreamOptions): Promise<StreamOperation> {
    return this.#start('stream', options, async (network, log) => {
      const format = parseCodec(options.codec ?? 'PCMU');
      if (typeof format === 'string') throw new CallError('invalid_codec', `codec_error: ${format}`);
      const { call, signal, sendDigits } = this.#options;
      const id = this.#newId();
      const stream = new MediaStream({ id, options, format, media, network, call, log, signal, sendDigits });
      await stream.start();
      const { controlId, url, name } = options;
      return { controlId, url, name, done: stream.done, stop: () => stream.stop() };
    });
  }

  async #tapByRtp(
    media: MediaClient,
    network: StreamNetwork,
    { side, uri }: TapOptions,
    facts: TapFacts,
  ): Promise<Omit<TapOperation, 'controlId'>> {
    const target = parseRtpUri(uri);
    if (typeof target === 'string') throw new CallError('stream_failed', `invalid_url: ${target}`);
    const refusal = network.rtpRefusal(target.address, target.port);
    if (refusal !== undefined) throw new CallError('stream_failed', `invalid_url: ${refusal}`);
    const { promise: done, resolve } = Promise.withResolvers<StreamEnd>();
    const { codec, rate: sampleRate, ptimeMs } = facts;
    const copy = copyAudio(
      media,
      this.#newId(),
      { take: side, codec, sampleRate, ptimeMs, rtp: target },
      { onPacket: () => {}, onEnd: (asked) => resolve({ by: asked ? 'stopped' : 'call', dropped: 0 }) },
    );
    const sourcePort = (await copy.started) ?? 0;
    const rtp = { ...target, sourceAddress: this.#options.localAddress(), sourcePort };
    return { ...facts, rtp, done, stop: () => copy.stop() };
  }

  async #tapBySocket(
    media: MediaClient,
    network: StreamNetwork,
    { side, uri, controlId }: TapOptions,
    facts: TapFacts,
    log: Logger,
  ): Promise<Omit<TapOperation, 'controlId'>> {
    const { call, signal } = this.#options;
    const { codec, rate, ptimeMs } = facts;
    const output = new SocketOutput({
      media,
      copyId: this.#newId(),
      spec: { take: side, codec, sampleRate: rate, ptimeMs },
      network,
      url: uri,
      log,
      signal,
      packet: (_track, payload) => payload,
    });
    const direction = DIRECTIONS[side];
    const tap = { call_id: call.call_id, control_id: controlId, direction, codec, rate, ptime: ptimeMs };
    await output.start([JSON.stringify({ event: 'start', tap })]);
    return { ...facts, done: output.done, stop: () => output.stop() };
  }

  async #start<O extends TapOperation | StreamOperation>(
    kind: Kind,
    { controlId, name, twoWay }: Pick<StreamOptions, 'controlId' | 'name' | 'twoWay'>,
    open: (network: StreamNetwork, log: Logger) => Promise<O>,
  ): Promise<O> {
    const { network, log: legLog } = this.#options;
    if (network === undefined) throw new CallError('stream_failed', `a ${kind} goes nowhere from this call`);
    this.#assertRoom(kind, controlId, name);
    // In both directions it is somebody whom the party talks with.
    const refusal = twoWay === undefined ? this.#options.copyRefusal?.() : undefined;
    if (refusal !== undefined) throw new CallError('no_consent', refusal);
    const key = `${kind} ${controlId}`;
    const isTwoWay = twoWay !== undefined;
    const running: Running = { kind, name, isTwoWay, operation: undefined, stopped: false };
    this.#running.set(key, running);
    const log = legLog.child({ [`${kind}_control_id`]: controlId });
    const begun = Promise.withResolvers<void>();
    this.#keepOpen(begun.promise);
    try {
      const opened = await open(network, log);
      const operation: O = {
        ...opened,
        stop: () => {
          running.stopped = true;
          opened.stop();
        },
      };
      running.operation = operation;
      this.#tell(kind, 'started', controlId, operation);
      const ended = operation.done.then((end) => {
        this.#running.delete(key);
        this.#tell(kind, 'ended', controlId, operation, end);
        if (end.by === 'peer') log.warn({ reason: end.reason }, `the other side ended the ${kind}`);
        if (end.dropped > 0) log.warn({ dropped: end.dropped }, `packets of the ${kind} were left out`);
      });
      this.#keepOpen(ended);
      return operation;
    } catch (cause) {
      this.#running.delete(key);
      if (cause instanceof CallError) throw cause;
      if (this.#options.signal.aborted) throw new CallError('call_over', 'the call is over', { cause });
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new CallError('stream_failed', `${failureLabel(cause)}: ${reason}`, { cause });
    } finally {
      begun.resolve();
    }
  }

  #assertRoom(kind: Kind, controlId: string, name: string | undefined): void {
    if (this.#running.has(`${kind} ${controlId}`)) {
      throw new CallError(
        'control_id_in_use',
        `a ${kind} with the control id "${controlId}" runs on this call already`,
      );
    }
    let count = 0;
    for (const other of this.#running.values()) {
      if (other.kind !== kind) continue;
      count++;
      if (name !== undefined && other.name === name && holdsName(other)) {
        throw new CallError('name_in_use', `a stream with the name "${name}" runs on this call already`);
      }
    }
    if (count >= MAX_AT_ONCE) {
      throw new CallError(
        'too_many_streams',
        `${MAX_AT_ONCE} of kind ${kind} run on this call, and no more may`,
      );
    }
  }

  #newId(): string {
    return `copy-${this.#nextId++}`;
  }

  #keepOpen(work: Promise<unknown>): void {
    this.#open.add(work);
    void work.then(() => this.#open.delete(work));
  }

  #tell(
    kind: Kind,
    what: 'started' | 'ended',
    controlId: string,
    operation: TapOperation | StreamOperation,
    end?: StreamEnd,
  ): void {
    const url = redactUrl('uri' in operation ? operation.uri : operation.url);
    const data = {
      control_id: controlId,
      url,
      ...(end !== undefined && { by: end.by, dropped: end.dropped }),
      ...(end?.reason !== undefined && { reason: end.reason }),
    };
    this.#options.log.info(data, `${kind} ${what}`);
    this.#options.onEvent({ kind: 'media', text: `${kind} ${what}`, data });
  }
}

/**
 * Whether no other may have its name. Of those that `connect` opens, one talks with the party: one that is yet to be
 * connected may have been given up, for the next destination or another document, and then ends at once.
 */
function holdsName({ isTwoWay, operation, stopped }: Running): boolean {
  return !stopped && (!isTwoWay || operation !== undefined);
}

/** How the language names the sides (spec/media.md 6). */
export const DIRECTIONS = { said: 'speak', heard: 'listen', mixed: 'both' } as const;
