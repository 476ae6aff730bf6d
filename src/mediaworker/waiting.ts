import type { RtpSocket } from '../rtp/sockets.ts';
import type { Clock } from '../time/clock.ts';
import { DeferredFrames, type FrameWork } from './deferred-frames.ts';
import { FrameTimes } from './frame-times.ts';
import type { Patience } from './patience.ts';
import type { ReceivePath } from './receive-path.ts';
import type { SendPath } from './send-path.ts';

/** `briefly`: until the next look; `long`: until the last look of its round. */
export type Wait = 'not' | 'briefly' | 'long';

/** So much of a standstill is made up for by the thread's own schedule, ms. */
const SCHEDULED_MS = 250;

export interface WaitingOptions {
  readonly patience: Patience | undefined;
  readonly clock: Clock;
  readonly socket: RtpSocket;
  readonly work: FrameWork;
  /** How long what comes may wait now. */
  readonly may: () => Wait;
  readonly receivePath: Pick<ReceivePath, 'payloadType' | 'timeline'>;
  readonly sendPath: Pick<SendPath, 'sendIdle' | 'sendsIdle'>;
}

/**
 * Whether the packets of a session wait, and its frames with them. Either keeps the order of time, so nothing
 * comes out differently.
 */
export class Waiting {
  readonly #options: WaitingOptions;
  readonly #times: FrameTimes;
  readonly #deferred: DeferredFrames;
  #waits: Wait = 'not';
  /** While it waits, the first frame whose idle packet has not been sent. */
  #unsent = 0;
  /** Somebody may wait for what has just come. */
  #stirred = false;

  constructor(options: WaitingOptions) {
    this.#options = options;
    this.#times = options.patience?.times ?? new FrameTimes();
    this.#deferred = new DeferredFrames(options.clock, this.#times, options.work);
  }

  /** Shows the time that is being made up for. */
  get clock(): Clock {
    return this.#deferred.clock;
  }

  get on(): boolean {
    return this.#waits !== 'not';
  }

  /** What comes waits for the last look of its round: until then, nobody asks what has become of it. */
  get long(): boolean {
    return this.#waits === 'long';
  }

  /** While it waits: a packet that came at `arrivedMs` is being received from here on, in the order of time … */
  beforePacket(arrivedMs: number): void {
    this.#deferred.makeUp(arrivedMs);
    this.#deferred.moment = arrivedMs;
  }

  /** … to here. */
  afterPacket(): void {
    this.#deferred.moment = Number.NaN;
    if (this.#stirred) this.end();
  }

  /**
   * There is no room for a packet, also while nothing waits: if the thread has stood still, the next frame that was missed
   * is made up for, at its time.
   * @returns whether it was
   */
  makeRoom(): boolean {
    const { receivePath, clock } = this.#options;
    const { nextMs } = receivePath.timeline.ticks;
    return nextMs <= clock.monotonic() - SCHEDULED_MS && this.#deferred.makeUpMissed(nextMs);
  }

  /** What is being received is to wait no longer. */
  stir(): void {
    this.#stirred = true;
  }

  /** One frame while it waits. @returns whether it is to be made up for, once its packets have been looked at */
  tick(turn: number | undefined): boolean {
    this.#sendIdle();
    return this.#isTurn(turn, this.#waits);
  }

  /** Makes up for this frame and all before it. */
  makeUp(): void {
    // Of one that sleeps it is the first of its ticks for long.
    this.#sendIdle();
    this.#deferred.makeUp();
    this.#deferred.finish();
  }

  /** Nothing of the frames that were made up for is left to be done: something is about to change what they find. */
  finishFrames(): void {
    this.#deferred.finish();
  }

  /** Behind a frame of this turn: waits from now on for as long as it may. */
  begin(turn: number | undefined): void {
    const { patience, may, receivePath, sendPath, socket } = this.#options;
    if (patience === undefined || !this.#isTurn(turn, this.#waits === 'not' ? 'long' : this.#waits)) return;
    const waits = may();
    const audio = receivePath.payloadType;
    if (waits === this.#waits || audio === undefined) return;
    if (waits === 'not') {
      this.end();
      return;
    }
    const aside = waits === 'long' ? { turn: patience.turn, payloadType: audio } : undefined;
    if (socket.joinBatch?.({ look: patience.turn % patience.looks, aside }) !== true) return;
    if (this.#waits === 'not') {
      this.#deferred.begin();
      this.#unsent = this.#times.count;
    }
    this.#waits = waits;
    this.#stirred = false;
    patience.onSleep(waits === 'long' && !sendPath.sendsIdle);
  }

  /** Makes up for all that waits; nothing waits any more. */
  end(): void {
    if (this.#waits === 'not') return;
    this.#catchUp();
    this.#waits = 'not';
    const { socket, patience } = this.#options;
    socket.joinBatch?.(undefined);
    patience?.onSleep(false);
  }

  /** As {@link end}, for good: what comes to the socket from now on is nobody's. */
  leave(): void {
    if (this.#waits === 'not') return;
    this.#catchUp();
    this.#waits = 'not';
  }

  #catchUp(): void {
    this.#sendIdle();
    this.#options.socket.receive?.();
    this.#deferred.makeUp();
    this.#deferred.finish();
  }

  #isTurn(turn: number | undefined, waits: Wait): boolean {
    const { patience } = this.#options;
    if (patience === undefined || turn === undefined) return false;
    return waits === 'briefly' ? (turn - patience.turn) % patience.looks === 0 : turn === patience.turn;
  }

  /** What is sent in the frames so far; several of them when it has slept. */
  #sendIdle(): void {
    for (; this.#unsent < this.#times.count; this.#unsent++) this.#options.sendPath.sendIdle();
  }
}
