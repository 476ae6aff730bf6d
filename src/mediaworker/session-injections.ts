import { RatePath } from '../media/rate-path.ts';
import type { FrameDecoder } from './codecs.ts';
import { InjectedAudio } from './injected-audio.ts';
import type { InjectSpec, MediaEvent } from './protocol.ts';
import { createStreamDecoder } from './stream-codecs.ts';

export interface SessionInjectionsOptions {
  readonly sessionId: string;
  /** Hz. */
  readonly sampleRate: number;
  /** Samples of one frame. */
  readonly frame: number;
  readonly onEvent: (event: MediaEvent) => void;
}

interface Injection {
  readonly audio: InjectedAudio;
  readonly decoder: FrameDecoder;
  changer: RatePath | undefined;
  readonly createChanger: () => RatePath | undefined;
  /** Dropped samples that were told. */
  told: number;
}

/** Octets that are decoded at a time: what is larger comes in several pieces. One packet of Opus fits. */
const PIECE_BYTES = 4_096;
/** Pieces are decoded here: within one call, for any session of the thread. G.722 makes two samples of an octet. */
const decoded = new Int16Array(2 * PIECE_BYTES);

/** Sound from elsewhere in one session: decoded, brought to its rate, and mixed into what the party hears. */
export class SessionInjections {
  readonly #options: SessionInjectionsOptions;
  readonly #running = new Map<string, Injection>();

  constructor(options: SessionInjectionsOptions) {
    this.#options = options;
  }

  /** Something comes from elsewhere, or may. */
  get active(): boolean {
    return this.#running.size > 0;
  }

  start(injectId: string, { codec, sampleRate, realtime }: InjectSpec): void {
    const { sessionId, frame, onEvent } = this.#options;
    const ours = this.#options.sampleRate;
    const createChanger = (): RatePath | undefined =>
      sampleRate === ours ? undefined : new RatePath(sampleRate, ours);
    this.#running.set(injectId, {
      audio: new InjectedAudio(ours, frame, realtime, (name) =>
        onEvent({ type: 'injectedMark', sessionId, injectId, name }),
      ),
      decoder: createStreamDecoder(codec),
      changer: createChanger(),
      createChanger,
      told: 0,
    });
  }

  push(injectId: string, payload: Uint8Array): void {
    const injection = this.#running.get(injectId);
    if (injection === undefined) return;
    const { audio, decoder, changer } = injection;
    for (let at = 0; at < payload.length; at += PIECE_BYTES) {
      const count = decoder.decode(payload, at, Math.min(at + PIECE_BYTES, payload.length), decoded);
      if (changer === undefined) {
        audio.push(decoded.slice(0, count));
      } else {
        const changed = new Int16Array(changer.outputOf(count));
        audio.push(changed.subarray(0, changer.process(decoded, 0, count, changed, 0)));
      }
    }
    this.#tellDropped(injectId, injection);
  }

  mark(injectId: string, name: string): void {
    this.#running.get(injectId)?.audio.mark(name);
  }

  clear(injectId: string): void {
    const injection = this.#running.get(injectId);
    if (injection === undefined) return;
    // What comes next begins anew: half a sample of what was broken off would shift all of it by an octet.
    injection.decoder.restart?.();
    injection.changer = injection.createChanger();
    injection.audio.clear();
  }

  stop(injectId: string): void {
    this.#running.get(injectId)?.decoder.close();
    this.#running.delete(injectId);
  }

  stopAll(): void {
    for (const injectId of [...this.#running.keys()]) this.stop(injectId);
  }

  /**
   * Mixes its next frame into `frame`, which is as it was left when it is not `sounding`.
   * @returns whether it sounds now
   */
  mixInto(frame: Int16Array, sounding: boolean): boolean {
    if (this.#running.size === 0) return sounding;
    let sounds = sounding;
    for (const { audio } of this.#running.values()) {
      if (!audio.ready()) continue;
      if (!sounds) frame.fill(0);
      sounds = true;
      audio.mixInto(frame);
    }
    return sounds;
  }

  /** Once at first, then for each further second. */
  #tellDropped(injectId: string, injection: Injection): void {
    const { sessionId, sampleRate, onEvent } = this.#options;
    const samples = injection.audio.dropped;
    if (samples === 0 || (injection.told > 0 && samples < injection.told + sampleRate)) return;
    injection.told = samples;
    onEvent({ type: 'injectDropped', sessionId, injectId, samples });
  }
}
