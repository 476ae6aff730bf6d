/** A media leg over a scripted media side and scripted signalling, with a real database, for tests. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { CallbackRequest, Outbox } from '../callbacks/events.ts';
import { type Logger, silentLogger } from '../log/logger.ts';
import {
  type MediaCommand,
  type MediaEvent,
  type MediaHost,
  NO_STATISTICS,
} from '../mediaworker/protocol.ts';
import type { RecordOutcome } from '../recording/types.ts';
import type { Recogniser } from '../speech/recognition/recogniser.ts';
import { Database } from '../storage/database.ts';
import { SqliteRecordings } from '../storage/sqlite-recordings.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import type { EndReason, RecordOptions } from './leg.ts';
import type { RecordingRefusal } from './leg-recordings.ts';
import { MediaClient } from './media-client.ts';
import { MediaLeg } from './media-leg.ts';
import type { Signalling } from './signalling.ts';
import type { SoundSource } from './playback.ts';
import type { DialOptions, StreamNetwork, StreamSocket } from './streams/network.ts';
import { RecordingService, type RecordingServiceOptions } from './recording-service.ts';

type Of<T extends MediaCommand['type']> = Extract<MediaCommand, { readonly type: T }>;

/** Notes commands; opens and closes sessions at once unless told otherwise. */
export class ScriptedHost implements MediaHost {
  readonly commands: MediaCommand[] = [];
  /** Those that were to leave at once. */
  readonly urgent: MediaCommand[] = [];
  opens = true;
  /** Whether the file of a recording is there at once. */
  opensFiles = true;
  /** Whether copies of the audio start at once. */
  startsCopies = true;
  closes = true;
  /** Why there is no noise filter. */
  denoiseError: string | undefined;
  readonly #listeners = new Map<string, (event: MediaEvent) => void>();

  send(command: MediaCommand, urgent = false): void {
    this.commands.push(command);
    if (urgent) this.urgent.push(command);
    const { sessionId } = command;
    if (command.type === 'open' && this.opens) {
      queueMicrotask(() => this.emit({ type: 'opened', sessionId, rtpPort: 10_000 }));
    } else if (command.type === 'record' && this.opensFiles) {
      const { recordingId } = command.spec;
      queueMicrotask(() => this.emit({ type: 'recordOpened', sessionId, recordingId }));
    } else if (command.type === 'copy' && this.startsCopies) {
      const rtpPort = command.spec.rtp === undefined ? undefined : 20_000;
      queueMicrotask(() => this.emit({ type: 'copyStarted', sessionId, copyId: command.copyId, rtpPort }));
    } else if (command.type === 'stopCopy') {
      queueMicrotask(() => this.emit({ type: 'copyEnded', sessionId, copyId: command.copyId, packets: 0 }));
    } else if (command.type === 'denoise' && command.on) {
      const error = this.denoiseError;
      const { denoiseId } = command;
      queueMicrotask(() =>
        this.emit({ type: 'denoised', sessionId, denoiseId, ...(error !== undefined && { error }) }),
      );
    } else if (command.type === 'close' && this.closes) {
      queueMicrotask(() => this.emitClosed(sessionId));
    }
  }

  subscribe(sessionId: string, listener: (event: MediaEvent) => void): void {
    this.#listeners.set(sessionId, listener);
  }

  async close(): Promise<void> {}

  emit(event: MediaEvent): void {
    this.#listeners.get(event.sessionId)?.(event);
  }

  /** @param lost with its thread */
  emitClosed(sessionId: string, lost = false): void {
    this.emit({ type: 'closed', sessionId, statistics: NO_STATISTICS, ...(lost && { lost }) });
  }

  /** Commands of one type so far. */
  sent<T extends MediaCommand['type']>(type: T): Of<T>[] {
    return this.commands.filter((command): command is Of<T> => command.type === type);
  }
}

/** Opens its session on the host; every call is noted in `log`. */
export class ScriptedSignalling implements Signalling {
  readonly localAddress = '10.0.0.1';
  readonly log: string[] = [];
  /** Each answer waits for this. */
  gate: Promise<void> = Promise.resolve();
  onEnd: () => void = () => {};
  #media: Promise<MediaClient> | undefined;
  readonly #host: MediaHost;

  constructor(host: MediaHost) {
    this.#host = host;
  }

  async answer(): Promise<MediaClient> {
    this.log.push('answer');
    await this.gate;
    return await this.#open();
  }

  async earlyMedia(): Promise<MediaClient> {
    this.log.push('earlyMedia');
    await this.gate;
    return await this.#open();
  }

  async end(reason: EndReason): Promise<void> {
    this.log.push(`end ${reason}`);
    this.onEnd();
  }

  #open(): Promise<MediaClient> {
    this.#media ??= MediaClient.open(this.#host, {
      sessionId: 'call-1',
      bindAddress: '10.0.0.1',
      idleMedia: 'silence',
    });
    return this.#media;
  }
}

/** Connects to whatever is dialled, but to no address of 10.0.0.0/8; keeps what is sent. */
export class ScriptedStreams implements StreamNetwork {
  readonly dialled: { readonly url: string; readonly options: DialOptions }[] = [];
  readonly sent: (string | Uint8Array)[] = [];

  async dial(url: string, options: DialOptions): Promise<StreamSocket> {
    if (url.includes('//10.'))
      throw Object.assign(new Error(`${url} is refused`), { code: 'refused_address' });
    this.dialled.push({ url, options });
    return {
      waitingBytes: 0,
      send: (data) => this.sent.push(data),
      close: () => queueMicrotask(() => options.onClosed('closed')),
    };
  }

  rtpRefusal(address: string): string | undefined {
    return address.startsWith('10.') ? `${address} is refused: address range "private"` : undefined;
  }
}

/** Keeps callbacks; throws instead when `broken`. */
export class ListOutbox implements Outbox {
  readonly requests: CallbackRequest[] = [];
  broken = false;

  enqueue(request: CallbackRequest): void {
    if (this.broken) throw new Error('the outbox is broken');
    this.requests.push(request);
  }

  /** States of the recording events so far. */
  get states(): unknown[] {
    return this.requests.map(({ envelope }) => envelope.params['state']);
  }

  onDelivery(): void {}
  start(): void {}
  async drain(): Promise<void> {}
  async close(): Promise<void> {}
}

/** What `record` has when a document says nothing (spec/record.md 2.1). */
export const RECORD_DEFAULTS = {
  format: 'wav',
  direction: 'speak',
  stereo: false,
  beep: false,
  terminators: '#',
  inputSensitivity: 44,
  initialTimeout: 4,
  endSilenceTimeout: 5,
  maxLength: 0,
  statusUrl: undefined,
} as const satisfies Omit<RecordOptions, 'controlId'>;

export const RECORD: RecordOptions = {
  ...RECORD_DEFAULTS,
  controlId: 'c1',
  statusUrl: 'https://app.example/status',
};

export const FINISHED: RecordOutcome = {
  state: 'finished',
  endedBy: 'terminator',
  terminator: '#',
  durationMs: 2000,
  byteSize: 32_044,
  startTimeMs: 1_000_000,
  endTimeMs: 1_002_000,
  missingSamples: 0,
};

export function openService(t: TestContext, change: Partial<RecordingServiceOptions> = {}) {
  const clock = new VirtualClock();
  const dataDir = mkdtempSync(path.join(tmpdir(), 'openswml-leg-'));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  // Made by the media side in earnest, which here is a script; tests put files there.
  mkdirSync(path.join(dataDir, 'recordings', new Date(clock.now()).toISOString().slice(0, 10)), {
    recursive: true,
  });
  const database = Database.inMemory(clock);
  const store = new SqliteRecordings(database, clock);
  const outbox = new ListOutbox();
  const service = new RecordingService({
    store,
    outbox,
    database,
    dataDir,
    urlOf: (id) => `http://server.example/recordings/${id}.wav`,
    idOf: (url) => /recordings\/(.+)\.wav$/.exec(url)?.[1],
    maxLengthSeconds: 3600,
    clock,
    log: silentLogger,
    ...change,
  });
  return { clock, dataDir, database, store, outbox, service };
}

const noSounds: SoundSource = {
  load: () => ({ kind: 'made', sound: { kind: 'silence', durationMs: 1000 } }),
};

export const CALL = {
  call_id: 'call-1',
  node_id: 'node-1',
  segment_id: 'call-1',
  direction: 'inbound',
  type: 'sip',
  from: 'sip:ann@example.com',
  to: 'sip:line@example.com',
  headers: [],
  project_id: 'project-1',
  space_id: 'space-1',
} as const;

export function openLeg(
  t: TestContext,
  options: {
    readonly sounds?: SoundSource;
    readonly callId?: string;
    readonly recordingRefusal?: RecordingRefusal | undefined;
    readonly recogniser?: Recogniser | undefined;
    readonly log?: Logger;
    readonly onMedia?: (media: MediaClient) => void;
  } = {},
) {
  const parts = openService(t);
  const host = new ScriptedHost();
  const signalling = new ScriptedSignalling(host);
  const timeline: string[] = [];
  const streams = new ScriptedStreams();
  const leg = new MediaLeg({
    info: { ...CALL, call_id: options.callId ?? CALL.call_id },
    signalling,
    sounds: options.sounds ?? noSounds,
    recordings: parts.service,
    recordingRefusal: options.recordingRefusal,
    recogniser: options.recogniser,
    streams,
    eventChannel: 'swml:script-1',
    clock: parts.clock,
    log: options.log ?? silentLogger,
    onEvent: (event) => timeline.push(event.text),
    onMedia: options.onMedia,
  });
  void leg.ended.then(({ by, reason }) => timeline.push(`ended resolved: ${by} ${reason}`));
  const emit = (
    event: MediaEvent extends infer E ? (E extends unknown ? Omit<E, 'sessionId'> : never) : never,
  ) => host.emit({ ...event, sessionId: 'call-1' } as MediaEvent);
  return { ...parts, host, signalling, streams, leg, timeline, emit };
}
