import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { RecordingService } from '../../call/recording-service.ts';
import { createLogger } from '../../log/line-logger.ts';
import type { Logger } from '../../log/logger.ts';
import type { MediaHost } from '../../mediaworker/protocol.ts';
import { createSipEndpoint } from '../../sip/endpoint.ts';
import { MemoryNetwork } from '../../sip/transport/memory-network.ts';
import { NodeNetwork } from '../../sip/transport/node-network.ts';
import { Database } from '../../storage/database.ts';
import { SqliteRecordings } from '../../storage/sqlite-recordings.ts';
import { type Clock, sleep } from '../../time/clock.ts';
import type { KeyRing } from '../../recording/encryption/keys.ts';
import { Calls } from '../calls.ts';
import type { Config } from '../config-keys.ts';
import { Documents } from '../documents.ts';
import type { Identity } from '../identity.ts';
import { Metrics } from '../metrics.ts';
import { WarmUpPhone } from './warm-up-phone.ts';

export interface WarmUpOptions {
  readonly config: Config;
  readonly identity: Identity;
  /** The real ones: each media thread has code of its own to warm. */
  readonly media: MediaHost;
  readonly keys: KeyRing;
  readonly version: string;
  readonly clock: Clock;
  /** Told of a failure; calls log elsewhere. */
  readonly log: Logger;
  /** How many; default {@link CALLS}. */
  readonly calls?: number;
  /** So many of them in a round; default {@link ROUND}. */
  readonly round?: number;
}

/**
 * The first calls take several times as long as later ones. So the first round comes at once; the others, which make
 * calls half as fast again, take their time.
 */
const ROUND = 80;
const CALLS = 1520;
/**
 * V8 would compile well what has run 400 times, and best what has run 3,000 times; every call runs much the same, so a
 * hundred calls show all that thousands would. From the start on it would compile what only starting needs, too.
 */
const COMPILE_SOONER = ['--invocation-count-for-maglev=100', '--invocation-count-for-turbofan=400'];
/** From one to the next, ms: half of one core at the most, so that calls that come meanwhile find room. */
const EVERY_MS = 30;
/** The same behind the first round: a tenth of a core, for a minute. */
const LATER_EVERY_MS = 40;
/** Of the ports, calls of ours take 8 at most. */
const FEWEST_PORTS = 200;
const SERVER = { address: '127.0.0.1', port: 5060 };
const DOCUMENT = 'sections:\n  main:\n    - record: {beep: false, initial_timeout: 30, max_length: 60}\n';

/**
 * Calls that a server has with itself once it takes calls, so that the code which answers, records and ends the first
 * real ones is compiled. They pass through the same SIP stack, engine, database code, media threads and recorders;
 * but their network, database, log and metrics are their own and forgotten, and their files lie in a folder of the
 * system's that is removed. They end as soon as a real call comes.
 */
export class WarmUp {
  readonly #options: WarmUpOptions;
  readonly #over = new AbortController();
  #done: Promise<void> = Promise.resolve();
  #running = false;

  constructor(options: WarmUpOptions) {
    this.#options = options;
  }

  /** Its calls are under way. */
  get running(): boolean {
    return this.#running;
  }

  start(): void {
    const { ports } = this.#options.config.rtp;
    if (this.#running || ports.max - ports.min + 1 < FEWEST_PORTS) return;
    this.#running = true;
    for (const flag of COMPILE_SOONER) setFlagsFromString(flag);
    this.#done = this.#run()
      .catch((cause: unknown) => this.#options.log.debug({ err: cause }, 'the warm-up ended early'))
      .finally(() => {
        this.#running = false;
      });
  }

  /** Begins no further call, and ends those there are. */
  stop(): void {
    // Asked for each call, and each abort would make an exception with its stack, be it over or not.
    if (!this.#over.signal.aborted) this.#over.abort();
  }

  /** Resolves when nothing is left of it. */
  async close(): Promise<void> {
    this.stop();
    await this.#done;
  }

  /** In rounds, each with a folder and a database of its own, so that little is held. */
  async #run(): Promise<void> {
    const { calls: wanted = CALLS, round = ROUND } = this.#options;
    for (let made = 0; made < wanted && !this.#over.signal.aborted; made += round) {
      const folder = await mkdtemp(path.join(tmpdir(), 'openswml-warm-up-'));
      try {
        await this.#serve(folder, Math.min(round, wanted - made), made === 0 ? EVERY_MS : LATER_EVERY_MS);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }
  }

  async #serve(folder: string, count: number, everyMs: number): Promise<void> {
    const { clock } = this.#options;
    const network = new MemoryNetwork(clock);
    network.fate = () => [0];
    const database = Database.inMemory(clock);
    const log = logToNowhere(this.#options.config);
    const calls = await this.#makeCalls(folder, database, log);
    const sip = createSipEndpoint({
      clock,
      log,
      listeners: [{ protocol: 'udp', host: SERVER.address, port: SERVER.port }],
      userAgent: `OpenSWML/${this.#options.version}`,
      onInvite: (call) => calls.accept(call),
      network: network.host(SERVER.address),
    });
    const audioHost = hostToSpeakTo(this.#options.config.rtp.bind);
    const phone = new WarmUpPhone({
      signalling: network.host('127.0.0.2'),
      server: SERVER,
      audio: new NodeNetwork(clock),
      audioHost,
      clock,
    });
    try {
      await sip.start();
      await phone.start();
      await this.#call(phone, count, everyMs);
    } finally {
      await calls.close();
      await Promise.all([sip.close(), phone.close()]);
      database.close();
    }
  }

  /** @throws Error of the first call that failed; no further one is made then */
  async #call(phone: WarmUpPhone, count: number, everyMs: number): Promise<void> {
    const { signal } = this.#over;
    const running: Promise<void>[] = [];
    for (let made = 0; made < count && !signal.aborted; made++) {
      const call = phone.call(signal);
      call.catch(() => this.stop());
      running.push(call);
      await sleep(this.#options.clock, everyMs, signal).catch(() => {});
    }
    await Promise.all(running);
  }

  async #makeCalls(folder: string, database: Database, log: Logger): Promise<Calls> {
    const { config, identity, media, keys, version, clock } = this.#options;
    const source = path.join(folder, 'document.yaml');
    await writeFile(source, DOCUMENT);
    const outbox = {
      ...NOBODY,
      start: () => {},
      onDelivery: () => {},
      drain: async () => {},
      close: async () => {},
    };
    return new Calls({
      config: {
        ...config,
        // Its calls are none of those that limits are about.
        limits: {
          ...config.limits,
          max_calls: 0,
          setups_per_second: 0,
          max_recordings: 0,
          min_free_disk_mb: 0,
        },
        // The one that its phone speaks.
        rtp: { ...config.rtp, codecs: [...new Set([...config.rtp.codecs, 'PCMU' as const])] },
        recording: { ...config.recording, consent_variable: undefined },
        callbacks: { ...config.callbacks, script_warning_url: undefined },
      },
      identity,
      documents: new Documents({
        http: { fetch: NOBODY.enqueue },
        clock,
        log,
        signingKey: undefined,
        source,
        fallback: undefined,
      }),
      recordings: new RecordingService({
        store: new SqliteRecordings(database, clock),
        outbox,
        database,
        dataDir: folder,
        urlOf: (id) => id,
        idOf: () => undefined,
        maxLengthSeconds: config.limits.max_recording_seconds,
        maskDtmf: config.recording.mask_dtmf,
        keys,
        clock,
        log,
      }),
      sounds: { load: NOBODY.enqueue },
      recogniser: undefined,
      streams: { dial: NOBODY.enqueue, rtpRefusal: () => 'nothing leaves a warm-up' },
      media,
      outbox,
      http: { request: NOBODY.enqueue },
      load: {
        freeDiskBytes: undefined,
        overloaded: false,
        noteTurnedAway: () => {},
      },
      hasRtpPorts: () => true,
      metrics: new Metrics(undefined, version),
      clock,
      log,
      onEvent: () => {},
    });
  }
}

/** What the document never asks for. */
const NOBODY = {
  enqueue: (): never => {
    throw new Error('a warm-up has no connection to anybody');
  },
};

/** As the real one, but nothing is kept. */
function logToNowhere({ log }: Config): Logger {
  const format = log.format === 'pretty' ? 'pretty' : 'json';
  return createLogger({ format, level: log.level, destination: { write: () => {} } });
}

/** This machine, as it is reached at the address that audio is received on. */
function hostToSpeakTo(bind: string): string {
  if (bind === '0.0.0.0') return '127.0.0.1';
  return bind === '::' ? '::1' : bind;
}
