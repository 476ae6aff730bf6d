import type { Logger } from '../log/logger.ts';
import { decodePcma, decodePcmu } from '../media/g711.ts';
import { generateDtmf } from '../media/dtmf-tones.ts';
import { generateTone, RECORD_BEEP, type ToneGenerator } from '../media/tones.ts';
import type { RecorderEvent } from '../recording/recorder.ts';
import type { EndCause, RecordOutcome, RecordSpec } from '../recording/types.ts';
import { DigitSender } from '../rtp/digit-sender.ts';
import { parseRtp, RtpHeader } from '../rtp/packet.ts';
import type { DecodeSamples } from '../rtp/sample-ring.ts';
import { ReceiveTimeline } from '../rtp/receive-timeline.ts';
import { RtcpSession } from '../rtp/rtcp-session.ts';
import { SymmetricLatch } from '../rtp/latch.ts';
import type { RtpSocket } from '../rtp/sockets.ts';
import { TelephoneEventReceiver } from '../rtp/telephone-event.ts';
import type { Clock } from '../time/clock.ts';
import { ListenRing } from './listen-ring.ts';
import { Player } from './player.ts';
import type { MediaCommand, MediaEvent, MediaStatistics, NegotiatedMedia, OpenSession } from './protocol.ts';
import { RecordingTap } from './recording-tap.ts';
import { RtpSender } from './rtp-sender.ts';

export interface MediaSessionOptions extends OpenSession {
  readonly socket: RtpSocket;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  readonly onEvent: (event: MediaEvent) => void;
}

/** A command without those that the table of sessions handles itself. */
export type SessionCommand = Exclude<MediaCommand, { readonly type: 'open' | 'close' }>;

/** G.711 runs at 8 kHz, and the leg with it. */
const SAMPLE_RATE = 8000;
const FRAME = 160;
const TICK_MS = 20;
/** A key whose timestamp lies farther from the live head than this is taken as pressed now, samples. */
const MAX_DIGIT_AHEAD = 0.4 * SAMPLE_RATE;
const MAX_DIGIT_BEHIND = 0.3 * SAMPLE_RATE;
const SILENCE = new Int16Array(FRAME);
/** Sent by some peers unasked when they pause (RFC 3389 4): it stands for silence, and is no loss. */
const COMFORT_NOISE = 13;

interface PendingDigit {
  readonly digit: string;
  readonly position: number;
}

/** A string of keys to be sent, in either of two ways. */
interface Dialled {
  readonly sendId: string;
  readonly events: DigitSender;
  readonly tones: ToneGenerator;
}

interface Overlay {
  readonly tone: ToneGenerator;
  readonly tap: RecordingTap;
}

/**
 * The media of one leg: what comes in is placed on the timeline, heard by the recorders' detectors and
 * written; what goes out is played, beeped, keyed or silent. Everything happens in {@link tick} and in the
 * arrival of packets; nothing here waits.
 */
export class MediaSession {
  readonly sessionId: string;
  readonly #options: MediaSessionOptions;
  readonly #socket: RtpSocket;
  readonly #clock: Clock;
  readonly #timeline: ReceiveTimeline;
  readonly #latch = new SymmetricLatch();
  readonly #header = new RtpHeader();
  readonly #events = new TelephoneEventReceiver(SAMPLE_RATE);
  readonly #sender: RtpSender;
  readonly #reporter: RtcpSession;
  readonly #player: Player;
  readonly #taps: RecordingTap[] = [];
  readonly #finishing = new Set<RecordingTap>();
  readonly #overlays: Overlay[] = [];
  readonly #digits: PendingDigit[] = [];
  readonly #out = new Int16Array(FRAME);
  readonly #in = new Int16Array(FRAME);
  readonly #dialling: Dialled[] = [];
  /** By payload type, of all that were agreed on: packets of the former one are on their way at a change. */
  readonly #decoders = new Map<number, DecodeSamples>();
  #listen: ListenRing | undefined;
  #media: NegotiatedMedia | undefined;
  #closing: Promise<MediaStatistics> | undefined;

  constructor(options: MediaSessionOptions) {
    this.#options = options;
    this.sessionId = options.sessionId;
    this.#socket = options.socket;
    this.#clock = options.clock;
    this.#timeline = new ReceiveTimeline({
      rate: SAMPLE_RATE,
      startMs: options.clock.monotonic(),
      tickMs: TICK_MS,
    });
    this.#sender = new RtpSender({
      idle: options.idleMedia,
      random: options.random,
      send: (buffer, length) => {
        const { targetAddress, targetPort } = this.#latch;
        if (targetPort !== 0) this.#socket.send(buffer, 0, length, targetPort, targetAddress);
      },
    });
    this.#reporter = new RtcpSession({
      ssrc: this.#sender.ssrc,
      cname: options.sessionId,
      startMs: options.clock.monotonic(),
      wallMs: options.clock.now(),
      random: options.random,
    });
    const { sessionId, onEvent } = options;
    this.#player = new Player(SAMPLE_RATE, {
      playStarted: (playId) => onEvent({ type: 'playStarted', sessionId, playId }),
      playEnded: (playId, state, playedMs, error) =>
        onEvent({
          type: 'playEnded',
          sessionId,
          playId,
          state,
          playedMs,
          ...(error !== undefined && { error }),
        }),
      streamProgress: (streamId, consumedSamples) =>
        onEvent({ type: 'streamProgress', sessionId, streamId, consumedSamples }),
    });
    this.#socket.onPacket = (bytes, address, port) => this.#receive(bytes, address, port);
    this.#socket.onRtcp = (bytes, address, port) => {
      if (this.#latch.admitRtcp(address, port)) this.#reporter.receive(bytes, this.#clock.monotonic());
    };
  }

  handle(command: SessionCommand): void {
    if (this.#closing !== undefined) return;
    switch (command.type) {
      case 'configure':
        this.#configure(command.media);
        return;
      case 'play':
        this.#player.play(command.playId, command.sounds, command.gainDb);
        return;
      case 'feed':
        this.#player.feed(command.streamId, command.samples, command.end ?? false, command.error);
        return;
      case 'stopPlay':
        this.#player.stop(command.playId);
        return;
      case 'record':
        this.#record(command.spec);
        return;
      case 'stopRecord':
        this.#tap(command.recordingId)?.stop(command.cause);
        return;
      case 'pauseRecord':
        this.#tap(command.recordingId)?.pause(command.behavior);
        return;
      case 'resumeRecord':
        this.#tap(command.recordingId)?.resume();
        return;
      case 'digit':
        this.#pressed(command.digit, command.durationMs, 'info', this.#timeline.receivedUntil);
        return;
      case 'sendDigits':
        this.#sendDigits(command.sendId, command.digits);
        return;
    }
  }

  /** One frame; called every 20 ms, late or not. `nowMs`: the clock's monotonic reading. */
  tick(nowMs: number): void {
    if (this.#closing !== undefined) return;
    for (const signal of this.#events.tick(nowMs))
      this.#options.log.debug({ signal: signal.kind }, 'key released');
    let frame = this.#send();
    let advance = this.#timeline.tick(nowMs);
    let from = this.#timeline.head - advance;
    // After a standstill the head makes up several frames: what the party heard belongs to the first of them.
    for (; advance > 0; frame = SILENCE) {
      const count = Math.min(advance, FRAME);
      this.#listen?.write(from, count, frame, FRAME);
      this.#observe(from, count, frame);
      from += count;
      advance -= count;
    }
    this.#writeBehind();
    this.#beginAfterBeep();
    this.#report(nowMs);
  }

  /** Takes everything received, ends recordings with `cause`, waits for their files, frees the sockets. */
  close(cause: EndCause): Promise<MediaStatistics> {
    this.#closing ??= this.#close(cause);
    return this.#closing;
  }

  async #close(cause: EndCause): Promise<MediaStatistics> {
    this.#player.stopAll();
    const { head, receivedUntil } = this.#timeline;
    for (let from = head; from < receivedUntil; from += FRAME) {
      this.#observe(from, Math.min(FRAME, receivedUntil - from), SILENCE);
    }
    for (const tap of [...this.#taps]) tap.stop(cause);
    await Promise.all([...this.#finishing].map((tap) => tap.finished()));
    if (this.#media !== undefined && this.#latch.targetPort !== 0) {
      this.#sendRtcp(
        this.#reporter.bye(
          this.#clock.monotonic(),
          this.#sender,
          this.#timeline.ssrc,
          this.#timeline.reception,
        ),
      );
    }
    this.#socket.close();
    const { received, lost, discarded, duplicated, jitterMs } = this.#timeline.statistics();
    return {
      packetsReceived: received,
      packetsLost: lost,
      packetsLate: discarded,
      packetsDuplicated: duplicated,
      packetsSent: this.#sender.packets,
      jitterMs,
    };
  }

  #configure(media: NegotiatedMedia): void {
    this.#media = media;
    this.#decoders.set(media.payloadType, media.codec === 'PCMA' ? decodePcma : decodePcmu);
    if (media.telephoneEventPayloadType !== undefined) this.#decoders.delete(media.telephoneEventPayloadType);
    this.#sender.configure(media.codec, media.payloadType, media.ptimeMs);
    const payloadTypes = [...this.#decoders.keys(), COMFORT_NOISE];
    if (media.telephoneEventPayloadType !== undefined) payloadTypes.push(media.telephoneEventPayloadType);
    this.#latch.signal(
      { address: media.remoteAddress, port: media.remotePort },
      media.remoteRtcpPort,
      payloadTypes,
    );
  }

  #receive(bytes: Uint8Array, address: string, port: number): void {
    const media = this.#media;
    const header = this.#header;
    if (media === undefined || this.#closing !== undefined || parseRtp(bytes, header) !== 'ok') return;
    const decode = this.#decoders.get(header.payloadType);
    const isEvent = header.payloadType === media.telephoneEventPayloadType;
    if (decode === undefined && !isEvent && header.payloadType !== COMFORT_NOISE) return;
    const nowMs = this.#clock.monotonic();
    if (!this.#latch.admit(address, port, header, nowMs)) return;
    if (decode !== undefined) {
      this.#timeline.push(header, bytes, decode, nowMs);
      return;
    }
    this.#timeline.observe(header);
    if (!isEvent) return;
    for (const signal of this.#events.push(header, bytes, nowMs)) {
      if (signal.kind === 'start') {
        this.#pressed(signal.digit, 0, 'rfc4733', this.#timeline.positionAt(signal.timestamp));
      }
    }
  }

  /** A key counts at its place on the timeline, which the live head may not have reached yet, or passed. */
  #pressed(digit: string, durationMs: number, via: 'rfc4733' | 'info', position: number | undefined): void {
    this.#options.onEvent({ type: 'digit', sessionId: this.sessionId, digit, durationMs, via });
    if (this.#taps.length === 0) return;
    const ahead = (position ?? 0) - this.#timeline.head;
    if (position === undefined || ahead > MAX_DIGIT_AHEAD || ahead < -MAX_DIGIT_BEHIND) {
      for (const tap of [...this.#taps]) tap.digit(digit, 0);
    } else if (ahead <= 0) {
      for (const tap of [...this.#taps]) tap.digit(digit, -ahead);
    } else {
      this.#digits.push({ digit, position });
    }
  }

  /** Lets the recorders hear `count` (≤ one frame) samples from `from` on, with the keys between them. */
  #observe(from: number, count: number, heard: Int16Array): void {
    if (this.#taps.length === 0) {
      this.#digits.length = 0;
      return;
    }
    this.#timeline.copyTo(this.#in, 0, from, count);
    let at = 0;
    while (at < count) {
      const pressed = this.#digits[0];
      const until = pressed === undefined ? count : Math.min(Math.max(pressed.position - from, at), count);
      if (until > at)
        for (let i = this.#taps.length - 1; i >= 0; i--)
          this.#taps[i]!.observe(this.#in, heard, at, until - at);
      at = until;
      if (pressed !== undefined && at < count) {
        this.#digits.shift();
        for (const tap of [...this.#taps]) tap.digit(pressed.digit, 0);
      }
    }
  }

  #writeBehind(): void {
    const until = this.#timeline.availableUntil;
    for (let i = 0; i < this.#taps.length; i++) this.#taps[i]!.write(until);
  }

  /** @returns whether {@link #out} holds something to be heard */
  #fillOut(): boolean {
    const overlay = this.#overlays[0];
    if (overlay === undefined) return this.#player.fill(this.#out, FRAME);
    const count = overlay.tone.read(this.#out, 0, FRAME);
    this.#out.fill(0, count);
    return true;
  }

  #beginAfterBeep(): void {
    const overlay = this.#overlays[0];
    if (overlay === undefined || overlay.tone.remainingSamples > 0) return;
    this.#overlays.shift();
    overlay.tap.begin();
  }

  /** Sends one frame. @returns what the party hears of us in it */
  #send(): Int16Array {
    const media = this.#media;
    const mute =
      media === undefined ||
      media.direction === 'recvonly' ||
      media.direction === 'inactive' ||
      media.remotePort === 0;
    const dialled = this.#dialling[0];
    // Sounds wait while keys are sent in their place; keys wait until the party takes something.
    if (dialled !== undefined && !mute) return this.#dial(dialled, media.telephoneEventPayloadType);
    const sounding = this.#fillOut();
    if (mute) {
      if (media !== undefined) this.#sender.skip(FRAME);
      return SILENCE;
    }
    if (sounding) this.#sender.sendAudio(this.#out, FRAME);
    else this.#sender.sendIdle(FRAME);
    return sounding ? this.#out : SILENCE;
  }

  /** One frame of a string of keys: as events, or as tones to a party that has no telephone-event. */
  #dial(dialled: Dialled, payloadType: number | undefined): Int16Array {
    const { events, tones } = dialled;
    if (payloadType === undefined) {
      const count = tones.read(this.#out, 0, FRAME);
      this.#out.fill(0, count);
      this.#sender.sendAudio(this.#out, FRAME);
      if (tones.remainingSamples === 0) this.#dialledOut(dialled.sendId);
      return this.#out;
    }
    const step = events.step(this.#sender.timestamp);
    if (step === 'packet') {
      this.#sender.sendOther(payloadType, events.marker, events.timestamp, events.payload);
      this.#sender.skip(FRAME);
    } else {
      this.#sender.sendIdle(FRAME);
      if (step === 'done') this.#dialledOut(dialled.sendId);
    }
    return SILENCE;
  }

  #dialledOut(sendId: string): void {
    this.#dialling.shift();
    this.#options.onEvent({ type: 'digitsSent', sessionId: this.sessionId, sendId });
  }

  #sendDigits(sendId: string, digits: string): void {
    try {
      this.#dialling.push({
        sendId,
        events: new DigitSender(digits, { tickMs: TICK_MS }),
        tones: generateDtmf(digits, SAMPLE_RATE),
      });
    } catch (cause) {
      // Checked before it came here; the other sessions of this thread must not fall with it.
      this.#options.log.error({ err: cause }, 'these are no keys');
      this.#options.onEvent({ type: 'digitsSent', sessionId: this.sessionId, sendId });
    }
  }

  #record(spec: RecordSpec): void {
    try {
      if (spec.direction !== 'speak') this.#listen ??= new ListenRing();
      const tap = new RecordingTap(spec, {
        timeline: this.#timeline,
        listen: spec.direction === 'speak' ? undefined : this.#listen,
        sampleRate: SAMPLE_RATE,
        clock: this.#clock,
        onEvent: (from, event) => this.#recorderSaid(from, event),
      });
      this.#taps.push(tap);
      if (spec.beep) this.#overlays.push({ tone: generateTone(RECORD_BEEP, SAMPLE_RATE), tap });
      else tap.begin();
    } catch (cause) {
      const error = cause instanceof Error ? cause.message : String(cause);
      this.#recordEnded(spec.recordingId, failed(error, this.#clock.now()));
    }
  }

  #recorderSaid(tap: RecordingTap, event: RecorderEvent): void {
    const { recordingId } = tap.spec;
    switch (event.type) {
      case 'started':
        this.#options.onEvent({
          type: 'recordStarted',
          sessionId: this.sessionId,
          recordingId,
          startTimeMs: event.startTimeMs,
        });
        return;
      case 'ending':
        this.#forget(tap);
        this.#finishing.add(tap);
        return;
      case 'ended':
        this.#forget(tap);
        this.#finishing.delete(tap);
        this.#recordEnded(recordingId, event.outcome);
        return;
      case 'paused':
      case 'resumed':
        return;
    }
  }

  #forget(tap: RecordingTap): void {
    const at = this.#taps.indexOf(tap);
    if (at >= 0) this.#taps.splice(at, 1);
    const beeping = this.#overlays.findIndex((overlay) => overlay.tap === tap);
    if (beeping >= 0) this.#overlays.splice(beeping, 1);
  }

  #recordEnded(recordingId: string, outcome: RecordOutcome): void {
    this.#options.onEvent({ type: 'recordEnded', sessionId: this.sessionId, recordingId, outcome });
  }

  #tap(recordingId: string): RecordingTap | undefined {
    return this.#taps.find((tap) => tap.spec.recordingId === recordingId);
  }

  #report(nowMs: number): void {
    if (this.#media === undefined || this.#latch.targetPort === 0) return;
    if (!this.#reporter.due(nowMs)) return;
    this.#sendRtcp(this.#reporter.report(nowMs, this.#sender, this.#timeline.ssrc, this.#timeline.reception));
  }

  #sendRtcp(packet: Uint8Array): void {
    const { targetAddress, targetRtcpPort } = this.#latch;
    if (targetRtcpPort !== 0) this.#socket.sendRtcp(packet, 0, packet.length, targetRtcpPort, targetAddress);
  }
}

function failed(error: string, nowMs: number): RecordOutcome {
  return {
    state: 'error',
    endedBy: 'error',
    durationMs: 0,
    byteSize: 0,
    startTimeMs: nowMs,
    endTimeMs: nowMs,
    missingSamples: 0,
    error,
  };
}
