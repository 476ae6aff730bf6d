import { rm } from 'node:fs/promises';
import path from 'node:path';
import { type LocalFile, SoundLoader } from '../call/sounds/loader.ts';
import { SoundCache } from '../call/sounds/sound-cache.ts';
import { SoundDisk } from '../call/sounds/sound-disk.ts';
import type { Logger } from '../log/logger.ts';
import { HttpClient } from '../net/http-client.ts';
import type { Synthesizer } from '../speech/synthesizer.ts';
import type { Clock } from '../time/clock.ts';
import type { Config } from './config-keys.ts';

export interface SoundsOptions {
  readonly config: Pick<Config, 'sounds' | 'data_dir' | 'network'>;
  readonly userAgent: string;
  readonly synthesizer: Synthesizer;
  readonly localFile: LocalFile;
  /** Recordings are encrypted: then no sound lies on disk in clear, since it may be somebody's words as well. */
  readonly encrypted: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

const MIB = 1024 * 1024;
/** Whoever hears a file that is not kept has a connection for so long as it sounds. */
const CONNECTIONS_PER_ORIGIN = 4096;

/** What plays sounds, with their cache in memory and on disk. */
export function openSounds(options: SoundsOptions): { loader: SoundLoader; close: () => Promise<void> } {
  const { config, userAgent, synthesizer, localFile, encrypted, clock, log } = options;
  const { cache_mb, disk_mb, max_mb, max_seconds } = config.sounds;
  const folder = path.join(config.data_dir, 'cache', 'sounds');
  const disk =
    disk_mb === 0 || cache_mb === 0 || encrypted
      ? undefined
      : new SoundDisk({ folder, maxBytes: disk_mb * MIB, clock, log });
  const forgotten = disk === undefined ? forgetSounds(folder, log) : undefined;
  // Of its own: documents and callbacks of the same server do not wait until somebody has heard a sound.
  const http = new HttpClient({
    clock,
    log,
    allow: config.network.allow,
    defaults: { httpsOnly: config.network.https_only },
    userAgent,
    connectionsPerOrigin: CONNECTIONS_PER_ORIGIN,
  });
  const loader = new SoundLoader({
    clock,
    synthesizer,
    http: new SoundCache({ http, clock, maxBytes: cache_mb * MIB, disk }),
    maxBytes: max_mb * MIB,
    maxDurationMs: max_seconds * 1000,
    localFile,
  });
  const close = async (): Promise<void> => {
    await http.close();
    await disk?.settled();
    await forgotten;
  };
  return { loader, close };
}

/** Where no sound shall lie on disk, what lies there from before is deleted. Never rejects. */
async function forgetSounds(folder: string, log: Logger): Promise<void> {
  await rm(folder, { recursive: true, force: true }).catch((error: unknown) => {
    log.warn({ err: error, folder }, 'sounds that were fetched before could not be deleted');
  });
}
