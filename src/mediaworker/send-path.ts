import type { Logger } from '../log/logger.ts';
import { generateDtmf } from '../media/dtmf-tones.ts';
import type { ToneGenerator } from '../media/tones.ts';
import { DigitSender } from '../rtp/digit-sender.ts';
import { frameScratch } from './frame-scratch.ts';
import { PeerAudio } from './peer-audio.ts';
import { Player } from './player.ts';
import type { IdleMedia, MediaEvent, NegotiatedMedia } from './protocol.ts';
import { RtpSender, type SendDatagram } from './rtp-sender.ts';

export interface SendPathOptions {
  readonly sessionId: string;
  /** Hz. */
  readonly sampleRate: number;
  /** Distance of frames, ms. */
  readonly tickMs: number;
  readonly idle: IdleMedia;
  readonly random: () => number;
  readonly log: Logger;
  readonly send: SendDatagram;
  /** Adds what comes from elsewhere to each frame, as it was left when not `sounding`; tells whether it sounds then. */
  readonly mixIn?: ((frame: Int16Array, sounding: boolean) => boolean) | undefined;
  /** Puts the noise of a line into each frame of audio, `sounding` or left over; tells whether it is heard then. */
  readonly addNoise?: ((frame: Int16Array, sounding: boolean) => boolean) | undefined;
  readonly onEvent: (event: MediaEvent) => void;
}

/** Strings of keys that may wait: while the party is on hold, none leaves. */
const MAX_DIALLED = 200;
/** Names keys that the peer has pressed; nobody waits for them. */
const PEER_KEY = 'peer';

/** A string of keys to be sent, in either of two ways. */
interface Dialled {
  readonly sendId: string;
  readonly asTones: boolean;
  readonly events: DigitSender;
  /** What is left of it from where it became tones: it stays tones then, whatever is agreed on meanwhile. */
  tones: ToneGenerator | undefined;
}

/** A tone that takes the place of what plays. */
interface Overlay {
  readonly owner: object;
  readonly tone: ToneGenerator;
  readonly onEnd: () => void;
}

/** What goes out, frame by frame: keys before beeps before sounds before silence; and how it is packed. */
export class SendPath {
  readonly sender: RtpSender;
  readonly #options: SendPathOptions;
  readonly #frame: number;
  /** What is sent in a frame, and a frame in which nothing is heard; other sessions use them, too. */
  readonly #out: Int16Array;
  readonly #silence: Int16Array;
  readonly #dialling: Dialled[] = [];
  readonly #overlays: Overlay[] = [];
  #media: NegotiatedMedia | undefined;
  #player: Player | undefined;
  #peer: PeerAudio | undefined;

  constructor(options: SendPathOptions) {
    const { sampleRate } = options;
    this.#options = options;
    this.#frame = (sampleRate * options.tickMs) / 1000;
    const { sent, silence } = frameScratch(this.#frame);
    this.#out = sent;
    this.#silence = silence;
    this.sender = new RtpSender({
      sampleRate,
      idle: options.idle,
      random: options.random,
      send: options.send,
    });
  }

  /** Made when it is asked for: a call that only records plays nothing. */
  get player(): Player {
    if (this.#player !== undefined) return this.#player;
    const { sessionId, sampleRate, onEvent } = this.#options;
    this.#player = new Player(sampleRate, {
      soundStarted: (playId, index, atMs) =>
        onEvent({ type: 'soundStarted', sessionId, playId, index, atMs }),
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
    return this.#player;
  }

  configure(media: NegotiatedMedia): void {
    this.#media = media;
    const { codec, payloadType, telephoneEventPayloadType, ptimeMs } = media;
    const { otherFormats = [], otherEvents = [] } = media;
    const others = [...otherFormats, ...otherEvents].map((format) => format.payloadType);
    if (telephoneEventPayloadType !== undefined) others.push(telephoneEventPayloadType);
    this.sender.configure(codec, payloadType, ptimeMs, others, media.maxBitrate);
  }

  /** Ends all that plays. */
  stopPlaying(): void {
    this.#player?.stopAll();
  }

  /** Frees what sounds are encoded with. */
  close(): void {
    this.sender.close();
  }

  /** From now on the party hears what {@link hearPeer} brings, beneath what else sounds; or not any more. */
  join(bridged: boolean): void {
    this.#peer = bridged ? new PeerAudio(this.#frame, this.#options.sampleRate) : undefined;
  }

  /** @param sampleRate of `samples`, Hz */
  hearPeer(samples: Int16Array, count: number, sampleRate: number): void {
    this.#peer?.push(samples, count, sampleRate);
  }

  /** Plays a tone in the place of the sounds, behind those of other owners; see {@link endOverlay}. */
  overlay(owner: object, tone: ToneGenerator, onEnd: () => void): void {
    this.#overlays.push({ owner, tone, onEnd });
  }

  /** Takes an owner's tone away, without its end. */
  dropOverlay(owner: object): void {
    const at = this.#overlays.findIndex((overlay) => overlay.owner === owner);
    if (at >= 0) this.#overlays.splice(at, 1);
  }

  /**
   * Takes the present tone away when all of it is sent.
   * @returns what is to be called when everybody has heard it
   */
  endOverlay(): (() => void) | undefined {
    const overlay = this.#overlays[0];
    if (overlay === undefined || overlay.tone.remainingSamples > 0) return undefined;
    this.#overlays.shift();
    return overlay.onEnd;
  }

  /**
   * Queues keys (protocol.ts `sendDigits`) behind those that are being sent.
   * @param asTones also to a party that takes telephone-events
   */
  sendDigits(sendId: string, digits: string, asTones = false): void {
    if (this.#dialling.length >= MAX_DIALLED) {
      this.#options.log.warn({ send_id: sendId }, `keys are not sent: ${MAX_DIALLED} others wait for that`);
      this.#digitsSent(sendId, `${MAX_DIALLED} others wait to be sent`);
      return;
    }
    try {
      this.#dialling.push({
        sendId,
        asTones,
        events: new DigitSender(digits, { tickMs: this.#options.tickMs }),
        tones: undefined,
      });
    } catch (cause) {
      // Checked before it came here; the other sessions of this thread must not fall with it.
      this.#options.log.error({ err: cause }, 'these are no keys');
      this.#digitsSent(sendId, 'these are no keys');
    }
  }

  /** Queues a key of the peer, which is left out if the two are parted before its turn. */
  pressPeer(digit: string): void {
    this.sendDigits(PEER_KEY, digit);
  }

  /** Of those keys, the one that is down is the last; they are told as sent when it is up. */
  stopDigits(sendId: string): void {
    const at = this.#dialling.findIndex((dialled) => dialled.sendId === sendId);
    const dialled = this.#dialling[at];
    if (dialled === undefined) return;
    if (at === 0 && dialled.tones === undefined && dialled.events.pressing) {
      dialled.events.endWithThis();
      return;
    }
    this.#dialling.splice(at, 1);
    this.#digitsSent(sendId);
  }

  /** Nothing sounds, is keyed or beeped, nor comes from a peer, and only a call of this path changes that. */
  get isIdle(): boolean {
    return (
      this.#player?.active !== true &&
      this.#dialling.length === 0 &&
      this.#overlays.length === 0 &&
      this.#peer === undefined &&
      this.#options.addNoise === undefined
    );
  }

  /** A packet leaves in each frame even while it {@link isIdle}. */
  get sendsIdle(): boolean {
    return this.#options.idle === 'silence' && !this.#isMute;
  }

  /** As {@link tick}, while it {@link isIdle}. */
  sendIdle(): void {
    if (!this.#isMute) this.sender.sendIdle(this.#frame);
    else if (this.#media !== undefined) this.#hold(this.#media);
  }

  /** One frame without media. Nor does a stream that is switched off get keepalives: nobody is there any more. */
  #hold({ remotePort }: NegotiatedMedia): void {
    if (remotePort === 0) this.sender.skip(this.#frame);
    else this.sender.hold(this.#frame);
  }

  get #isMute(): boolean {
    const media = this.#media;
    return (
      media === undefined ||
      media.direction === 'recvonly' ||
      media.direction === 'inactive' ||
      media.remotePort === 0
    );
  }

  /** Sends one frame. @returns what the party hears of us in it; valid until the next call */
  tick(): Int16Array {
    const media = this.#media;
    const mute = this.#isMute;
    const dialled = this.#nextDialled();
    // Sounds wait while keys are sent in their place; keys wait until the party takes something.
    if (dialled !== undefined && media !== undefined && !mute) {
      // The peer speaks on meanwhile.
      this.#peer?.skip();
      return this.#dial(dialled, dialled.asTones ? undefined : media.telephoneEventPayloadType);
    }
    const sounding = this.#fillOut();
    if (mute) {
      if (media !== undefined) this.#hold(media);
      return this.#silence;
    }
    if (sounding) this.sender.sendAudio(this.#out, this.#frame);
    else this.sender.sendIdle(this.#frame);
    return sounding ? this.#out : this.#silence;
  }

  /**
   * Keys of a peer that have not begun when the two are parted are nobody's: what sounds next would wait for them, and a
   * party that was on hold would get them then. Not before a frame is due: one bridge may take the place of another.
   */
  #nextDialled(): Dialled | undefined {
    for (;;) {
      const dialled = this.#dialling[0];
      if (dialled === undefined || dialled.sendId !== PEER_KEY || this.#peer !== undefined) return dialled;
      if (dialled.tones !== undefined || dialled.events.rest === '') return dialled;
      this.#dialledOut(PEER_KEY);
    }
  }

  /** @returns whether {@link #out} holds something to be heard */
  #fillOut(): boolean {
    const overlay = this.#overlays[0];
    let sounding = true;
    if (overlay === undefined) sounding = this.#player?.fill(this.#out, this.#frame) === true;
    else this.#fillWithTone(overlay.tone);
    sounding = this.#peer?.mixInto(this.#out, sounding) ?? sounding;
    sounding = this.#options.mixIn?.(this.#out, sounding) ?? sounding;
    return this.#options.addNoise?.(this.#out, sounding) ?? sounding;
  }

  #fillWithTone(tone: ToneGenerator): void {
    const count = tone.read(this.#out, 0, this.#frame);
    this.#out.fill(0, count);
  }

  /** One frame of a string of keys: as events, or as tones to a party that has no telephone-event. */
  #dial(dialled: Dialled, payloadType: number | undefined): Int16Array {
    const { events } = dialled;
    if (payloadType === undefined || dialled.tones !== undefined) {
      // What has left as events does not come again.
      const tones = dialled.tones ?? generateDtmf(events.rest, this.#options.sampleRate);
      dialled.tones = tones;
      this.#fillWithTone(tones);
      this.sender.sendAudio(this.#out, this.#frame);
      if (tones.remainingSamples === 0) this.#dialledOut(dialled.sendId);
      return this.#out;
    }
    // Keys that waited are of the codec of now, whatever was agreed on when they were asked for.
    const step = events.step(this.sender.timestamp, this.#media?.telephoneEventClockRate);
    if (step === 'packet') {
      this.sender.sendOther(payloadType, events.marker, events.timestamp, events.payload);
      this.sender.skip(this.#frame);
    } else {
      this.sender.sendIdle(this.#frame);
      if (step === 'done') this.#dialledOut(dialled.sendId);
    }
    return this.#silence;
  }

  #dialledOut(sendId: string): void {
    this.#dialling.shift();
    this.#digitsSent(sendId);
  }

  #digitsSent(sendId: string, error?: string): void {
    const { sessionId, onEvent } = this.#options;
    onEvent({ type: 'digitsSent', sessionId, sendId, ...(error !== undefined && { error }) });
  }
}
