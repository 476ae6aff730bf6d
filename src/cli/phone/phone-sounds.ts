import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { PlayableSound } from '../../call/leg.ts';
import type { SoundSource } from '../../call/playback.ts';
import { decodeFile } from '../../call/sounds/file-sound.ts';
import type { LoadedSound } from '../../call/sounds/loader.ts';
import type { Synthesizer } from '../../speech/synthesizer.ts';
import type { Clock } from '../../time/clock.ts';

/** Longest file that the phone says, ms. */
const MAX_FILE_MS = 4 * 3_600_000;

/** What the phone can say: text, and audio files by their `file:` URL. */
export class PhoneSounds implements SoundSource {
  readonly #synthesizer: Synthesizer;
  readonly #clock: Clock;

  constructor(synthesizer: Synthesizer, clock: Clock) {
    this.#clock = clock;
    this.#synthesizer = synthesizer;
  }

  /** @throws TypeError for any other kind of sound */
  load(sound: PlayableSound, sampleRate: number, signal: AbortSignal): LoadedSound {
    switch (sound.kind) {
      case 'say':
        return { kind: 'stream', chunks: this.#synthesizer.speak(sound, sampleRate, signal) };
      case 'silence':
        return { kind: 'made', sound: { kind: 'silence', durationMs: sound.seconds * 1000 } };
      case 'url': {
        const path = fileURLToPath(sound.url);
        const bytes = createReadStream(path, { signal });
        return {
          kind: 'stream',
          chunks: decodeFile(bytes, {
            clock: this.#clock,
            name: path,
            sampleRate,
            maxDurationMs: MAX_FILE_MS,
          }),
        };
      }
      case 'ring':
        throw new TypeError('a phone does not ring at the one it calls');
    }
  }
}
