import type { Logger } from '../log/logger.ts';
import type { CreateTarget } from '../recording/byte-target.ts';
import type { Clock } from '../time/clock.ts';
import { FrameTimes } from './frame-times.ts';
import { LOOK_FRAMES, LOOKS } from './patience.ts';
import { type MediaCommand, type MediaEvent, NO_STATISTICS, type OpenSession } from './protocol.ts';
import { MediaSession, type SessionCommand } from './session.ts';
import type { RtpSocket } from '../rtp/sockets.ts';
import { Places } from './places.ts';
import { Turns } from './turns.ts';
import type { FrameCounts } from './worker-messages.ts';

export interface SessionTableOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Binds an RTP/RTCP port pair. @throws Error when none is free */
  readonly openSocket: (bindAddress: string) => Promise<RtpSocket>;
  /** Hands over a pair that was bound ahead, if it has it. Default: there is none. */
  readonly takeSpare?: ((rtpPort: number, begin: (socket: RtpSocket) => void) => boolean) | undefined;
  /**
   * Has what arrived for sockets handed over, as {@link DatagramIo.receive}; called at the beginning of each tick for
   * those in no batch, and behind what is sent for those whose look and turn it is. Default: sockets do it unasked.
   */
  readonly receive?: ((look?: number, turn?: number) => void) | undefined;
  /**
   * Has commands that wait handed to {@link SessionTable.handle}; called before each tick, so that what is made up
   * for after a standstill comes behind what was asked for in it. Default: they come by themselves.
   */
  readonly obey?: (() => void) | undefined;
  /** Has what was sent leave at once. Default: it does. */
  readonly send?: (() => void) | undefined;
  /** Called before each tick that somebody needs … */
  readonly beforeTurn?: (() => void) | undefined;
  /** … and behind it. */
  readonly afterTurn?: (() => void) | undefined;
  readonly onEvent: (event: MediaEvent) => void;
  /** Uniform in [0, 1), for SSRC, first sequence number and RTCP intervals. */
  readonly random: () => number;
  /** Where recordings go; default: files. */
  readonly createTarget?: CreateTarget | undefined;
  /** Sessions are spread over this many instants of a frame; default {@link PHASES}. */
  readonly phases?: number | undefined;
}

/** Frame period of every session, ms. */
const FRAME_MS = 20;
/** So that the packets of many sessions do not leave in one burst. */
const PHASES = 2;

/** Sessions that are ticked together. */
interface Phase {
  readonly sessions: Set<MediaSession>;
  readonly times: FrameTimes;
  /** Those that need each tick. */
  readonly awake: MediaSession[];
}

/** All media sessions of one thread, with one ticker for the lot. */
export class SessionTable {
  readonly #options: SessionTableOptions;
  readonly #sessions = new Map<string, MediaSession>();
  readonly #opening = new Set<string>();
  /** Told to close: they take packets for one more turn, and no commands but those that bring what they expect. */
  readonly #leaving = new WeakSet<MediaSession>();
  readonly #phases: readonly Phase[];
  /** When each phase had its last tick, ms; NaN before the first. */
  readonly #tickedAt: number[];
  /** Where each session has its turn. */
  readonly #places: Places<MediaSession>;
  /** By turn, those that need only that one. */
  readonly #asleep: readonly MediaSession[][];
  /** By look, how many are asleep. */
  readonly #sleepers: number[];
  /** Sessions that fell asleep or awoke in a turn, applied between ticks. */
  readonly #moved = new Map<MediaSession, boolean>();
  readonly #turns: Turns;
  /** Those whose packets are looked at in this turn; empty between turns. */
  readonly #due: MediaSession[] = [];
  #isTicking = false;
  #closing = false;
  #frames = 0;
  #lateFrames = 0;

  constructor(options: SessionTableOptions) {
    this.#options = options;
    const count = options.phases ?? PHASES;
    this.#places = new Places(count, LOOK_FRAMES, LOOKS);
    const { looks, turns } = this.#places;
    this.#phases = Array.from({ length: count }, () => ({
      sessions: new Set<MediaSession>(),
      times: new FrameTimes(),
      awake: [],
    }));
    this.#tickedAt = this.#phases.map(() => Number.NaN);
    this.#asleep = Array.from({ length: turns }, () => []);
    this.#sleepers = Array.from({ length: looks }, () => 0);
    this.#turns = new Turns({
      clock: options.clock,
      periodMs: FRAME_MS / count,
      count: turns,
      isNeeded: (turn) => this.#phaseOf(turn).awake.length > 0 || this.#sleepers[turn % looks]! > 0,
      onTurn: (turn, atMs, isPassed) => this.#tick(turn, atMs, isPassed),
      onDropped: (ms) => {
        for (const { times } of this.#phases) times.drop(ms);
      },
    });
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Of all sessions since the start. */
  get frameCounts(): FrameCounts {
    return { frames: this.#frames, lateFrames: this.#lateFrames };
  }

  /** Commands for a session that is not (or no longer) there are dropped: its `closed` event is on the way. */
  handle(command: MediaCommand): void {
    this.#turns.passOver();
    if (command.type === 'open') {
      if (command.rtpPort === undefined) void this.#open(command);
      else this.#openAt(command, command.rtpPort);
      return;
    }
    const session = this.#sessions.get(command.sessionId);
    if (session === undefined) return;
    if (command.type === 'close') void this.#close(session, command.cause);
    else if (command.type === 'unbridge') session.unbridge();
    else if (command.type === 'bridge') this.#bridge(session, command.peerId);
    else if (this.#leaving.has(session)) this.#command(session, command, true);
    else if (isAboutPresent(command)) void this.#changeRecord(session, command);
    else this.#command(session, command);
  }

  /** Closes every session; their recordings are finished first. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#turns.passOver();
    await Promise.all([...this.#sessions.values()].map((session) => this.#close(session, 'hangup')));
    this.#turns.stop();
  }

  async #open(options: OpenSession): Promise<void> {
    const { sessionId, bindAddress } = options;
    const { clock, openSocket, onEvent } = this.#options;
    if (this.#sessions.has(sessionId) || this.#opening.has(sessionId)) {
      onEvent({ type: 'openFailed', sessionId, error: `media session ${sessionId} is open already` });
      return;
    }
    this.#opening.add(sessionId);
    try {
      const socket = await clock.holdWhile(openSocket(bindAddress));
      if (this.#closing) {
        socket.close();
        throw new Error('the media side is closing');
      }
      this.#begin(options, socket);
      onEvent({ type: 'opened', sessionId, rtpPort: socket.rtpPort });
    } catch (cause) {
      onEvent({
        type: 'openFailed',
        sessionId,
        error: cause instanceof Error ? cause.message : String(cause),
      });
    } finally {
      this.#opening.delete(sessionId);
    }
  }

  /** The session counts as open already, so a failure is its end. */
  #openAt(options: OpenSession, rtpPort: number): void {
    const { sessionId } = options;
    const free = !this.#closing && !this.#sessions.has(sessionId);
    if (free && this.#options.takeSpare?.(rtpPort, (socket) => this.#begin(options, socket)) === true) return;
    this.#options.log.error({ session_id: sessionId, rtp_port: rtpPort }, 'media session cannot begin');
    this.#options.onEvent({ type: 'closed', sessionId, statistics: NO_STATISTICS });
  }

  #begin(options: OpenSession, socket: RtpSocket): void {
    const { clock, openSocket, onEvent, log, random, createTarget } = this.#options;
    this.#turns.passOver();
    const turn = this.#places.next();
    const phase = this.#phaseOf(turn);
    const session: MediaSession = new MediaSession({
      ...options,
      patience: {
        turn,
        looks: this.#places.looks,
        times: phase.times,
        onSleep: (sleeps) => this.#onSleep(session, sleeps),
      },
      socket,
      openSocket: () => openSocket(options.bindAddress),
      clock,
      random,
      createTarget,
      onEvent,
      onFailed: (cause) => this.#fail(session, cause),
      log: log.child({ session_id: options.sessionId }),
    });
    this.#sessions.set(options.sessionId, session);
    this.#places.take(session, turn);
    phase.sessions.add(session);
    phase.awake.push(session);
    this.#turns.start();
    this.#turns.refresh();
  }

  async #close(session: MediaSession, cause: Parameters<MediaSession['close']>[0]): Promise<void> {
    this.#leaving.add(session);
    await session.takeArrived();
    const statistics = await session.close(cause).catch((error: unknown) => {
      this.#options.log.error({ session_id: session.sessionId, err: error }, 'media session did not close');
      return NO_STATISTICS;
    });
    if (this.#sessions.get(session.sessionId) !== session) return;
    this.#sessions.delete(session.sessionId);
    this.#moved.delete(session);
    const turn = this.#places.leave(session);
    const { sessions, awake } = this.#phaseOf(turn);
    sessions.delete(session);
    if (!remove(session, awake)) this.#awake(session, turn);
    if (this.#sessions.size === 0) {
      this.#turns.stop();
      this.#tickedAt.fill(Number.NaN);
    }
    this.#options.onEvent({ type: 'closed', sessionId: session.sessionId, statistics });
  }

  /** A peer that is not there any more has an end on its way, which is what parts the two. */
  #bridge(session: MediaSession, peerId: string): void {
    const peer = this.#sessions.get(peerId);
    if (peer === undefined || peer === session) return;
    if (!this.#leaving.has(session) && !this.#leaving.has(peer)) session.bridge(peer);
  }

  #phaseOf(turn: number): Phase {
    return this.#phases[turn % this.#phases.length]!;
  }

  /** @param isPassed nobody needed it: see {@link Turns} */
  #tick(turn: number, atMs: number, isPassed: boolean): void {
    const { awake, sessions, times } = this.#phaseOf(turn);
    const { beforeTurn, obey, receive, send, clock, afterTurn } = this.#options;
    this.#isTicking = true;
    if (!isPassed) {
      beforeTurn?.();
      obey?.();
      receive?.();
    }
    const now = isPassed ? atMs : clock.monotonic();
    this.#frames += sessions.size;
    // After a standstill the frames that were missed come in one burst: all of them are late.
    const index = turn % this.#phases.length;
    const missed = Math.floor((now - this.#tickedAt[index]!) / FRAME_MS) - 1;
    if (missed > 0) this.#lateFrames += missed * sessions.size;
    this.#tickedAt[index] = now;
    times.push(now);
    if (!isPassed) {
      this.#move();
      // What is sent comes first: nobody hears that it waits for the work of others.
      const due = this.#due;
      this.#each(awake, (session) => {
        if (session.tick(now, turn)) due.push(session);
      });
      if (awake.length > 0) send?.();
      receive?.(turn % this.#places.looks, turn);
      const look = (session: MediaSession): void => session.looked(now, turn);
      this.#each(due, look);
      due.length = 0;
      this.#each(this.#asleep[turn]!, look);
      this.#move();
      afterTurn?.();
    }
    this.#isTicking = false;
  }

  /** By index: a session may close itself during its tick, never remove itself. */
  #each(sessions: readonly MediaSession[], work: (session: MediaSession) => void): void {
    for (let i = 0; i < sessions.length; i++) {
      const session = sessions[i]!;
      try {
        work(session);
      } catch (cause) {
        this.#fail(session, cause);
      }
    }
  }

  /** A recording that is stopped or paused has what has arrived by now, and what the frames that are made up for send. */
  async #changeRecord(session: MediaSession, command: SessionCommand): Promise<void> {
    await session.takeArrived();
    this.#turns.makeUp();
    this.#command(session, command);
  }

  /** @param late it came behind the command to close */
  #command(session: MediaSession, command: SessionCommand, late = false): void {
    try {
      if (late) session.handleAtEnd(command);
      else session.handle(command);
    } catch (cause) {
      this.#fail(session, cause);
    }
  }

  #onSleep(session: MediaSession, sleeps: boolean): void {
    this.#moved.set(session, sleeps);
    if (this.#isTicking) return;
    this.#move();
    this.#turns.refresh();
  }

  #move(): void {
    for (const [session, sleeps] of this.#moved) {
      const turn = this.#places.of(session);
      const { awake } = this.#phaseOf(turn);
      if (!sleeps) {
        if (this.#awake(session, turn)) awake.push(session);
      } else if (remove(session, awake)) {
        this.#asleep[turn]!.push(session);
        this.#sleepers[turn % this.#places.looks]!++;
      }
    }
    this.#moved.clear();
  }

  /** @returns whether it was asleep */
  #awake(session: MediaSession, turn: number): boolean {
    if (!remove(session, this.#asleep[turn]!)) return false;
    this.#sleepers[turn % this.#places.looks]!--;
    return true;
  }

  /** A session that fails is closed, so that it takes no other of its thread with it. One that leaves does so anyway. */
  #fail(session: MediaSession, cause: unknown): void {
    if (this.#leaving.has(session)) return;
    this.#options.log.error({ session_id: session.sessionId, err: cause }, 'media session failed');
    void this.#close(session, 'error');
  }
}

function isAboutPresent({ type }: SessionCommand): boolean {
  return type === 'stopRecord' || type === 'pauseRecord' || type === 'resumeRecord';
}

/** @returns whether it was there */
function remove(session: MediaSession, from: MediaSession[]): boolean {
  const at = from.indexOf(session);
  if (at >= 0) from.splice(at, 1);
  return at >= 0;
}
