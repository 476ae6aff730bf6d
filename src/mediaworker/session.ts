import type { Logger } from '../log/logger.ts';
import type { CreateTarget } from '../recording/byte-target.ts';
import type { EndCause } from '../recording/types.ts';
import { EarlyPackets } from '../rtp/early-packets.ts';
import type { RtpSocket } from '../rtp/sockets.ts';
import type { Clock } from '../time/clock.ts';
import { CODEC_RATES } from './codec-rates.ts';
import {
  type MediaCommand,
  type MediaEvent,
  type MediaStatistics,
  NO_STATISTICS,
  type OpenSession,
} from './protocol.ts';
import type { Patience } from './patience.ts';
import { SessionAudio } from './session-audio.ts';

export interface MediaSessionOptions extends OpenSession {
  readonly socket: RtpSocket;
  /** How it may wait; undefined: it does not. */
  readonly patience?: Patience | undefined;
  /** Binds a further port for RTP at the session's address. @throws Error */
  readonly openSocket: () => Promise<RtpSocket>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Where recordings go; default: files. */
  readonly createTarget?: CreateTarget | undefined;
  readonly onEvent: (event: MediaEvent) => void;
  /** A datagram could not be worked at: the session is to be closed, and no other. Default: it is thrown at the socket. */
  readonly onFailed?: (cause: unknown) => void;
}

/** An agreement that is older than this, ms, begins the audio this long ago: no more than the timeline holds. */
const MAX_LATE_START_MS = 1000;
/** A party that is faster than the word of the agreement talks for so long before it, at most, ms. */
const MAX_EARLY_MS = 500;
/** Of the thread's loop, for what waits in a socket: each takes more than half a second of packets from it. */
const MAX_TURNS = 16;

/** A command without those that the table of sessions handles itself. */
export type SessionCommand = Exclude<
  MediaCommand,
  { readonly type: 'open' | 'close' | 'bridge' | 'unbridge' }
>;

/**
 * The media of one leg, from the opening of its socket on. Its audio begins with the first agreement, at the
 * rate of the codec, which it keeps: later codecs are turned into that rate. What is asked for before waits.
 */
export class MediaSession {
  readonly sessionId: string;
  readonly #options: MediaSessionOptions;
  readonly #waiting: SessionCommand[] = [];
  #audio: SessionAudio | undefined;
  /** Of a party that is faster than the word of the agreement. */
  #early: EarlyPackets | undefined;
  #peer: MediaSession | undefined;
  #closing: Promise<MediaStatistics> | undefined;
  /** Datagrams that have come to its RTP port. */
  #datagrams = 0;

  constructor(options: MediaSessionOptions) {
    const { socket } = options;
    this.#options = options;
    this.sessionId = options.sessionId;
    socket.onPacket = (bytes, address, port, arrivedMs) => {
      this.#datagrams++;
      try {
        if (this.#audio !== undefined) this.#audio.receive(bytes, address, port, arrivedMs);
        else this.#keepEarly(bytes, address, port, arrivedMs);
      } catch (cause) {
        this.#failed(cause);
      }
    };
    socket.onRtcp = (bytes, address, port, arrivedMs) => {
      try {
        this.#audio?.receiveRtcp(bytes, address, port, arrivedMs);
      } catch (cause) {
        this.#failed(cause);
      }
    };
  }

  #failed(cause: unknown): void {
    const { onFailed } = this.#options;
    if (onFailed === undefined) throw cause;
    onFailed(cause);
  }

  handle(command: SessionCommand): void {
    if (this.#closing !== undefined) return;
    if (this.#audio !== undefined) {
      this.#audio.handle(command);
    } else if (command.type === 'configure') {
      const audio = this.#begin(CODEC_RATES[command.media.codec].sampleRate, command.atMs);
      audio.handle(command);
      this.#early?.drain(
        (bytes, address, port, atMs) => audio.receive(bytes, address, port, atMs),
        audio.startMs - MAX_EARLY_MS,
      );
      for (const waiting of this.#waiting.splice(0)) audio.handle(waiting);
    } else {
      this.#waiting.push(command);
    }
  }

  /** It is told to close, or closes: recordings that were asked for before may still be ordered. */
  handleAtEnd(command: SessionCommand): void {
    if (this.#audio !== undefined) this.#audio.handleAtEnd(command);
    else if (command.type === 'record' || command.type === 'unexpectRecord') this.#waiting.push(command);
  }

  /**
   * One frame; called every 20 ms, late or not, unless it sleeps.
   * @param nowMs the clock's monotonic reading; @param turn whose it is: see {@link Patience}
   * @returns whether {@link looked} is to be called, too, once its packets have been looked at
   */
  tick(nowMs: number, turn?: number): boolean {
    return this.#closing === undefined && this.#audio?.tick(nowMs, turn) === true;
  }

  /** What is left of the frame of its own turn; all that there is of it while it sleeps. */
  looked(nowMs: number, turn: number): void {
    if (this.#closing === undefined) this.#audio?.looked(nowMs, turn);
  }

  /**
   * Takes what has arrived by now but waits in its sockets: a command may overtake packets.
   * @returns undefined when it has been taken; else it resolves then
   */
  takeArrived(): Promise<void> | undefined {
    const { socket, clock } = this.#options;
    if (socket.receive === undefined) return clock.holdWhile(this.#turnsOfLoop());
    socket.receive();
    return undefined;
  }

  /** The loop takes some from each socket in a turn; the present one may have looked at the sockets before. */
  async #turnsOfLoop(): Promise<void> {
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      const before = this.#datagrams;
      await new Promise((resolve) => setImmediate(resolve));
      if (turn > 0 && this.#datagrams === before) return;
    }
  }

  /** Lets the parties of both sessions hear each other; former bridges of either end. */
  bridge(peer: MediaSession): void {
    this.unbridge();
    peer.unbridge();
    this.#join(peer);
    peer.#join(this);
  }

  /** No-op when it is not bridged. */
  unbridge(): void {
    const peer = this.#peer;
    if (peer === undefined) return;
    this.#join(undefined);
    peer.#join(undefined);
  }

  /** Takes everything received, ends recordings with `cause`, waits for their files, frees the sockets. */
  close(cause: EndCause): Promise<MediaStatistics> {
    this.#closing ??= this.#close(cause);
    return this.#closing;
  }

  async #close(cause: EndCause): Promise<MediaStatistics> {
    try {
      this.unbridge();
      const waiting = this.#waiting.splice(0);
      // Whoever waits for an agreement that never came is told the end by what was asked for.
      if (this.#audio === undefined && waiting.length > 0) {
        const audio = this.#begin(CODEC_RATES.PCMU.sampleRate);
        for (const command of waiting) audio.handle(command);
      }
      return (await this.#audio?.close(cause)) ?? NO_STATISTICS;
    } finally {
      this.#options.socket.close();
    }
  }

  #keepEarly(bytes: Uint8Array, address: string, port: number, arrivedMs: number | undefined): void {
    const { clock } = this.#options;
    this.#early ??= new EarlyPackets(() => clock.monotonic());
    this.#early.push(bytes, address, port, arrivedMs);
  }

  /** @param sinceMs the clock's reading at its beginning; default now */
  #begin(sampleRate: number, sinceMs = Number.POSITIVE_INFINITY): SessionAudio {
    const { clock, socket } = this.#options;
    const nowMs = clock.monotonic();
    // A socket that does not know when packets came gives those of a standstill as if they came now.
    const knowsArrivals = socket.receive !== undefined;
    const startMs = knowsArrivals ? Math.max(Math.min(sinceMs, nowMs), nowMs - MAX_LATE_START_MS) : nowMs;
    this.#audio = new SessionAudio(this.#options, sampleRate, startMs);
    this.#join(this.#peer);
    return this.#audio;
  }

  #join(peer: MediaSession | undefined): void {
    this.#peer = peer;
    try {
      this.#audio?.join(
        peer && {
          hear: (samples, count, sampleRate) => peer.#audio?.hearPeer(samples, count, sampleRate),
          press: (digit) => peer.#audio?.pressPeer(digit),
          beep: () => peer.#audio?.beepPeer(),
        },
      );
    } catch (cause) {
      // Frames that waited are made up for: what fails in them is no failure of the other session, nor of the thread.
      this.#failed(cause);
    }
  }
}
