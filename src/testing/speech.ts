import { homedir } from 'node:os';
import path from 'node:path';
import type { PlayableSound } from '../call/leg.ts';
import { silentLogger } from '../log/logger.ts';
import { joinSamples } from '../media/copy-samples.ts';
import { createSynthesizer } from '../speech/registry.ts';
import type { SpeechChunk, SpeechRequest, Synthesizer } from '../speech/synthesizer.ts';
import type { Clock } from '../time/clock.ts';
import { RealClock } from '../time/real-clock.ts';

let shared: Synthesizer | undefined;

/**
 * The voice of all virtual calls of this process: what was once spoken is found again, also by later
 * processes.
 */
export function sharedVoice(): Synthesizer {
  if (shared === undefined) {
    const folder = cacheFolder();
    shared = createSynthesizer({
      clock: new RealClock(),
      log: silentLogger,
      ...(folder !== undefined && { disk: { folder: path.join(folder, 'openswml', 'speech') } }),
    });
  }
  return shared;
}

/** https://specifications.freedesktop.org/basedir-spec/latest/; undefined for a user without a home, as in containers. */
function cacheFolder(): string | undefined {
  const given = process.env['XDG_CACHE_HOME'];
  if (given !== undefined && path.isAbsolute(given)) return given;
  try {
    return path.join(homedir(), '.cache');
  } catch {
    return undefined;
  }
}

/**
 * Speech for one virtual call. Each utterance is spoken as a whole before its first sample is played, while
 * virtual time stands still: its length is known from its beginning, and does not depend on the machine.
 */
export class WholeSpeech implements Synthesizer {
  readonly name: string;
  readonly #voice: Synthesizer;
  readonly #clock: Clock;
  readonly #lengths = new WeakMap<object, number>();

  constructor(voice: Synthesizer, clock: Clock) {
    this.name = voice.name;
    this.#voice = voice;
    this.#clock = clock;
  }

  /** How long the sound lasts, ms; undefined before it is spoken. */
  lengthMs(sound: PlayableSound): number | undefined {
    return this.#lengths.get(sound);
  }

  async *speak(
    request: SpeechRequest,
    sampleRate: number,
    signal?: AbortSignal,
  ): AsyncGenerator<SpeechChunk> {
    const whole = await this.#clock.holdWhile(collect(this.#voice.speak(request, sampleRate, signal)));
    this.#lengths.set(request, (whole.length * 1000) / sampleRate);
    if (whole.length > 0) yield whole;
  }

  /** The voice is everybody's. */
  async close(): Promise<void> {}
}

/** All samples in one piece. */
export async function collect(chunks: AsyncIterable<Int16Array>): Promise<Int16Array> {
  const pieces: Int16Array[] = [];
  for await (const chunk of chunks) pieces.push(chunk);
  return pieces.length === 1 ? pieces[0]! : joinSamples(pieces);
}
