import type { PlayableSound, PlayOperation } from '../../call/leg.ts';
import type { MethodContext } from '../context.ts';
import { soundsOf } from '../sound-params.ts';
import type { ConnectParams } from './params.ts';

interface RingbackPlan {
  readonly sounds: readonly PlayableSound[];
  readonly volumeDb: number;
  /** 0: for ever. */
  readonly loop: number;
  readonly statusUrl: string | undefined;
  /** The document says what is to be heard. */
  readonly chosen: boolean;
}

const RINGING: RingbackPlan = {
  sounds: [{ kind: 'ring', country: 'us' }],
  volumeDb: 0,
  loop: 0,
  statusUrl: undefined,
  chosen: false,
};

/** What the caller hears while others are called (spec/call-control.md 3.3). */
export class Ringback {
  readonly #context: MethodContext;
  readonly #plan: RingbackPlan;
  #playing: PlayOperation | undefined;

  constructor(context: MethodContext, ringback: ConnectParams['ringback']) {
    this.#context = context;
    this.#plan = planOf(context, ringback);
  }

  /** Whether the document says what is to be heard: then nothing of the called side takes its place. */
  get chosen(): boolean {
    return this.#plan.chosen;
  }

  /**
   * Nothing is played to an unanswered caller who is not to hear something of ours: the telephone rings by itself, for
   * as long as it has heard nothing of ours.
   */
  start(): void {
    const { leg } = this.#context;
    const { sounds, volumeDb, loop, chosen } = this.#plan;
    const silent = sounds.length === 0 || (!chosen && !leg.hearsUs);
    if (silent || this.#playing !== undefined || leg.signal.aborted) return;
    const controlId = this.#context.newId();
    const playing = leg.play(sounds, {
      volumeDb,
      loop,
      controlId,
      onState: (state) => this.#report(controlId, state),
    });
    this.#playing = playing;
    this.#report(controlId, 'playing');
    void playing.done.then((result) => {
      this.#report(controlId, result.state === 'error' ? 'error' : 'finished');
      // One that is stopped by now may have ended the call itself: a caller without a codec in common is refused by it.
      const counts = this.#playing === playing || leg.signal.aborted;
      if (result.state !== 'error' || !counts) return;
      this.#context.warn('failed', `The ringback cannot be played: ${result.error ?? 'no reason is known'}`);
    });
  }

  stop(): void {
    const playing = this.#playing;
    this.#playing = undefined;
    playing?.stop();
  }

  #report(controlId: string, state: 'playing' | 'paused' | 'finished' | 'error'): void {
    const { statusUrl } = this.#plan;
    if (statusUrl === undefined) return;
    this.#context.emit({
      url: statusUrl,
      operationId: controlId,
      eventType: 'calling.call.play',
      params: { control_id: controlId, state },
    });
  }
}

function planOf(context: MethodContext, ringback: ConnectParams['ringback']): RingbackPlan {
  if (ringback === undefined) return RINGING;
  const { vars } = context;
  if (typeof ringback === 'string' || isList(ringback)) {
    const texts = typeof ringback === 'string' ? [ringback] : ringback;
    return { ...RINGING, chosen: true, sounds: soundsOf(texts, {}, vars) };
  }
  const { url, urls, volume, loop, status_url: statusUrl } = ringback;
  const sounds = soundsOf(urls ?? [url ?? ''], ringback, vars);
  return { sounds, volumeDb: volume, loop, statusUrl, chosen: true };
}

function isList(value: unknown): value is readonly string[] {
  return Array.isArray(value);
}
