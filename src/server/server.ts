import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { Logger } from '../log/logger.ts';
import { redactUrl } from '../log/redact.ts';
import type { MediaHostPool } from '../mediaworker/host-pool.ts';
import { openMediaThreads } from '../mediaworker/media-threads.ts';
import { AddressGuard } from '../net/address-guard.ts';
import { HttpClient } from '../net/http-client.ts';
import { undici } from '../net/undici.ts';
import { WebSockets } from '../net/web-sockets.ts';
import type { SipEndpoint, SipListener } from '../sip/api.ts';
import { createSipEndpoint } from '../sip/endpoint.ts';
import { DEFAULT_SIP_LIMITS } from '../sip/limits.ts';
import type { Recogniser } from '../speech/recognition/recogniser.ts';
import { createSynthesizer, type SpeechService } from '../speech/registry.ts';
import { AuditLog } from '../storage/audit-log.ts';
import { ServerState } from '../storage/server-state.ts';
import { RealClock } from '../time/real-clock.ts';
import { publicUrlOf, sipUris } from './addresses.ts';
import { type CallTraces, tracesOf } from './call-traces.ts';
import { Calls } from './calls.ts';
import { ConfigError } from './config-error.ts';
import type { Config } from './config-keys.ts';
import type { HostPort } from './config-values.ts';
import { Documents } from './documents.ts';
import type { ServerEvent, ServerEventListener } from './events.ts';
import { loadIdentity } from './identity.ts';
import { httpServerOf, startSip } from './listeners.ts';
import { LoadMonitor } from './load/load-monitor.ts';
import { Metrics } from './metrics.ts';
import { loadRecordingKeys } from './recording-keys.ts';
import { BYTES_PER_MB, Retention } from './retention.ts';
import { GuardedScriptHttp } from './script-http.ts';
import { openSounds } from './sounds.ts';
import { forgetSpeech, speechConfig, speechRecogniser } from './speech-providers.ts';
import { openStoredParts, type StoredParts } from './stored-parts.ts';
import { packageVersion } from './version.ts';
import { WarmUp, type WarmUpOptions } from './warm-up/warm-up.ts';

export interface ServerAddresses {
  /** Really bound, in the order of the configuration. */
  readonly sip: readonly SipListener[];
  /** What to dial. */
  readonly sipUris: readonly string[];
  readonly http: { readonly host: string; readonly port: number; readonly url: string };
}

export interface Server {
  /**
   * Opens everything, repairs what a crash left behind, and takes calls.
   * @throws ConfigError, DocumentError, StorageError, ListenError, HttpListenError: each says what and how to mend it
   */
  start(): Promise<ServerAddresses>;
  onEvent(listener: ServerEventListener): void;
  /** Takes no new calls, and waits until the running ones are over, `limitMs` at most or until `signal` aborts. */
  drain(limitMs: number, signal: AbortSignal): Promise<void>;
  /** Ends running calls, finishes their recordings, gives callbacks a moment, closes everything. Idempotent. */
  stop(): Promise<void>;
}

/** How long shutdown waits for callbacks; the rest is delivered after the next start, ms. */
const DRAIN_MS = 3000;
const VERSION = packageVersion();
const USER_AGENT = `OpenSWML/${VERSION}`;

/** Puts the parts together, some by {@link openStoredParts} and {@link httpServerOf}. Nothing else constructs them. */
export function createServer(config: Config, dependencies: { readonly log: Logger }): Server {
  return new AssembledServer(config, dependencies.log);
}

class AssembledServer implements Server {
  readonly #config: Config;
  readonly #log: Logger;
  readonly #clock = new RealClock();
  readonly #listeners: ServerEventListener[] = [];
  /** What has been opened, in order; closed in the opposite order. */
  readonly #opened: (() => Promise<void> | void)[] = [];
  #stopped: Promise<void> | undefined;
  #calls: Calls | undefined;
  #warmUp: WarmUp | undefined;
  #publicUrl = '';

  constructor(config: Config, log: Logger) {
    this.#config = config;
    this.#log = log;
  }

  onEvent(listener: ServerEventListener): void {
    this.#listeners.push(listener);
  }

  async start(): Promise<ServerAddresses> {
    try {
      return await this.#start();
    } catch (cause) {
      await this.stop();
      throw cause;
    }
  }

  async drain(limitMs: number, signal: AbortSignal): Promise<void> {
    await this.#calls?.drain(limitMs, signal);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    for (const close of this.#opened.reverse()) {
      try {
        await close();
      } catch (cause) {
        this.#log.error({ err: cause }, 'a part of the server could not be closed');
      }
    }
    this.#log.info({ event: 'stopped' }, 'stopped');
  }

  async #start(): Promise<ServerAddresses> {
    const config = this.#config;
    const log = this.#log;
    const clock = this.#clock;
    if (config.document.source === undefined) {
      throw new ConfigError([
        { where: 'document.source', message: 'no document to run: name one (openswml serve FILE)' },
      ]);
    }
    const http = new HttpClient({
      clock,
      log,
      allow: config.network.allow,
      defaults: { httpsOnly: config.network.https_only },
      userAgent: USER_AGENT,
    });
    this.#opened.push(() => http.close());
    const documents = new Documents({
      http,
      clock,
      log,
      signingKey: config.signing_key,
      source: config.document.source,
      fallback: config.document.fallback,
      method: config.document.method,
    });
    // Before anything is made on disk: a typing error in a name should leave nothing behind.
    await documents.preload();

    const keys = loadRecordingKeys(config, log);
    const stored = openStoredParts({
      config,
      http,
      keys: keys.ring,
      publicUrl: () => this.#publicUrl,
      onEnqueue: (request) => this.#calls?.callbackEnqueued(request),
      onUpload: (outcome) => metrics.uploadEnded(outcome),
      onOpened: (close) => this.#opened.push(close),
      clock,
      log,
    });
    const { outbox, recordings, files, uploader } = stored;
    // In the data folder, which is there and ours by now.
    const identity = loadIdentity(config);
    outbox.onDelivery(({ url, eventType, state, attempts, status, error }) =>
      this.#emit({
        callId: '',
        at: clock.now(),
        kind: 'callback',
        text: `${eventType} ${state}`,
        data: { url: redactUrl(url), event_type: eventType, state, attempts, status, error },
      }),
    );

    const speech = this.#openSpeech();
    const media = this.#openMedia(keys.current);
    const load = this.#openLoadMonitor(media);
    // Figures can be asked for before calls are taken: what a crash left is repaired first.
    let sip: SipEndpoint | undefined;
    const metrics = new Metrics(
      {
        calls: () => calls.count,
        callsWaiting: () => sip?.stats.waitingInvites ?? 0,
        sipRefused: () => sip?.stats.overloaded ?? 0,
        recordings: () => calls.recordings,
        callbacksOpen: () => outbox.open,
        uploadsWaiting: () => uploader?.backlog,
        freeDiskBytes: () => load.freeDiskBytes,
        overloaded: () => load.mayRefuse,
        threads: () => load.samples,
        mediaMemory: () => media.memory(),
        frames: () => load.frames,
        lateFrames: () => load.lateFrames,
      },
      VERSION,
    );
    outbox.onDelivery((delivery) => metrics.callbackEnded(delivery));
    const { loader: sounds, close: closeSounds } = openSounds({
      config,
      userAgent: USER_AGENT,
      synthesizer: speech,
      localFile: (url) => {
        const own = recordings.localFile(url);
        return own && { open: () => files.open(own.name) };
      },
      encrypted: keys.current !== undefined,
      clock,
      log,
    });
    this.#opened.push(closeSounds);
    const traces = this.#openTraces(config, keys.current !== undefined);
    const calls = new Calls({
      traces,
      config,
      identity,
      documents,
      recordings,
      sounds,
      recogniser: this.#openRecogniser(),
      streams: this.#openWebSockets(),
      media,
      outbox,
      http: new GuardedScriptHttp(http, config.signing_key),
      load,
      hasRtpPorts: () => media.hasPorts,
      metrics,
      clock,
      log,
      onEvent: (event) => this.#emit(event),
    });
    this.#calls = calls;

    let addresses: ServerAddresses | undefined;
    const httpServer = httpServerOf({
      config,
      recordings: stored.store,
      files,
      identity,
      sipUris: () => addresses?.sipUris,
      publicUrl: () => this.#publicUrl,
      calls,
      metrics,
      commands: { calls: calls.live, loader: documents, refusal: (url) => http.refusal(url) },
      version: VERSION,
      clock,
      log,
    });
    this.#opened.push(() => httpServer.close());
    const boundHttp = await httpServer.listen();
    this.#publicUrl = publicUrlOf(config, boundHttp);
    new ServerState(stored.database).set('public_url', this.#publicUrl);
    const recovered = await recordings.recover();
    if (recovered.length > 0)
      log.warn({ recordings: recovered.length }, 'recordings of a crash were recovered');
    await recordings.repairFailed();
    uploader?.start();
    this.#openRetention(stored);
    outbox.start();
    this.#opened.push(() => outbox.drain(DRAIN_MS));

    sip = this.#makeSip(calls, media, traces !== undefined);
    calls.attach(sip);
    // The first web hook of a call is not to wait for it.
    if (config.warm_up) undici();
    const boundSip = await this.#openSip(sip, boundHttp, calls);
    this.#openWarmUp({ config, identity, media, keys: keys.ring, version: VERSION, clock, log });
    addresses = {
      sip: boundSip,
      sipUris: sipUris(config, boundSip),
      http: { ...boundHttp, url: this.#publicUrl },
    };
    return addresses;
  }

  #openWebSockets(): WebSockets {
    const { allow, https_only: httpsOnly } = this.#config.network;
    const guard = new AddressGuard(allow);
    const sockets = new WebSockets({ clock: this.#clock, guard, httpsOnly, userAgent: USER_AGENT });
    this.#opened.push(() => sockets.close());
    return sockets;
  }

  #openTraces(config: Config, encrypted: boolean): CallTraces | undefined {
    const traces = tracesOf(config, { encrypted, version: VERSION, clock: this.#clock, log: this.#log });
    traces?.start();
    if (traces !== undefined) this.#opened.push(() => traces.close());
    return traces;
  }

  #openRetention({ database, store, files }: StoredParts): void {
    const { retention: limit, audit: keep } = this.#config.recording;
    const retention = new Retention({
      recordings: store,
      files,
      audit: new AuditLog(database),
      limits: {
        maxAgeDays: limit.max_age_days,
        maxCount: limit.max_count,
        maxBytes: limit.max_mb === undefined ? undefined : limit.max_mb * BYTES_PER_MB,
        auditDays: keep.keep_days === 0 ? undefined : keep.keep_days,
      },
      clock: this.#clock,
      log: this.#log,
    });
    retention.start();
    this.#opened.push(() => retention.close());
  }

  #openSpeech(): SpeechService {
    const dependencies = { clock: this.#clock, log: this.#log.child({ component: 'speech' }) };
    const speech = createSynthesizer(speechConfig(this.#config, dependencies));
    void forgetSpeech(this.#config, dependencies.log);
    this.#opened.push(() => speech.close());
    if (this.#config.warm_up) this.#warmUpVoice(speech);
    return speech;
  }

  #warmUpVoice(speech: SpeechService): void {
    speech.warmUp().catch((cause: unknown) => {
      // A start that failed, or was broken off, closes the voice while it still warms up.
      if (this.#stopped === undefined)
        this.#log.warn({ err: cause }, 'the embedded voice could not be warmed up');
    });
  }

  #openRecogniser(): Recogniser | undefined {
    const log = this.#log.child({ component: 'speech' });
    const recogniser = speechRecogniser(this.#config.speech, { clock: this.#clock, log });
    if (recogniser !== undefined) this.#opened.push(() => recogniser.close());
    return recogniser;
  }

  #openMedia(recordingKey: Uint8Array | undefined): MediaHostPool {
    const { bind: bindAddress, ports: rtpPorts, codecs, io: rtpIo, threads } = this.#config.rtp;
    const pool = openMediaThreads({
      threads: threads === 0 ? availableParallelism() : threads,
      ...{ bindAddress, rtpPorts, codecs, rtpIo, recordingKey },
      reservedPorts: this.#config.sip.listen.map(({ port }) => port),
      clock: this.#clock,
      log: this.#log.child({ component: 'media' }),
    });
    this.#opened.push(() => pool.close());
    return pool;
  }

  #openLoadMonitor(media: MediaHostPool): LoadMonitor {
    const monitor = new LoadMonitor({
      clock: this.#clock,
      log: this.#log,
      workers: () => media.takeLoads(),
      folders: [path.join(this.#config.data_dir, 'recordings'), this.#config.data_dir],
      counts: () => this.#warmUp?.running !== true,
      refuses: this.#config.limits.refuse_when_overloaded,
    });
    monitor.start();
    this.#opened.push(() => monitor.close());
    return monitor;
  }

  /** @param traced whether calls are traced into files: then each message is told of even if nobody listens */
  #makeSip(calls: Calls, media: MediaHostPool, traced: boolean): SipEndpoint {
    const { sip, limits } = this.#config;
    return createSipEndpoint({
      clock: this.#clock,
      log: this.#log.child({ component: 'sip' }),
      listeners: sip.listen,
      userAgent: USER_AGENT,
      intake: { ...calls.intake, isBehind: () => media.isBehind },
      // Ours comes first: it is counted, and told to who asks. Calls that are over stay with SIP for a while.
      limits: { maxCalls: Math.max(DEFAULT_SIP_LIMITS.maxCalls, 2 * limits.max_calls) },
      onInvite: (call) => {
        this.#warmUp?.stop();
        calls.accept(call);
      },
      // Load balancers ask by OPTIONS whether a server takes calls.
      onOptions: () => (calls.refusing === undefined ? 200 : 503),
      trace: (direction, data) => {
        if (this.#listeners.length > 0 || traced) calls.sipMessage(direction, data);
      },
      ...(sip.advertised_address !== undefined && { advertisedHost: sip.advertised_address }),
    });
  }

  async #openSip(sip: SipEndpoint, http: HostPort, calls: Calls): Promise<readonly SipListener[]> {
    const bound = await startSip(sip, http);
    this.#opened.push(() => sip.close());
    // Pushed last, so first at shutdown: calls end while SIP, media and database are still there.
    this.#opened.push(() => calls.close());
    return bound;
  }

  #openWarmUp(options: WarmUpOptions): void {
    if (!options.config.warm_up) return;
    const warmUp = new WarmUp(options);
    this.#warmUp = warmUp;
    this.#opened.push(() => warmUp.close());
    warmUp.start();
  }

  #emit(event: ServerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
