import { generateTone, RECORD_BEEP } from '../media/tones.ts';
import type { EndCause } from '../recording/types.ts';
import { RtcpSession } from '../rtp/rtcp-session.ts';
import type { RtpSocket } from '../rtp/sockets.ts';
import type { Clock } from '../time/clock.ts';
import { type FrameScratch, frameScratch } from './frame-scratch.ts';
import { HeardQueue } from './heard-queue.ts';
import { Meter } from './meter.ts';
import { InbandKeys, inbandCounts } from './inband-keys.ts';
import { KeyMerger, type KeySource } from './key-merger.ts';
import type { MediaStatistics } from './protocol.ts';
import { UNHURRIED_MS } from './patience.ts';
import type { BridgePeer } from './peer-audio.ts';
import { ReceivePath } from './receive-path.ts';
import { SendPath } from './send-path.ts';
import type { MediaSessionOptions, SessionCommand } from './session.ts';
import { SessionDenoiser } from './session-denoiser.ts';
import { SessionGuests } from './session-guests.ts';
import { SessionRecordings } from './session-recordings.ts';
import { Waiting } from './waiting.ts';

const TICK_MS = 20;
/**
 * Frames that are heard together where they may wait: all of them take hardly longer than one. With more, what a
 * recording has yet to write would be older than what the timeline keeps.
 */
const RUN_FRAMES = 5;

/**
 * The audio of one leg at the rate of its codec: what comes in is placed on the timeline, heard by the
 * recorders' detectors and written; what goes out is played, beeped, keyed or silent. Everything happens in
 * {@link tick} and in the arrival of packets; nothing here waits.
 */
export class SessionAudio {
  /** The clock's reading at its beginning, ms. */
  readonly startMs: number;
  readonly #options: MediaSessionOptions;
  readonly #socket: RtpSocket;
  readonly #clock: Clock;
  readonly #receivePath: ReceivePath;
  readonly #sendPath: SendPath;
  readonly #recordings: SessionRecordings;
  readonly #denoiser: SessionDenoiser;
  readonly #guests: SessionGuests;
  readonly #reporter: RtcpSession;
  readonly #keys: InbandKeys;
  /** Made with the first key. */
  #merger: KeyMerger | undefined;
  /** Keys that sound are taken for pressed. */
  #inbandCounts = false;
  readonly #sampleRate: number;
  /** Samples of one frame, and the frame at the live head. */
  readonly #frame: number;
  readonly #said: Int16Array;
  /** Of {@link RUN_FRAMES}. */
  readonly #run: FrameScratch;
  readonly #heard: HeardQueue;
  /** Samples before the live head that nobody has heard yet, and whether more may join them. */
  #unheard = 0;
  #joins = false;
  /** Overlays that were sent, with the place of their end among what was sent. */
  readonly #ends: { readonly at: number; readonly onEnd: () => void }[] = [];
  #meter: Meter | undefined;
  #peer: BridgePeer | undefined;
  /** The clock's reading at the last tick, ms; NaN before the first. */
  #tickedMs = Number.NaN;
  readonly #waiting: Waiting;
  #codec: MediaStatistics['codec'];
  #closing: Promise<MediaStatistics> | undefined;

  /** @param sampleRate Hz: a multiple of 8000 @param startMs the clock's reading at its beginning, ms */
  constructor(options: MediaSessionOptions, sampleRate: number, startMs: number) {
    const { sessionId, socket, openSocket, clock, log, random, onEvent } = options;
    this.startMs = startMs;
    this.#options = options;
    this.#socket = socket;
    this.#clock = clock;
    this.#sampleRate = sampleRate;
    this.#frame = (sampleRate * TICK_MS) / 1000;
    this.#said = frameScratch(this.#frame).said;
    this.#run = frameScratch(this.#frame * RUN_FRAMES);
    this.#heard = new HeardQueue(this.#frame, sampleRate, RUN_FRAMES);
    this.#receivePath = new ReceivePath({
      sampleRate,
      startMs,
      tickMs: TICK_MS,
      log,
      knowsArrivals: socket.receive !== undefined,
      conceal: options.concealLoss,
      onRewrite: () => this.#waiting.finishFrames(),
      makeRoom: () => this.#waiting.makeRoom(),
      onKeyDown: (digit, position) => this.#eventDown(digit, position),
      onKeyUp: (position, durationMs) => {
        this.#keys.eventUp(position ?? this.#receivePath.timeline.receivedUntil);
        if (this.#guests.copying) onEvent({ type: 'digitUp', sessionId, durationMs });
      },
    });
    const { latch, timeline } = this.#receivePath;
    this.#keys = new InbandKeys(sampleRate);
    this.#guests = new SessionGuests({
      sessionId,
      sampleRate,
      frame: this.#frame,
      clock,
      random,
      openSocket,
      onEvent,
    });
    this.#sendPath = new SendPath({
      sessionId,
      sampleRate,
      tickMs: TICK_MS,
      idle: options.idleMedia,
      random,
      log,
      send: (buffer, length) => {
        const { targetAddress, targetPort } = latch;
        if (targetPort !== 0) socket.send(buffer, 0, length, targetPort, targetAddress);
      },
      mixIn: (frame, sounding) => this.#guests.mixInto(frame, sounding),
      onEvent,
    });
    this.#waiting = new Waiting({
      patience: options.patience,
      clock,
      socket,
      work: {
        receiveFrame: (nowMs, frame) => {
          if (frame !== undefined) this.#keepHeard(nowMs, frame);
          this.#receiveFrame(nowMs);
        },
        finishFrames: () => {
          // Else what is unheard is just being heard, and a key in it has come to here.
          if (this.#joins && this.#unheard > 0) this.#hearNew();
        },
      },
      may: () => (!this.#canWait ? 'not' : this.#hurries ? 'briefly' : 'long'),
      receivePath: this.#receivePath,
      sendPath: this.#sendPath,
    });
    this.#denoiser = new SessionDenoiser({ sessionId, sampleRate, clock, onEvent });
    this.#recordings = new SessionRecordings({
      sessionId,
      sampleRate,
      timeline,
      denoiser: this.#denoiser,
      keys: this.#keys,
      sendPath: this.#sendPath,
      heard: this.#heard,
      clock: this.#waiting.clock,
      createTarget: options.createTarget,
      log,
      onBeep: () => this.#peer?.beep(),
      onEvent,
    });
    this.#reporter = new RtcpSession({
      ssrc: this.#sendPath.sender.ssrc,
      cname: sessionId,
      startMs: clock.monotonic(),
      wallMs: clock.now(),
      random,
    });
  }

  /** Takes a datagram that came to the RTP port, at `arrivedMs` of the clock's monotonic reading. */
  receive(bytes: Uint8Array, address: string, port: number, arrivedMs = this.#clock.monotonic()): void {
    if (this.#closing !== undefined) return;
    const waits = this.#waiting.on;
    if (waits) this.#waiting.beforePacket(arrivedMs);
    const { timeline } = this.#receivePath;
    const before = timeline.receivedUntil;
    this.#receivePath.receive(bytes, address, port, arrivedMs);
    if (this.#keepsHeard && timeline.receivedUntil !== before)
      this.#heard.noteArrival(timeline, arrivedMs, this.#tickedMs);
    if (waits) this.#waiting.afterPacket();
  }

  /** The same for the RTCP port. */
  receiveRtcp(bytes: Uint8Array, address: string, port: number, arrivedMs = this.#clock.monotonic()): void {
    if (this.#receivePath.latch.admitRtcp(address, port)) this.#reporter.receive(bytes, arrivedMs);
  }

  /** Told to end: what was asked for before may still be recorded. */
  handleAtEnd(command: SessionCommand): void {
    if (!this.#recordings.expects(command)) return;
    if (this.#closing === undefined) this.handle(command);
    else this.#recordings.begin(command);
  }

  handle(command: SessionCommand): void {
    this.#waiting.end();
    if (command.type !== 'configure') this.#makeUpStart(this.#clock.monotonic());
    if (this.#recordings.begin(command)) return;
    switch (command.type) {
      case 'configure':
        this.#codec = command.media.codec;
        this.#inbandCounts = inbandCounts(this.#options.inbandDigits ?? 'auto', command.media);
        this.#receivePath.configure(command.media);
        this.#sendPath.configure(command.media);
        return;
      case 'play':
        this.#sendPath.player.play(command.playId, command.sounds, command.gainDb);
        return;
      case 'feed':
        this.#sendPath.player.feed(command.streamId, command.samples, command.end ?? false, command.error);
        return;
      case 'stopPlay':
        this.#sendPath.player.stop(command.playId);
        return;
      case 'pausePlay':
      case 'resumePlay':
        this.#sendPath.player.pause(command.playId, command.type === 'pausePlay');
        return;
      case 'playVolume':
        this.#sendPath.player.setGain(command.playId, command.gainDb);
        return;
      case 'denoise':
        this.#denoiser.turn(command.on, command.denoiseId);
        return;
      case 'stopRecord':
      case 'pauseRecord':
      case 'resumeRecord':
        this.#catchUp();
        this.#recordings.change(command);
        return;
      case 'detect':
      case 'stopDetect':
      case 'listen':
      case 'unlisten':
      case 'copy':
      case 'stopCopy':
      case 'inject':
      case 'injectAudio':
      case 'injectMark':
      case 'clearInjected':
      case 'stopInject':
        this.#guests.handle(command, this.#receivePath.timeline.ssrc < 0);
        return;
      case 'digit':
        this.#socket.receive?.();
        this.#pressed(command.digit, command.durationMs, 'info', this.#receivePath.present);
        return;
      case 'meter':
        this.#measure(command.stretchMs);
        return;
      case 'sendDigits':
        this.#sendPath.sendDigits(command.sendId, command.digits);
        return;
      case 'stopDigits':
        this.#sendPath.stopDigits(command.sendId);
    }
  }

  /** What the party says goes to `peer` from now on, and the other way round; undefined: nowhere. */
  join(peer: BridgePeer | undefined): void {
    this.#waiting.end();
    this.#makeUpStart(this.#clock.monotonic());
    this.#peer = peer;
    this.#sendPath.join(peer !== undefined);
  }

  /** The peer's party says this. */
  hearPeer(samples: Int16Array, count: number, sampleRate: number): void {
    this.#sendPath.hearPeer(samples, count, sampleRate);
  }

  /** The peer's party is recorded from now on. */
  beepPeer(): void {
    this.#sendPath.overlay({}, generateTone(RECORD_BEEP, this.#sampleRate), () => {});
  }

  /** The peer's party presses a key. */
  pressPeer(digit: string): void {
    this.#sendPath.pressPeer(digit);
  }

  /** This and {@link looked}: as those of {@link MediaSession}. */
  tick(nowMs: number, turn?: number): boolean {
    if (this.#closing !== undefined) return false;
    if (this.#waiting.on) return this.#waiting.tick(turn);
    // Else what plays at the beginning would leave in one burst.
    if (this.#receivePath.timeline.ticks.isBeforeFirst(nowMs)) return false;
    this.#makeUpStart(nowMs);
    this.#keepHeard(nowMs, (this.#options.patience?.times.count ?? 0) - 1, this.#sendPath.tick());
    this.#receiveFrame(nowMs);
    this.#endOverlays();
    this.#report(nowMs);
    this.#waiting.begin(turn);
    return false;
  }

  looked(nowMs: number, turn: number): void {
    if (this.#closing !== undefined || !this.#waiting.on) return;
    this.#waiting.makeUp();
    this.#report(nowMs);
    this.#waiting.begin(turn);
  }

  /** What is sent in a frame, by its number, comes to its place beside what arrives meanwhile; default: silence. */
  #keepHeard(nowMs: number, frame: number, sent?: Int16Array): void {
    this.#tickedMs = nowMs;
    const { timeline } = this.#receivePath;
    if (this.#keepsHeard && !timeline.ticks.isBeforeFirst(nowMs))
      this.#heard.pushBeside(timeline, nowMs, frame, this.#options.patience?.times, sent);
  }

  /** What the party said in a frame is heard and written, or waits for the frames that follow it. */
  #receiveFrame(nowMs: number): void {
    const run = this.#run.said.length;
    // None of the samples of a run may end a recording: frame by frame, that would be noticed sooner.
    if (this.#unheard === 0) this.#joins = this.#waiting.long && this.#recordings.nearestEnd > 2 * run;
    // A packet that is placed only now lets all that waits be heard before.
    const advance = this.#receivePath.tick(nowMs);
    this.#unheard += advance;
    if (this.#joins) this.#heard.pass(advance);
    if (this.#joins && this.#unheard < run) return;
    if (this.#unheard > 2 * run) this.#joins = false;
    this.#hearNew();
  }

  /** All that the party said before the live head has been heard and, where that is settled, written. */
  #hearNew(): void {
    const { head } = this.#receivePath.timeline;
    const longest = this.#joins ? this.#run.said.length : this.#frame;
    while (this.#unheard > 0) {
      const from = head - this.#unheard;
      const count = Math.min(this.#unheard, longest);
      this.#unheard -= count;
      this.#hear(from, count);
    }
  }

  /** Recorders and whoever else listens get the next samples: those of a frame at most, or of a run that is joined. */
  #hear(from: number, count: number): void {
    const heard = this.#heard.take(count);
    this.#recordings.hear(from, count, heard);
    this.#observe(from, count, heard);
    this.#recordings.writeBehind(from + count);
  }

  /**
   * Whether recording, to the sample, is all that happens, so that nobody notices when it happens some frames
   * later: nothing sounds that others hear or wait for, and no levels are told. Only a command, a bridge or a key changes
   * that, or the end of the recordings.
   */
  get #canWait(): boolean {
    return (
      this.#recordings.active &&
      !this.#recordings.awaitsKey &&
      this.#peer === undefined &&
      this.#meter === undefined &&
      !this.#guests.active &&
      !this.#denoiser.isLoading &&
      this.#ends.length === 0 &&
      this.#sendPath.isIdle
    );
  }

  /** The end of a recording may be near, keys sound, frames are long work, or what was heard of us is on its way. */
  get #hurries(): boolean {
    const near = (UNHURRIED_MS * this.#sampleRate) / 1000;
    return (
      this.#inbandCounts ||
      this.#recordings.masks ||
      this.#denoiser.active ||
      !this.#heard.isSilent ||
      this.#recordings.nearestEnd < near
    );
  }

  /** Where the audio began before its thread came to it, what has come since takes its place before anything else. */
  #makeUpStart(nowMs: number): void {
    const isAtStart = this.#codec !== undefined && Number.isNaN(this.#tickedMs);
    if (!isAtStart || nowMs - this.startMs < 2 * TICK_MS) return;
    this.#socket.receive?.();
    this.#unheard += this.#receivePath.timeline.makeUpStart(nowMs);
    this.#hearNew();
  }

  /**
   * A command that ends something is about the present, which the live head is behind for a while when the thread
   * has stood still. What begins does so at the head: it was asked for before what has come meanwhile.
   */
  #catchUp(): void {
    this.#socket.receive?.();
    const nowMs = this.#clock.monotonic();
    while (this.#receivePath.timeline.ticks.isLate(nowMs)) this.#receiveFrame(nowMs);
  }

  /** Takes everything received, ends recordings with `cause` and waits for their files. */
  close(cause: EndCause): Promise<MediaStatistics> {
    this.#closing ??= this.#close(cause);
    return this.#closing;
  }

  async #close(cause: EndCause): Promise<MediaStatistics> {
    const { timeline, latch } = this.#receivePath;
    const { sender } = this.#sendPath;
    try {
      this.#waiting.leave();
      this.#sendPath.stopPlaying();
      timeline.judgePending();
      for (let from = timeline.head; from < timeline.receivedUntil; from += this.#frame)
        this.#hear(from, Math.min(this.#frame, timeline.receivedUntil - from));
    } finally {
      this.#guests.stopAll();
      this.#recordings.stopAll(cause);
      await this.#recordings.finished();
      this.#denoiser.stop();
      this.#receivePath.close();
      this.#sendPath.close();
    }
    if (this.#codec !== undefined && latch.targetPort !== 0) {
      const { reception } = this.#receivePath;
      this.#sendRtcp(this.#reporter.bye(this.#clock.monotonic(), sender, timeline.ssrc, reception));
    }
    const { received, lost, discarded, duplicated, jitterMs } = timeline.statistics();
    return {
      codec: this.#codec,
      packetsReceived: received,
      packetsLost: lost,
      packetsLate: discarded,
      packetsDuplicated: duplicated,
      packetsSent: sender.packets,
      jitterMs,
    };
  }

  /** Somebody wants what the party hears, at its place on the timeline. */
  get #keepsHeard(): boolean {
    return this.#recordings.hears || this.#guests.hears || this.#meter !== undefined;
  }

  /** What follows a beep begins when the recordings have heard it to its end. */
  #endOverlays(): void {
    const onEnd = this.#sendPath.endOverlay();
    if (onEnd !== undefined) this.#ends.push({ at: this.#heard.pushed, onEnd });
    while (this.#ends[0] !== undefined && this.#ends[0].at <= this.#heard.taken) this.#ends.shift()?.onEnd();
  }

  #eventDown(digit: string, position: number | undefined): void {
    if (position !== undefined) this.#keys.eventDown(position);
    this.#waiting.stir();
    this.#pressed(digit, 0, 'rfc4733', position);
  }

  #pressed(digit: string, durationMs: number, via: KeySource, position: number | undefined): void {
    this.#waiting.finishFrames();
    this.#merger ??= new KeyMerger(this.#sampleRate);
    if (!this.#merger.isNew(digit, via, position ?? this.#receivePath.present)) return;
    this.#options.onEvent({ type: 'digit', sessionId: this.#options.sessionId, digit, durationMs, via });
    this.#recordings.digit(digit, position);
    if (via !== 'inband' || this.#denoiser.active) this.#peer?.press(digit);
  }

  /** Lets those who listen at the live head have `count` samples from `from` on. */
  #observe(from: number, count: number, heard: Int16Array): void {
    const said = count > this.#frame ? this.#run.said : this.#said;
    const observing = this.#guests.observing;
    const wantsKeys = this.#inbandCounts || this.#recordings.masks;
    const peer = this.#peer;
    const denoising = this.#denoiser.active;
    const wanted = peer !== undefined || observing || wantsKeys || denoising || this.#meter !== undefined;
    const { timeline } = this.#receivePath;
    if (wanted || this.#recordings.active) timeline.copyTo(said, 0, from, count);
    // Keys and tones are heard as they came: the filter takes them for noise.
    const clean = denoising ? this.#denoiser.process(from, count, said, timeline.oldest) : said;
    // Before the recorders: one that ends here and now shall not hold a key.
    if (wantsKeys) this.#keys.process(from, count, said);
    this.#recordings.observe(from, count, clean, heard);
    if (observing) this.#guests.observe(said, clean, heard, count);
    this.#meter?.observe(said, heard, count);
    peer?.hear(clean, count, this.#sampleRate);
    // Behind them: a key that ends a recording lies in what it has heard.
    for (let key = this.#keys.take(); key !== undefined; key = this.#keys.take())
      if (this.#inbandCounts) this.#pressed(key.digit, 0, 'inband', key.position);
  }

  #measure(stretchMs: number): void {
    const { sessionId, onEvent } = this.#options;
    this.#meter ??= new Meter(this.#sampleRate, stretchMs, (levels) =>
      onEvent({ type: 'levels', sessionId, ...levels }),
    );
  }

  #report(nowMs: number): void {
    const { timeline, latch } = this.#receivePath;
    if (this.#codec === undefined || latch.targetPort === 0 || !this.#reporter.due(nowMs)) return;
    const { sender } = this.#sendPath;
    this.#sendRtcp(this.#reporter.report(nowMs, sender, timeline.ssrc, this.#receivePath.reception));
  }

  #sendRtcp(packet: Uint8Array | undefined): void {
    const { targetAddress, targetRtcpPort } = this.#receivePath.latch;
    if (packet === undefined || targetRtcpPort === 0) return;
    this.#socket.sendRtcp(packet, 0, packet.length, targetRtcpPort, targetAddress);
  }
}
