/** The parts of the server that a virtual call needs, put together in memory. */
import { buildEnvelope } from '../callbacks/envelope.ts';
import { HttpSender } from '../callbacks/http-sender.ts';
import { DurableOutbox } from '../callbacks/outbox.ts';
import type { PlayableSound } from '../call/leg.ts';
import { RecordingService } from '../call/recording-service.ts';
import { SoundLoader } from '../call/sounds/loader.ts';
import type { ScriptCallback } from '../engine/host.ts';
import type { Logger } from '../log/logger.ts';
import { LocalMediaHost } from '../mediaworker/local-host.ts';
import {
  createMemoryRtpNetwork,
  type MemoryRtpNetwork,
  type NetworkConditions,
} from '../rtp/memory-network.ts';
import type { Synthesizer } from '../speech/synthesizer.ts';
import { Database } from '../storage/database.ts';
import { SqliteRecordings } from '../storage/sqlite-recordings.ts';
import type { RecordingStore } from '../storage/recordings.ts';
import type { Clock } from '../time/clock.ts';
import { fileURLToPath } from 'node:url';
import { MemoryDisk } from './memory-disk.ts';
import { PROJECT_ID, SPACE_ID } from './options.ts';
import { collect, sharedVoice, WholeSpeech } from './speech.ts';
import type { ExchangeListener, FakeWeb } from './web.ts';
import { type WebClients, webClients } from './web-clients.ts';

export interface CallPartsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly web: FakeWeb;
  readonly onExchange: ExchangeListener;
  readonly network: Partial<NetworkConditions>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly newId: () => string;
  readonly voice: Synthesizer | undefined;
  readonly signingKey: string | undefined;
}

export interface CallParts {
  readonly network: MemoryRtpNetwork;
  readonly media: LocalMediaHost;
  readonly outbox: DurableOutbox;
  readonly store: RecordingStore;
  readonly recordings: RecordingService;
  readonly disk: MemoryDisk;
  readonly speech: WholeSpeech;
  readonly sounds: SoundLoader;
  readonly clients: WebClients;
  /** All samples of a sound, at `sampleRate` Hz. */
  load(sound: PlayableSound, sampleRate: number): Promise<Int16Array>;
  /** Puts a callback of a script on its way. */
  emit(callback: ScriptCallback): void;
  /** Resolves when all callbacks have come to their end, those that are tried again among them, or after so many ms. */
  delivered(limitMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Recordings are announced below it; nothing is ever sent there. */
export const PUBLIC_URL = 'https://openswml.test';
/** In all spellings that a server takes for one of its recordings (server/http/recording-url.ts). */
const RECORDING_URL =
  /^\s*https:\/\/openswml\.test\/api\/v1\/recordings\/([0-9a-f-]{36})(?:\/download)?(?:\.(?:wav|mp3|mp4))?(?:[?#]|\s*$)/i;
const MAX_RECORDING_SECONDS = 14_400;

export function openCallParts(options: CallPartsOptions): CallParts {
  const { clock, log, web, random, newId } = options;
  const network = createMemoryRtpNetwork(clock, { ...options.network, random });
  const disk = new MemoryDisk();
  const media = new LocalMediaHost({
    clock,
    log,
    random,
    openSocket: (address) => network.open(address),
    createTarget: (path) => disk.create(path),
    phases: 1,
  });
  const database = Database.inMemory(clock, log);
  const { signingKey } = options;
  const clients = webClients(web, clock, clock.monotonic(), options.onExchange, signingKey);
  const outbox = new DurableOutbox({
    database,
    clock,
    log,
    random,
    newId,
    sender: new HttpSender({ http: clients.callbacks, clock, signingKey }),
  });
  outbox.start();
  const store = new SqliteRecordings(database, clock);
  const recordings = new RecordingService({
    store,
    outbox,
    database,
    dataDir: '/',
    urlOf: (id) => `${PUBLIC_URL}/api/v1/recordings/${id}/download`,
    idOf: (url) => RECORDING_URL.exec(url)?.[1]?.toLowerCase(),
    maxLengthSeconds: MAX_RECORDING_SECONDS,
    newId,
    clock,
    log,
  });
  const speech = new WholeSpeech(options.voice ?? sharedVoice(), clock);
  const sounds = new SoundLoader({
    clock,
    synthesizer: speech,
    http: clients.sounds,
    localFile: (url) => {
      if (url.startsWith('file:')) return { path: fileURLToPath(url) };
      const file = recordings.localFile(url);
      const bytes = file === undefined ? undefined : disk.read(file.path);
      return bytes === undefined ? undefined : { bytes };
    },
  });
  return {
    network,
    media,
    outbox,
    store,
    recordings,
    disk,
    speech,
    sounds,
    clients,
    load: (sound, sampleRate) => {
      const loaded = sounds.load(sound, sampleRate);
      return loaded.kind === 'stream' ? collect(loaded.chunks) : Promise.resolve(new Int16Array(0));
    },
    emit: ({ url, method, operationId, eventType, sessionId, params }) =>
      outbox.enqueue({
        url,
        ...(method !== undefined && { method }),
        operationId,
        envelope: buildEnvelope({
          type: eventType,
          channel: `swml:${sessionId}`,
          nowMs: clock.now(),
          projectId: PROJECT_ID,
          spaceId: SPACE_ID,
          params,
        }),
      }),
    delivered: (limitMs) => delivered(outbox, clock, limitMs),
    // Not the database: what was recorded is read behind the end, too, and it goes with the last who may.
    close: async () => {
      await media.close();
      await outbox.close();
    },
  };
}

function delivered(outbox: DurableOutbox, clock: Clock, limitMs: number): Promise<void> {
  if (outbox.open === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = clock.after(limitMs, resolve);
    outbox.onDelivery(() => {
      if (outbox.open > 0) return;
      timer.cancel();
      resolve();
    });
  });
}
