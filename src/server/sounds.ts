import path from 'node:path';
import { type LocalFile, SoundLoader } from '../call/sounds/loader.ts';
import { SoundCache } from '../call/sounds/sound-cache.ts';
import { SoundDisk } from '../call/sounds/sound-disk.ts';
import type { Logger } from '../log/logger.ts';
import type { HttpClient } from '../net/http-client.ts';
import type { Synthesizer } from '../speech/synthesizer.ts';
import type { Clock } from '../time/clock.ts';
import type { Config } from './config-keys.ts';

export interface SoundsOptions {
  readonly config: Pick<Config, 'sounds' | 'data_dir'>;
  readonly http: Pick<HttpClient, 'stream'>;
  readonly synthesizer: Synthesizer;
  readonly localFile: LocalFile;
  /** Recordings are encrypted: then no sound lies on disk in clear, since it may be somebody's words as well. */
  readonly encrypted: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

const MIB = 1024 * 1024;

/** What plays sounds, with their cache in memory and on disk. */
export function openSounds(options: SoundsOptions): { loader: SoundLoader; close: () => Promise<void> } {
  const { config, http, synthesizer, localFile, encrypted, clock, log } = options;
  const { cache_mb, disk_mb, max_mb, max_seconds } = config.sounds;
  const folder = path.join(config.data_dir, 'cache', 'sounds');
  const disk =
    disk_mb === 0 || cache_mb === 0 || encrypted
      ? undefined
      : new SoundDisk({ folder, maxBytes: disk_mb * MIB, clock, log });
  const loader = new SoundLoader({
    clock,
    synthesizer,
    http: new SoundCache({ http, clock, maxBytes: cache_mb * MIB, disk }),
    maxBytes: max_mb * MIB,
    maxDurationMs: max_seconds * 1000,
    localFile,
  });
  return { loader, close: async () => await disk?.settled() };
}
